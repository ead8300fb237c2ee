"""Real clients pull a private image through two agents: the second node has its layers from the first, and who comes without
the secret has nothing on either. Each client has a root of its own, so that nothing comes from a cache of the client's."""

from simulations.cluster.containerd import Containerd, why_not_containerd
from simulations.cluster.cri import CallFailed, ImageService, why_not_cri
from simulations.cluster.podman import Containers, Podman, why_not_podman

from .case import NAME
from .private_origin import PASSWORD, USER
from .private_test import WithACredentialOfItsOwn


class Secretive(WithACredentialOfItsOwn):
    """`pulls(agent, user, reference)`: whether a client with nothing of before brings the image, and whether it has a layer of
    it. By digest no tag is resolved, which would be asked of the origin in any case."""

    def pulls(self, agent, user, reference):
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.image = self.library.medium()
        self.clients = 0

    def runtime(self, agent, **more):
        self.clients += 1
        runtime = Containerd(self.workspace, self.place("runtime"), f"containerd-{self.clients}", **more)
        runtime.hosts_directory(self.door.authority, self.door.url, agent.registry.url)
        return runtime

    def start(self):
        self.running_tracker = self.tracker()
        return self.agents(2, [self.running_tracker], settings={"registry": {"default_upstream": NAME}})

    def has_layers(self, runtime):
        return any(runtime.holds(digest) for digest in self.image.blobs)

    def assert_second_from_the_first(self, first, second):
        self.assert_one_copy(self.image)
        received = second.received()
        self.assertEqual(received["origin"], 0, received)
        self.assertGreater(received["peers"] + received["seeder"] + received["small"], self.image.layers[0].size, received)

    def assert_refused(self, agent, *situation):
        for user in ((), (USER, "guessed")):
            for reference in ("medium", self.image.digest):
                self.assertEqual(self.pulls(agent, user, reference), (False, False), (*situation, agent.name, user, reference))

    def assert_matrix(self):
        first, second = self.start()
        for agent in (first, second):
            self.assert_refused(agent, "nobody has pulled yet")
        for agent, reference in ((first, "medium"), (second, self.image.digest)):
            self.assertEqual(self.pulls(agent, (USER, PASSWORD), reference), (True, True), agent.name)
            self.wait_until_idle(agent, self.running_tracker)
            for other in (first, second):
                self.assert_refused(other, agent.name, "has pulled")
        self.assert_second_from_the_first(first, second)
        self.assertEqual([each for each in self.door.requests if each.status == 200 and each.path != "/v2/"], [])

    def assert_one_copy(self, image):
        """The refused ones did go on to the origin, where they had nothing either."""
        self.assertEqual(self.private.copies(image), {digest: 1 for digest in image.blobs})


class Ctr(Secretive):
    why_not = staticmethod(why_not_containerd)

    def pulls(self, agent, user, reference):
        runtime = self.runtime(agent)
        pull = runtime.start_pull(self.image_name(reference), runtime.hosts, ":".join(user) if user else None)
        done = pull.wait(60) == 0
        layers = self.has_layers(runtime)
        runtime.process.end()
        return done, layers

    def test_ctr_with_the_secret_shares_between_nodes_and_without_it_has_nothing(self):
        self.assert_matrix()


class CtrByToken(Ctr):
    nightly = "clients"
    tokens = True


class Cri(Secretive):
    """As a kubelet pulls, with an imagePullSecret and without one."""

    @staticmethod
    def why_not():
        return why_not_containerd() or why_not_cri()

    def pulls(self, agent, user, reference):
        runtime = self.runtime(agent, cri=True)
        try:
            done = ImageService(runtime.socket).pull(self.image_name(reference), user=user) == self.image.id
        except CallFailed as refused:
            self.assertRegex(str(refused), "401|403|authoriz|denied")
            done = False
        layers = self.has_layers(runtime)
        runtime.process.end()
        return done, layers

    def test_a_pod_with_the_secret_shares_between_nodes_and_one_without_it_has_nothing(self):
        self.assert_matrix()


class CriByToken(Cri):
    nightly = "clients"
    tokens = True


class PodmanWithAFile(Secretive):
    """An auth file names the mirror, as podman wants it."""

    why_not = staticmethod(why_not_podman)

    def image_name(self, reference):
        return super().image_name(reference).replace(self.door.authority, NAME)

    def pulls(self, agent, user, reference):
        self.clients += 1
        containers = Containers(self.workspace, f"containers-{self.clients}")
        containers.mirrors(NAME, self.door.authority, f"{agent.registry.authority}/{NAME}")
        if user:
            containers.log_in(agent.registry.authority, *user)
        podman = Podman(self.workspace, containers, f"podman-{self.clients}")
        pull = podman.start_pull(self.image_name(reference))
        done = pull.wait(60) == 0
        return done, podman.image(self.image_name(reference)) is not None

    def test_podman_with_an_auth_file_shares_between_nodes_and_without_it_has_nothing(self):
        self.assert_matrix()
