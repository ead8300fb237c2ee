"""containerd's CRI plugin pulls through agents, asked over its gRPC socket as a kubelet asks it."""

from simulations.cluster.containerd import Containerd, why_not_containerd, why_not_runc
from simulations.cluster.cri import CallFailed, ImageService, decode, encode, why_not_cri

from .case import Case
from .clients import ClientCase
from .faulty_origin import FaultyOrigin
from .library import GREETING


class CriPulls(ClientCase):
    @staticmethod
    def why_not():
        return why_not_containerd() or why_not_cri()

    def kubelet(self, agent):
        """A containerd with its CRI plugin and the agent as the mirror of every registry; its image service."""
        runtime = Containerd(self.workspace, self.place("runtime"), f"containerd-{agent.name}", cri=True)
        runtime.hosts_directory("_default", None, agent.registry.url)
        return runtime, ImageService(runtime.socket)

    def assert_pulls(self, images, reference, image):
        """The id that PullImage returns, and all that ImageStatus says of it."""
        name = self.image_name(reference)
        self.assertEqual(images.pull(name), image.id)
        status = images.status(name)
        self.assertEqual(status.id, image.id)
        self.assertEqual(status.digests, (f"{self.repository}@{image.digest}",))
        return status

    @property
    def repository(self):
        return self.image_name("x").rpartition(":")[0]

    def test_pull_image_gives_the_id_digests_and_size_of_a_direct_pull(self):
        image = self.library.every_compression()
        _, agents = self.cluster(1)
        runtime, images = self.kubelet(agents[0])
        through = self.assert_pulls(images, "compressions", image)
        self.assertEqual(through.tags, (self.image_name("compressions"),))
        self.assert_all_from_the_cluster(image)
        images.remove(self.image_name("compressions"))
        self.assertIsNone(images.status(self.image_name("compressions")))
        runtime.hosts_directory("_default", None)
        self.assertEqual(self.assert_pulls(images, "compressions", image), through)
        self.assert_all_from_the_origin(image)

    def test_pull_image_by_digest_on_two_nodes_asks_the_origin_once(self):
        image = self.library.medium()
        _, agents = self.cluster(2)
        for agent in agents:
            self.assertEqual(self.assert_pulls(self.kubelet(agent)[1], image.digest, image).tags, ())
        self.assert_all_from_the_cluster(image)

    def test_pull_image_takes_forty_layers_empty_layers_and_its_platform_of_an_index(self):
        _, agents = self.cluster(1)
        _, images = self.kubelet(agents[0])
        for tag, image in (("forty", self.library.forty_layers()), ("empty", self.library.empty_layers()),
                           ("index", self.library.index())):
            self.assertEqual(images.pull(self.image_name(tag)), image.id)
        self.assert_nothing_from_the_origin()

    def test_an_image_pulled_over_cri_runs_with_runc(self):
        if why_not_runc():
            self.skipTest(why_not_runc())
        image = self.library.runnable()
        _, agents = self.cluster(1)
        runtime, images = self.kubelet(agents[0])
        self.assert_pulls(images, "runnable", image)
        self.assert_all_from_the_cluster(image)
        self.assertEqual(runtime.run(self.image_name("runnable")), (0, GREETING))

    def test_pull_image_of_an_unknown_tag_fails_as_at_the_origin(self):
        self.library.small()
        _, agents = self.cluster(1)
        runtime, images = self.kubelet(agents[0])
        said = []
        for mirrors in ((agents[0].registry.url,), ()):
            runtime.hosts_directory("_default", None, *mirrors)
            with self.assertRaises(CallFailed) as caught:
                images.pull(self.image_name("no-such-tag"))
            said.append(str(caught.exception))
        self.assertEqual(said[0], said[1])
        self.assertTrue(said[0].startswith("NOT_FOUND"), said[0])

    def test_pull_image_goes_to_the_origin_when_the_mirror_is_down(self):
        image = self.library.small()
        _, agents = self.cluster(1)
        runtime, images = self.kubelet(agents[0])
        runtime.hosts_directory("_default", None, self.unused_url())
        self.assert_pulls(images, "small", image)
        self.assert_all_from_the_origin(image)

    def test_pull_image_by_digest_works_when_the_origin_is_down_after_warm_up(self):
        image = self.library.medium()
        gate = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        _, agents = self.cluster(2, gate.url)
        self.assert_pulls(self.kubelet(agents[0])[1], image.digest, image)
        gate.close()
        self.door.close()
        self.assert_pulls(self.kubelet(agents[1])[1], image.digest, image)

    def test_pull_image_survives_an_agent_killed_in_mid_layer_and_restarted(self):
        image = self.library.medium()
        slow = self.slow_origin(image)
        _, agents = self.cluster(1, slow.url)
        runtime, images = self.kubelet(agents[0])
        with self.in_background(images.pull, self.image_name("medium")) as pull:
            self.kill_in_mid_layer(agents[0], image)
            agents[0].start()
            self.assertEqual(pull.result(60), image.id)
        for digest in image.blobs:
            self.assertTrue(runtime.holds(digest), digest)


class Encoding(Case):
    def test_messages_of_the_runtime_interface_are_decoded_as_they_were_encoded(self):
        message = {1: [b"name", b""], 4: [0, 127, 128, 1 << 40], 200: [encode({1: [b"inner"]})]}
        self.assertEqual(decode(encode(message)), message)
        self.assertEqual(encode({1: [150]}), bytes.fromhex("089601"))
        for cut in (b"\x0a", b"\x0a\x05abc", b"\x08\x80"):
            with self.assertRaises(ValueError):
                decode(cut)
