"""Private images of which only the runtime has a credential: nothing is configured in Shoal, and the origin's answers
reach the runtime as they are; with a tracker and without one."""

import concurrent.futures
import crypt
import json
import os

from simulations.cluster.containerd import Containerd, why_not_containerd
from simulations.cluster.cri import CallFailed, ImageService, why_not_cri
from simulations.cluster.images import MANIFEST, digest_of
from simulations.cluster.network import Namespaces, why_not_namespaces
from simulations.cluster.podman import Podman, why_not_podman
from simulations.cluster.processes import wait_until
from simulations.cluster.registry import Registry
from simulations.cluster.shoal import Agent
from simulations.cluster.web import Endpoint

from .case import NAME, Case
from .clients import ClientCase
from .containerd_test import ThroughContainerd
from .library import REPOSITORY
from .podman_test import Mirrored
from .private_origin import PASSWORD, USER, Login, PrivateOrigin, basic

_REGISTRY = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: "{root}"}}}}
http: {{addr: "{authority}"}}
log: {{level: info, formatter: json, accesslog: {{disabled: true}}}}
auth: {{htpasswd: {{realm: "private \\"quoted\\"", path: "{passwords}"}}}}
"""


class HtpasswdRegistry(Registry):
    """docker-registry with the shared one's images, for USER alone."""

    def __init__(self, workspace, place, shared):  # pylint: disable=super-init-not-called
        self._skip_lines = 0
        self.endpoint = Endpoint(place, place.address, place.free_port())
        secret = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
        config = _REGISTRY.format(root=shared.root, authority=self.endpoint.authority,
                                  passwords=workspace.file("passwords", f"{USER}:{secret}\n"))
        self.process = workspace.start("private-registry",
                                       ["docker-registry", "serve", workspace.file("private-registry.yml", config)], place)
        wait_until(self._answers, 20, "the private docker-registry answers")

    def _answers(self):
        try:
            return self.endpoint.get("/v2/").status == 401
        except OSError:
            return False

    def copies(self, image):
        """How often each blob was sent, as the registry logged it."""
        sent = [request.blob for request in self.requests() if request.method == "GET" and request.status == 200]
        return {digest: sent.count(digest) for digest in image.blobs}


def alone_and_with_tracker(case, url):
    """Two agents, of which one has a tracker."""
    alone = Agent(case.workspace, case.programs, case.place("alone"), case.upstreams(url)).start()
    return alone, *case.agents(1, [case.tracker(url)], url)


class SameAnswers(Case):
    """The same question has the same answer with a tracker, without one, and at the origin."""

    def setUp(self):
        super().setUp()
        self.image = self.library.small()
        self.private = PrivateOrigin(self.workspace, self.origin)
        self.origin_itself = Endpoint(self.place("client"), *self._address(self.private.authority))

    @staticmethod
    def _address(authority):
        host, _, port = authority.rpartition(":")
        return host, int(port)

    def questions(self):
        """(method, path behind /v2/, headers)"""
        layer = self.image.layers[0].digest
        missing = digest_of(b"no such layer")
        types = {"Accept": MANIFEST}
        return [(method, f"{REPOSITORY}/{path}", headers) for method in ("GET", "HEAD") for path, headers in (
            ("manifests/small", types), (f"manifests/{self.image.digest}", types), (f"blobs/{layer}", {}),
            (f"blobs/{missing}", {}), (f"manifests/{missing}", types), ("manifests/no-such-tag", types))
        ] + [("GET", f"{REPOSITORY}/tags/list", {}), ("GET", f"{REPOSITORY}/blobs/{layer}", {"Range": "bytes=1-4"}),
             ("GET", "", {}), ("HEAD", "", {})]

    @staticmethod
    def said(answer):
        """What of an answer a caller acts on."""
        code = None
        if answer.status in (401, 403, 404) and answer.body:
            code = json.loads(answer.body)["errors"][0]["code"]
        return answer.status, answer.headers.get_all("WWW-Authenticate"), code

    def test_each_caller_hears_the_origins_own_answer_with_a_tracker_and_without_one(self):
        alone, with_tracker = alone_and_with_tracker(self, self.private.url)
        for credential in (None, basic(password="wrong"), basic("other"), basic()):
            shown = {"Authorization": credential} if credential else {}
            for method, path, headers in self.questions():
                expected = self.said(self.origin_itself.request(method, f"/v2/{path}", None, {**headers, **shown}))
                for agent in (alone, with_tracker):
                    with self.subTest(method=method, path=path, credential=credential, agent=agent.name):
                        answer = agent.registry.request(method, f"/v2/{path}?ns={NAME}", None, {**headers, **shown})
                        self.assertEqual(self.said(answer), expected)

    def test_a_limited_caller_is_told_when_to_come_back_and_never_429(self):
        for agent in alone_and_with_tracker(self, self.private.url):
            for path in (f"manifests/{self.image.digest}", f"blobs/{self.image.layers[0].digest}", "manifests/small"):
                answer = agent.registry.get(f"/v2/{REPOSITORY}/{path}?ns={NAME}",
                                            {"Accept": MANIFEST, "Authorization": basic("busy")})
                self.assertEqual(answer.status, 503, path)
                self.assertTrue(0 < int(answer.headers["Retry-After"]) < 70, path)  # the nodes come back spread

    def test_what_this_node_or_another_holds_goes_to_whom_the_origin_lets_in_alone(self):
        tracker = self.tracker(self.private.url)
        first, second = self.agents(2, [tracker], self.private.url)
        path = self.blob_path(self.image.layers[0].digest, NAME)
        self.assertEqual([agent.registry.get(path).status for agent in (first, second)], [401, 401])
        self.assertEqual(first.registry.get(path, {"Authorization": basic()}).status, 200)
        self.wait_until_idle(first, tracker)
        self.assertEqual([agent.registry.get(path).status for agent in (first, second)], [401, 401])
        entitled = [agent.registry.get(path, {"Authorization": basic()}).status for agent in (first, second)]
        self.assertEqual(entitled, [200, 200])
        self.assertEqual(self.private.gets(self.image.layers[0].digest), 1)


class ThreeNodes(Case):
    """At once, each with its caller's credential."""

    def assert_one_copy(self, url, copies, image):
        self.running_tracker = tracker = self.tracker(url)
        agents = self.agents(3, [tracker], url)
        callers = [Login(agent.registry, NAME) for agent in agents]

        def pull(caller):
            paths = [f"/v2/{REPOSITORY}/manifests/{image.digest}", *(f"/v2/{REPOSITORY}/blobs/{each}" for each in image.blobs)]
            for path in paths:
                answer = caller.get(path, {"Accept": MANIFEST})
                self.assertEqual((answer.status, digest_of(answer.body)), (200, path.rpartition("/")[2]))

        with concurrent.futures.ThreadPoolExecutor(len(callers)) as pool:
            for done in [pool.submit(pull, caller) for caller in callers]:
                done.result()
        wait_until(lambda: sum(copies().values()) >= len(image.blobs), 10, "the origin has logged the pulls")
        self.assertEqual(copies(), {digest: 1 for digest in image.blobs})


class OneCopy(ThreeNodes):
    """On one machine: the tracker is shown the credentials."""

    def test_three_nodes_at_once_cost_a_docker_registry_with_htpasswd_one_copy(self):
        image = self.library.medium()
        private = HtpasswdRegistry(self.workspace, self.place("private"), self.origin)
        self.assert_one_copy(private.endpoint.url, lambda: private.copies(image), image)
        self.assertEqual(self.running_tracker.metrics()["shoal_tracker_own_fetches_total"], 0)

    def test_three_nodes_at_once_cost_a_registry_with_a_token_server_one_copy(self):
        image = self.library.medium()
        private = PrivateOrigin(self.workspace, self.origin, tokens=True)
        self.assert_one_copy(private.url, lambda: private.copies(image), image)

    def test_no_credential_of_a_caller_is_written_anywhere(self):
        image = self.library.small()
        private = PrivateOrigin(self.workspace, self.origin)
        self.assert_one_copy(private.url, lambda: private.copies(image), image)
        secret = basic().removeprefix("Basic ").encode()
        for directory, _, files in os.walk(self.workspace.path):
            for name in files:
                with open(os.path.join(directory, name), "rb") as file:
                    self.assertNotIn(secret, file.read(), name)


class OneCopyOverANetwork(ThreeNodes):
    """Each node in a network namespace: no credential leaves one, and one agent fetches for the others."""

    def setUp(self):
        super().setUp()
        if reason := why_not_namespaces():
            self.skipTest(f"no network namespaces here: {reason}")
        self.image = self.library.medium()
        self.network = Namespaces()
        self.addCleanup(self.network.close)
        self.addCleanup(self._end_programs)

    def place(self, name):
        return self.network.add(name, None)

    def test_three_nodes_at_once_cost_a_docker_registry_with_htpasswd_one_copy(self):
        private = HtpasswdRegistry(self.workspace, self.place("origin"), self.origin)
        self.assert_one_copy(private.endpoint.url, lambda: private.copies(self.image), self.image)
        self.assertGreaterEqual(self.running_tracker.metrics()["shoal_tracker_own_fetches_total"], len(self.image.blobs))


class Lengthless(Mirrored):
    """An origin whose bodies come in chunks, without a length, as many proxies send them."""

    def assert_copies(self, agent, image, origin):
        self.mirrored(agent)
        directory = self.workspace.directory(f"copied-{agent.name}")
        code, said = self.containers.skopeo_copy(self.image_name("medium"), directory)
        self.assertEqual(code, 0, said)
        self.assert_copied(directory, image)
        self.assert_nothing_from_the_origin()
        self.assertEqual(origin.copies(image), {digest: 1 for digest in image.blobs})

    def test_skopeo_copies_an_image_in_chunks_through_an_agent_alone(self):
        image = self.library.medium()
        origin = PrivateOrigin(self.workspace, self.origin, lengths=False, private=False)
        self.assert_copies(self.agents(1, [], origin.url)[0], image, origin)

    def test_skopeo_copies_an_image_in_chunks_through_agents_and_a_tracker_for_one_copy(self):
        image = self.library.medium()
        origin = PrivateOrigin(self.workspace, self.origin, lengths=False, private=False)
        for agent in self.agents(2, [self.tracker(origin.url)], origin.url):
            self.assert_copies(agent, image, origin)

    def test_a_blob_and_a_manifest_whose_size_nothing_names_are_read_for_it(self):
        image = self.library.medium()
        origin = PrivateOrigin(self.workspace, self.origin, lengths=False, private=False)
        for agent in alone_and_with_tracker(self, origin.url):
            for path in (f"blobs/{image.layers[0].digest}", f"blobs/{image.layers[1].digest}", f"manifests/{image.digest}"):
                answer = agent.registry.get(f"/v2/{REPOSITORY}/{path}?ns={NAME}", {"Accept": MANIFEST}, 60)
                self.assertEqual((answer.status, digest_of(answer.body)), (200, path.rpartition("/")[2]))


class WithACredentialOfItsOwn(ClientCase):
    """The clients' door is the private origin's, where each would show up that goes past its agent."""

    tokens = False

    def setUp(self):
        super().setUp()
        self.private = PrivateOrigin(self.workspace, self.origin, self.tokens)
        self.door = PrivateOrigin(self.workspace, self.origin, self.tokens)

    def upstreams(self, url=None):
        return {**super().upstreams(self.private.url), self.door.authority: {"url": self.private.url}}

    def assert_nothing_from_the_origin(self):
        self.assertEqual([asked for asked in self.door.requests if asked.path != "/v2/"], [])

    def assert_one_copy(self, image):
        self.assert_nothing_from_the_origin()
        self.assertEqual(self.private.copies(image), {digest: 1 for digest in image.blobs})


class PrivateThroughContainerd(WithACredentialOfItsOwn, ThroughContainerd):
    why_not = staticmethod(why_not_containerd)

    def start_pull(self, containerd, reference):
        return containerd.start_pull(self.image_name(reference), containerd.hosts, f"{USER}:{PASSWORD}")

    def test_ctr_with_a_user_pulls_a_private_image_through_two_agents_for_one_copy(self):
        image = self.library.medium()
        _, agents = self.cluster(2)
        for agent in agents:
            self.assert_pulls(self.containerd(agent), "medium", image)
        self.assert_one_copy(image)

    def test_ctr_without_a_user_is_refused_by_the_agent_as_by_the_origin(self):
        self.library.small()
        _, agents = self.cluster(1)
        containerd = self.containerd(agents[0])
        pull = containerd.start_pull(self.image_name("small"), containerd.hosts)
        self.assertNotEqual(pull.wait(60), 0)


class PrivateThroughContainerdByToken(PrivateThroughContainerd):
    tokens = True


class PrivateThroughCri(WithACredentialOfItsOwn):
    """As a kubelet pulls with an imagePullSecret."""

    @staticmethod
    def why_not():
        return why_not_containerd() or why_not_cri()

    def kubelet(self, agent):
        runtime = Containerd(self.workspace, self.place("runtime"), f"containerd-{agent.name}", cri=True)
        runtime.hosts_directory("_default", None, agent.registry.url)
        return ImageService(runtime.socket)

    def test_pull_image_with_auth_brings_a_private_image_through_two_agents_for_one_copy(self):
        image = self.library.medium()
        _, agents = self.cluster(2)
        for agent in agents:
            self.assertEqual(self.kubelet(agent).pull(self.image_name("medium"), user=(USER, PASSWORD)), image.id)
        self.assert_one_copy(image)

    def test_pull_image_without_auth_is_refused(self):
        self.library.small()
        _, agents = self.cluster(1)
        with self.assertRaisesRegex(CallFailed, "401|authorization"):
            self.kubelet(agents[0]).pull(self.image_name("small"))


class PrivateThroughCriByToken(PrivateThroughCri):
    tokens = True


class PrivateThroughPodman(WithACredentialOfItsOwn, Mirrored):
    """podman asks /v2/ for how to log in, and there it names no registry: the default says which."""

    why_not = staticmethod(why_not_podman)

    def test_podman_with_a_login_at_its_mirror_pulls_a_private_image_through_two_agents_for_one_copy(self):
        image = self.library.medium()
        podman = Podman(self.workspace, self.containers)
        tracker = self.tracker()
        for agent in self.agents(2, [tracker], settings={"registry": {"default_upstream": NAME}}):
            self.mirrored(agent)
            self.containers.log_in(agent.registry.authority, USER, PASSWORD)
            pull = podman.start_pull(self.image_name("medium"))
            self.assertEqual(pull.wait(60), 0, pull.log_tail())
            self.assertEqual("sha256:" + pull.log().split()[-1], image.id)
            podman.remove(self.image_name("medium"))
        self.assert_one_copy(image)
