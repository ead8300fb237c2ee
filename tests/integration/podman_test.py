"""podman and skopeo pull through agents: the mirror's location names the registry, and nothing else tells the agent.

They choose where an image comes from once, at its manifest; a blob that fails after that fails the pull.
"""

from simulations.cluster.images import MANIFEST
from simulations.cluster.podman import Containers, Podman, why_not_podman

from .case import NAME
from .clients import ClientCase
from .faulty_origin import FaultyOrigin, Rule
from .library import REPOSITORY


class Mirrored(ClientCase):
    def setUp(self):
        super().setUp()
        self.containers = Containers(self.workspace)

    def mirrored(self, *agents, which="all"):
        """NAME is at the origin's door, and each agent mirrors it under a path that begins with that name."""
        self.containers.mirrors(NAME, self.door.authority,
                                *(f"{agent.registry.authority}/{NAME}" for agent in agents), which=which)

    def image_name(self, reference):
        return super().image_name(reference).replace(self.door.authority, NAME)

    def paths(self):
        """What the client asked the origin for, the ping left out."""
        return [path.split("?")[0] for _, path, _ in self.door.requests if path != "/v2/"]

    def assert_nothing_from_the_origin(self):
        self.assertEqual(self.paths(), [])


class ThroughPodman(Mirrored):
    why_not = staticmethod(why_not_podman)

    def setUp(self):
        super().setUp()
        self.podman = Podman(self.workspace, self.containers)

    def assert_pulls(self, reference, image):
        self.assert_ends_right(self.podman.start_pull(self.image_name(reference)), reference, image)

    def assert_ends_right(self, pull, reference, image):
        self.assertEqual(pull.wait(60), 0, pull.log_tail())
        self.assertEqual("sha256:" + pull.log().split()[-1], image.id)
        inspected = self.podman.image(self.image_name(reference))
        self.assertEqual("sha256:" + inspected["Id"], image.id)
        self.assertEqual(inspected["Digest"], image.digest)
        self.assertEqual(inspected["RootFS"]["Layers"], [layer.diff_id for layer in image.layers])

    def test_podman_has_the_id_and_digests_of_a_direct_pull(self):
        image = self.library.every_compression()
        _, agents = self.cluster(1)
        seen = []
        for mirrors in (agents, ()):
            self.mirrored(*mirrors)
            self.assert_pulls("compressions", image)
            if mirrors:
                self.assert_all_from_the_cluster(image)
            seen.append(self.podman.image(self.image_name("compressions")))
            self.podman.remove(self.image_name("compressions"))
        self.assert_all_from_the_origin(image)
        for key in ("Id", "Digest", "RepoDigests", "RepoTags", "RootFS", "Config", "Architecture"):
            self.assertEqual(seen[0].get(key), seen[1].get(key), key)

    def test_podman_takes_forty_layers_empty_layers_and_its_platform_of_an_index(self):
        _, agents = self.cluster(1)
        self.mirrored(*agents)
        for tag, image in (("forty", self.library.forty_layers()), ("empty", self.library.empty_layers()),
                           ("index", self.library.index())):
            pull = self.podman.start_pull(self.image_name(tag))
            self.assertEqual(pull.wait(60), 0, pull.log_tail())
            self.assertEqual("sha256:" + self.podman.image(self.image_name(tag))["Id"], image.id)
        self.assert_nothing_from_the_origin()

    def test_podman_on_a_second_node_leaves_the_origin_alone(self):
        image = self.library.medium()
        _, agents = self.cluster(2)
        for agent in agents:
            self.mirrored(agent)
            self.assert_pulls("medium", image)
            self.podman.remove(self.image_name("medium"))
        self.assert_all_from_the_cluster(image)

    def test_podman_with_a_mirror_for_digests_only_sends_tags_to_the_origin_and_digests_to_the_agent(self):
        image = self.library.small()
        _, agents = self.cluster(1)
        self.mirrored(*agents, which="digest-only")
        self.assert_pulls(image.digest, image)
        self.assert_all_from_the_cluster(image)
        self.podman.remove(self.image_name(image.digest))
        self.assert_pulls("small", image)
        self.assertIn(f"/v2/{REPOSITORY}/manifests/small", self.paths())
        self.assert_all_from_the_origin(image)

    def test_podman_goes_to_the_second_mirror_and_to_the_origin_when_the_first_cannot(self):
        image = self.library.small()
        _, agents = self.cluster(1)
        stranger = self.agent_that_answers_errors()
        self.mirrored(stranger, *agents)
        self.assert_pulls("small", image)
        self.assert_all_from_the_cluster(image)
        self.podman.remove(self.image_name("small"))
        self.mirrored(stranger)
        self.assert_pulls("small", image)
        self.assert_all_from_the_origin(image)

    def test_podman_goes_to_the_origin_when_the_mirror_is_down(self):
        image = self.library.small()
        _, agents = self.cluster(1)
        self.mirrored(*agents)
        agents[0].process.end()
        self.assert_pulls("small", image)
        self.assert_all_from_the_origin(image)

    def test_podman_pulls_again_through_an_agent_that_was_killed_in_mid_layer(self):
        image = self.library.medium()
        slow = self.slow_origin(image)
        _, agents = self.cluster(1, slow.url)
        self.mirrored(*agents)
        pull = self.podman.start_pull(self.image_name("medium"))
        self.kill_in_mid_layer(agents[0], image)
        self.assertIsNotNone(pull.wait(60))
        agents[0].start()
        self.assert_pulls("medium", image)
        self.assert_nothing_from_the_origin()

    def test_podman_pulls_by_digest_when_the_origin_is_down_after_warm_up(self):
        image = self.library.medium()
        gate = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        _, agents = self.cluster(2, gate.url)
        self.mirrored(agents[0])
        self.assert_pulls(image.digest, image)
        self.podman.remove(self.image_name(image.digest))
        gate.close()
        self.door.close()
        for agent in agents:
            self.mirrored(agent)
            self.assert_pulls(image.digest, image)
            self.podman.remove(self.image_name(image.digest))

    def test_podman_pulls_a_stale_tag_when_the_origin_is_down_after_warm_up(self):
        image = self.library.small()
        gate = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        self.mirrored(self.agent_with_stale_tags(gate.url))
        self.assert_pulls("small", image)
        self.podman.remove(self.image_name("small"))
        gate.close()
        self.door.close()
        self.assert_pulls("small", image)


class ThroughSkopeo(Mirrored):
    """`skopeo copy` into a directory; what it copies of each kind of image is in image_kinds_test."""

    def assert_copies(self, reference, image):
        directory = self.workspace.directory("copied")
        code, said = self.containers.skopeo_copy(self.image_name(reference), directory)
        self.assertEqual(code, 0, said)
        self.assert_copied(directory, image)

    def test_skopeo_copies_through_the_mirror_what_the_origin_has(self):
        image = self.library.without_media_type()
        _, agents = self.cluster(1)
        self.mirrored(*agents)
        self.assert_copies("untyped", image)
        self.assert_all_from_the_cluster(image)

    def test_skopeo_copies_from_the_origin_when_the_mirror_is_down(self):
        image = self.library.small()
        _, agents = self.cluster(1)
        self.mirrored(*agents)
        agents[0].process.end()
        self.assert_copies("small", image)
        self.assert_all_from_the_origin(image)

    def test_skopeo_copies_every_blob_although_the_agents_own_sources_fail_after_the_manifest(self):
        image = self.library.medium()
        gate = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        gate.rules = [Rule(f"GET .*{image.layers[0].digest}", truncate_at=image.layers[0].size // 2, times=1)]
        tracker, agents = self.cluster(1, gate.url)
        self.mirrored(*agents)
        manifest = agents[0].registry.get(f"/v2/{NAME}/{REPOSITORY}/manifests/medium", {"Accept": MANIFEST})
        self.assertEqual(manifest.status, 200)
        tracker.process.kill()
        self.assert_copies("medium", image)
        self.assert_nothing_from_the_origin()
