"""Images and artifacts of every kind, each through three clients on three nodes: all get what the origin has, once sent."""

import json

from simulations.cluster.containerd import Containerd, why_not_containerd
from simulations.cluster.images import INDEX
from simulations.cluster.podman import Containers
from simulations.cluster.puller import Pull

from .case import NAME, Case, Puller
from .library import REPOSITORY


class ThreeNodes(Case):
    def setUp(self):
        super().setUp()
        _, self.nodes = self.cluster(3)

    def through_every_client(self, tag, image):
        self.through_the_puller(self.nodes[0], tag, image)
        self.through_skopeo(self.nodes[1], tag, image)
        self.through_containerd(self.nodes[2], tag, image)
        self.assert_asked_once(image)

    def through_the_puller(self, agent, tag, image):
        self.assert_pulled(self.pull(agent, tag), image)

    def through_skopeo(self, agent, tag, image):
        containers = Containers(self.workspace)
        directory = self.workspace.directory("copied")
        code, said = containers.skopeo_copy(f"{agent.registry.authority}/{NAME}/{REPOSITORY}:{tag}", directory)
        self.assertEqual(code, 0, said)
        self.assert_copied(directory, image)

    def through_containerd(self, agent, tag, image):
        """Pulled and unpacked: containerd itself checks each layer and what it holds uncompressed."""
        if why_not_containerd():
            return
        containerd = Containerd(self.workspace, self.place("runtime"))
        hosts = containerd.hosts_directory(self.origin.authority, self.origin.endpoint.url, agent.registry.url)
        name = f"{self.origin.authority}/{REPOSITORY}:{tag}"
        pull = containerd.start_pull(name, hosts)
        self.assertEqual(pull.wait(60), 0, pull.log_tail())
        for digest in image.blobs:
            self.assertTrue(containerd.holds(digest), digest)
        self.assertEqual(containerd.image_id(image.digest), image.id)

    def fetched_by_containerd(self, agent, tag, image):
        """Into its content store: what cannot be unpacked because it is no root file system."""
        if why_not_containerd():
            return
        containerd = Containerd(self.workspace, self.place("runtime"))
        hosts = containerd.hosts_directory(self.origin.authority, self.origin.endpoint.url, agent.registry.url)
        code, said = containerd.fetch(f"{self.origin.authority}/{REPOSITORY}:{tag}", hosts, 60)
        self.assertEqual(code, 0, said)
        for digest in image.blobs:
            self.assertTrue(containerd.holds(digest), digest)


class Kinds(ThreeNodes):
    def test_gzip_zstd_and_plain_layers_arrive_through_every_client(self):
        self.through_every_client("compressions", self.library.every_compression())

    def test_forty_layers_arrive_through_every_client(self):
        self.through_every_client("forty", self.library.forty_layers())

    def test_dockers_own_media_types_arrive_through_every_client(self):
        self.through_every_client("docker", self.library.docker_types())

    def test_empty_layers_arrive_through_every_client(self):
        self.through_every_client("empty", self.library.empty_layers())

    def test_a_layer_of_no_bytes_arrives(self):
        """containerd refuses a descriptor of size 0 before it asks anybody."""
        image = self.library.layer_of_no_bytes()
        self.assertIn(0, image.blobs.values())
        self.through_the_puller(self.nodes[0], "no-bytes", image)
        self.through_skopeo(self.nodes[1], "no-bytes", image)

    def test_an_artifact_with_the_empty_config_arrives_through_every_client(self):
        artifact = self.library.artifact()
        self.assertEqual(artifact.config, b"{}")
        self.through_the_puller(self.nodes[0], "artifact", artifact)
        self.through_skopeo(self.nodes[1], "artifact", artifact)
        self.fetched_by_containerd(self.nodes[2], "artifact", artifact)
        self.assert_asked_once(artifact)

    def test_a_referrer_arrives_with_its_subject(self):
        referrer, subject = self.library.referrer(), self.library.small()
        named = json.loads(referrer.manifest)["subject"]
        self.assertEqual((named["digest"], named["size"]), (subject.digest, len(subject.manifest)))
        self.through_the_puller(self.nodes[0], "referrer", referrer)
        self.through_skopeo(self.nodes[1], "referrer", referrer)
        self.fetched_by_containerd(self.nodes[2], "referrer", referrer)
        for agent in self.nodes:
            self.assert_pulled(self.pull(agent, named["digest"]), subject)

    def test_layers_named_by_sha512_arrive(self):
        """containerd 1.6 and skopeo 1.9 name whatever they store by SHA-256 and refuse these from the origin too."""
        image = self.library.sha512()
        for agent in self.nodes:
            self.through_the_puller(agent, "sha512", image)
        self.assert_asked_once(image)

    def test_each_platform_of_an_index_arrives_as_itself(self):
        self.library.index()
        amd64, arm64 = (self.library.image(name) for name in ("amd64", "arm64"))
        for agent in self.nodes[:2]:
            head = agent.registry.request("HEAD", f"/v2/{REPOSITORY}/manifests/index?ns={NAME}",
                                          headers={"Accept": INDEX})
            self.assertEqual(head.headers["Content-Type"], INDEX)
            for image in (amd64, arm64):
                pull = Pull(agent.registry, NAME, REPOSITORY, "index", platform=image.architecture).run()
                self.assert_pulled(pull, image)
        self.through_containerd(self.nodes[2], "index", amd64)
        self.through_skopeo(self.nodes[2], "index", amd64)


class Huge(ThreeNodes):
    limit_seconds = 600
    nightly = "clients"

    def test_a_layer_of_2_gib_arrives_on_every_node_and_leaves_the_origin_once(self):
        image = self.library.huge()
        pullers = [Puller(self, agent, "huge") for agent in self.nodes[:2]]
        for puller in pullers:
            self.assert_pulled(puller.result(300), image)
        self.fetched_by_containerd(self.nodes[2], "huge", image)
        self.assert_asked_once(image)
