"""dockerd pulls through an agent as its registry mirror: `small:tag` is docker.io/library/small, and the mirror is asked for
library/small without being told of which registry; the agent's default_upstream says that."""

import http.server
import threading

from simulations.cluster.docker import Docker, why_not_docker
from simulations.cluster.images import make_index

from .case import NAME
from .clients import ClientCase
from .faulty_origin import FaultyOrigin
from .library import GREETING

_SETTINGS = {"registry": {"default_upstream": NAME}}


class Outside:
    """The way out of this machine: a proxy that lets nobody through and keeps a list of who wanted to go where."""

    def __init__(self, workspace):
        wanted = self.wanted = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self):
                wanted.append(self.path)
                self.send_error(503)

            do_GET = do_HEAD = do_CONNECT

            def log_message(self, *_):
                """The list says it all."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        workspace.callback(server.server_close)
        workspace.callback(server.shutdown)


class ThroughDocker(ClientCase):
    why_not = staticmethod(why_not_docker)

    def setUp(self):
        super().setUp()
        self.outside = Outside(self.workspace)

    def in_docker_hub(self, tag, image):
        """What `docker pull image:TAG` means."""
        return self.library.also_as("library/image", tag, image)

    def docker(self, mirror, name="docker"):
        return Docker(self.workspace, self.place("runtime"), mirror.registry.url, self.outside.url, name)

    def agents(self, count, trackers, url=None, settings=None):
        return super().agents(count, trackers, url, settings or _SETTINGS)

    def assert_pulls(self, docker, reference, image):
        pull = docker.start_pull(reference)
        self.assertEqual(pull.wait(60), 0, pull.log_tail())
        self.assert_has(docker, reference, image)

    def assert_has(self, docker, reference, image):
        inspected = docker.image(reference)
        self.assertEqual(inspected["Id"], image.id)
        self.assertEqual(inspected["RepoDigests"], [f"image@{image.digest}"])
        self.assertEqual(inspected["RootFS"]["Layers"], [layer.diff_id for layer in image.layers])

    def assert_asked_once_and_nothing_outside(self, image):
        self.assert_asked_once(image)
        self.assertEqual(self.outside.wanted, [])

    def test_docker_pulls_library_names_on_two_nodes_and_the_origin_is_asked_once(self):
        image = self.in_docker_hub("medium", self.library.medium())
        _, agents = self.cluster(2)
        for agent in agents:
            self.assert_pulls(self.docker(agent, f"docker-{agent.name}"), "image:medium", image)
        self.assert_asked_once_and_nothing_outside(image)

    def test_docker_pulls_its_own_media_types_and_has_the_id_of_any_other_client(self):
        image = self.in_docker_hub("docker", self.library.docker_types())
        _, agents = self.cluster(1)
        self.assert_pulls(self.docker(agents[0]), "image:docker", image)
        self.assert_asked_once_and_nothing_outside(image)

    def test_docker_takes_forty_layers_empty_layers_and_its_platform_of_an_index(self):
        images = {"forty": self.library.forty_layers(), "empty": self.library.empty_layers(),
                  "index": self.library.index(), "arm64": self.library.image("arm64")}
        for tag, image in images.items():
            self.in_docker_hub(tag, image)
        self.origin.push_index("library/image", "index", make_index([images["index"], images["arm64"]]))
        _, agents = self.cluster(1)
        docker = self.docker(agents[0])
        for tag in ("forty", "empty", "index"):
            pull = docker.start_pull(f"image:{tag}")
            self.assertEqual(pull.wait(60), 0, pull.log_tail())
            self.assertEqual(docker.image(f"image:{tag}")["Id"], images[tag].id)
        self.assertEqual(self.outside.wanted, [])

    def test_an_image_pulled_by_docker_runs(self):
        image = self.in_docker_hub("runnable", self.library.runnable())
        _, agents = self.cluster(1)
        docker = self.docker(agents[0])
        self.assert_pulls(docker, "image:runnable", image)
        self.assert_asked_once_and_nothing_outside(image)
        self.assertEqual(docker.run("image:runnable"), (0, GREETING))

    def test_docker_asks_docker_hub_itself_when_the_mirror_cannot(self):
        self.in_docker_hub("small", self.library.small())
        docker = self.docker(self.agent_that_answers_errors())
        pull = docker.start_pull("image:small")
        self.assertEqual(pull.wait(60), 1, pull.log_tail())
        self.assertEqual(set(self.outside.wanted), {"registry-1.docker.io:443"})

    def test_docker_asks_docker_hub_itself_when_the_mirror_is_down(self):
        self.in_docker_hub("small", self.library.small())
        _, agents = self.cluster(1)
        docker = self.docker(agents[0])
        agents[0].process.end()
        pull = docker.start_pull("image:small")
        self.assertEqual(pull.wait(60), 1, pull.log_tail())
        self.assertEqual(set(self.outside.wanted), {"registry-1.docker.io:443"})

    def test_docker_goes_on_with_an_agent_that_was_killed_in_mid_layer_and_restarted(self):
        image = self.in_docker_hub("medium", self.library.medium())
        slow = self.slow_origin(image)
        _, agents = self.cluster(1, slow.url)
        docker = self.docker(agents[0])
        pull = docker.start_pull("image:medium")
        self.kill_in_mid_layer(agents[0], image)
        agents[0].start()
        self.assertEqual(pull.wait(60), 0, pull.log_tail())
        self.assert_has(docker, "image:medium", image)

    def test_docker_pulls_by_digest_when_the_origin_is_down_after_warm_up(self):
        image = self.in_docker_hub("medium", self.library.medium())
        gate = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        _, agents = self.cluster(2, gate.url)
        reference = f"image@{image.digest}"
        self.assert_pulls(self.docker(agents[0], "warm"), reference, image)
        gate.close()
        self.assert_pulls(self.docker(agents[1], "cold"), reference, image)
        self.assertEqual(self.outside.wanted, [])

    def test_docker_pulls_a_stale_tag_when_the_origin_is_down_after_warm_up(self):
        image = self.in_docker_hub("small", self.library.small())
        gate = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        docker = self.docker(self.agent_with_stale_tags(gate.url))
        self.assert_pulls(docker, "image:small", image)
        docker.remove("image:small")
        gate.close()
        self.assert_pulls(docker, "image:small", image)
        self.assertEqual(self.outside.wanted, [])
