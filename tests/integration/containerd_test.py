"""Debian's containerd pulls with `ctr` through agents: every shape of hosts.toml, deaths in mid-layer; and the image runs."""

import json

from simulations.cluster.containerd import Containerd, why_not_containerd, why_not_runc
from simulations.cluster.processes import wait_until

from .clients import ClientCase
from .faulty_origin import FaultyOrigin
from .library import GREETING, REPOSITORY


class ThroughContainerd(ClientCase):
    """`ctr images pull --hosts-dir`: the upstream comes as `ns`, and containerd could fall back to the origin itself."""

    why_not = staticmethod(why_not_containerd)

    def containerd(self, agent):
        """Each agent has a containerd of its own, and each containerd its agent as mirror."""
        containerd = Containerd(self.workspace, self.place("runtime"), f"containerd-{agent.name}")
        containerd.hosts_directory(self.door.authority, self.door.url, agent.registry.url)
        return containerd

    def start_pull(self, containerd, reference):
        return containerd.start_pull(self.image_name(reference), containerd.hosts)

    def assert_pulls(self, containerd, reference, image):
        self.assert_ends_right(self.start_pull(containerd, reference), containerd, reference, image)

    def assert_ends_right(self, pull, containerd, reference, image):
        self.assertEqual(pull.wait(90), 0, pull.log_tail())
        for digest in image.blobs:
            self.assertTrue(containerd.holds(digest), digest)
        self.assertEqual(containerd.image_digest(self.image_name(reference)), image.digest)
        self.assertEqual(containerd.image_id(image.digest), image.id)


class CtrPulls(ThroughContainerd):
    def assert_two_nodes_ask_the_origin_once(self, tag, image):
        _, agents = self.cluster(2)
        for agent in agents:
            self.assert_pulls(self.containerd(agent), tag, image)
        self.assert_all_from_the_cluster(image)

    def test_containerd_has_the_same_digest_and_id_as_the_origin_on_two_nodes_for_one_fetch(self):
        self.assert_two_nodes_ask_the_origin_once("medium", self.library.medium())

    def test_containerd_pulls_a_manifest_without_media_type(self):
        self.assert_two_nodes_ask_the_origin_once("untyped", self.library.without_media_type())

    def test_containerd_pulls_its_platform_of_an_index(self):
        image = self.library.index()
        _, agents = self.cluster(1)
        containerd = self.containerd(agents[0])
        pull = self.start_pull(containerd, "index")
        self.assertEqual(pull.wait(90), 0, pull.log_tail())
        index = json.loads(containerd.content(containerd.image_digest(self.image_name("index"))))
        self.assertIn(image.digest, [entry["digest"] for entry in index["manifests"]])
        self.assertEqual(containerd.image_id(image.digest), image.id)

    def test_an_image_pulled_by_containerd_runs_with_runc(self):
        if why_not_runc():
            self.skipTest(why_not_runc())
        image = self.library.runnable()
        _, agents = self.cluster(1)
        containerd = self.containerd(agents[0])
        self.assert_pulls(containerd, "runnable", image)
        self.assert_all_from_the_cluster(image)
        self.assertEqual(containerd.run(self.image_name("runnable")), (0, GREETING))


class HostsToml(ThroughContainerd):
    """The forms that its documentation names. The door's list says what containerd asked the origin itself."""

    def setUp(self):
        super().setUp()
        self.image = self.library.small()
        _, agents = self.cluster(1)
        self.mirror = agents[0].registry.url
        self.runtime = Containerd(self.workspace, self.place("runtime"))

    def pull_with(self, *mirrors, upstream=None, server=None, **more):
        """A right image in the end, whatever the way."""
        self.runtime.hosts_directory(upstream or self.door.authority, server, *mirrors, **more)
        self.assert_pulls(self.runtime, "small", self.image)

    def test_default_hosts_toml_without_a_server_sends_all_of_a_pull_to_the_agent(self):
        self.pull_with(self.mirror, upstream="_default")
        self.assert_all_from_the_cluster(self.image)

    def test_hosts_toml_of_one_registry_sends_all_of_a_pull_to_the_agent(self):
        self.pull_with(self.mirror, server=self.door.url)
        self.assert_all_from_the_cluster(self.image)

    def test_a_mirror_with_pull_only_resolves_tags_at_the_origin_and_gets_the_rest_from_the_agent(self):
        self.pull_with(self.mirror, server=self.door.url, capabilities=("pull",))
        self.assertEqual([(method, path.split("?")[0]) for method, path, _ in self.door.requests],
                         [("HEAD", f"/v2/{REPOSITORY}/manifests/small")])
        self.assert_asked_once(self.image)

    def test_a_mirror_that_is_down_gives_way_to_the_second(self):
        self.pull_with(self.unused_url(), self.mirror, server=self.door.url)
        self.assert_all_from_the_cluster(self.image)

    def test_an_agent_that_answers_errors_gives_way_to_the_second(self):
        self.pull_with(self.agent_that_answers_errors().registry.url, self.mirror, server=self.door.url)
        self.assert_all_from_the_cluster(self.image)

    def test_a_mirror_that_is_down_leaves_the_origin(self):
        self.pull_with(self.unused_url(), server=self.door.url)
        self.assert_all_from_the_origin(self.image)

    def test_an_agent_that_answers_errors_leaves_the_origin(self):
        self.pull_with(self.agent_that_answers_errors().registry.url, upstream="_default")
        self.assert_all_from_the_origin(self.image)


class ContainerdAndDeaths(ThroughContainerd):
    def setUp(self):
        super().setUp()
        self.image = self.library.medium()
        self.slow = self.slow_origin(self.image)

    def test_an_agent_killed_in_mid_layer_leaves_containerd_with_a_right_image(self):
        _, agents = self.cluster(1, self.slow.url)
        containerd = self.containerd(agents[0])
        pull = self.start_pull(containerd, "medium")
        wait_until(lambda: containerd.received_bytes() > self.image.size // 8, 30, "containerd has bytes of the layer")
        self.kill_in_mid_layer(agents[0], self.image)
        self.assert_ends_right(pull, containerd, "medium", self.image)
        resumed = [header for _, path, header in self.door.requests if self.image.layers[0].digest in path]
        self.assertEqual(len(resumed), 1)
        self.assertRegex(resumed[0], r"^bytes=\d+-$")  # only what was missing

    def test_containerd_goes_on_at_its_second_mirror_when_the_first_is_killed_in_mid_layer(self):
        _, agents = self.cluster(2, self.slow.url)
        containerd = self.containerd(agents[0])
        containerd.hosts_directory(self.door.authority, self.door.url, *(agent.registry.url for agent in agents))
        pull = self.start_pull(containerd, "medium")
        self.kill_in_mid_layer(agents[0], self.image)
        self.assert_ends_right(pull, containerd, "medium", self.image)
        self.assert_nothing_from_the_origin()
        self.assertEqual(self.slow.gets(self.image.layers[0].digest), 1)

    def test_an_agent_killed_in_mid_layer_and_restarted_serves_containerd_a_right_image(self):
        _, agents = self.cluster(1, self.slow.url)
        containerd = self.containerd(agents[0])
        pull = self.start_pull(containerd, "medium")
        self.kill_in_mid_layer(agents[0], self.image)
        agents[0].start()
        self.assert_ends_right(pull, containerd, "medium", self.image)
        containerd.remove_images()
        before = len(self.door.requests)
        self.assert_pulls(containerd, "medium", self.image)
        self.assertEqual(self.door.requests[before:], [])

    def test_containerd_pulls_by_digest_on_every_node_when_the_origin_is_down_after_warm_up(self):
        gate = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        _, agents = self.cluster(2, gate.url)
        warm, cold = (self.containerd(agent) for agent in agents)
        self.assert_pulls(warm, self.image.digest, self.image)
        warm.remove_images()
        gate.close()
        self.door.close()
        self.assert_pulls(warm, self.image.digest, self.image)
        self.assert_pulls(cold, self.image.digest, self.image)

    def test_containerd_pulls_a_stale_tag_when_the_origin_is_down_after_warm_up(self):
        gate = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        containerd = self.containerd(self.agent_with_stale_tags(gate.url))
        self.assert_pulls(containerd, "medium", self.image)
        containerd.remove_images()
        gate.close()
        self.door.close()
        self.assert_pulls(containerd, "medium", self.image)
