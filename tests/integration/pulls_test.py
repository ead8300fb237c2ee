"""Images pulled through a tracker and agents are what the origin has; the client is the puller written here."""

from simulations.cluster.puller import Pull

from .case import Case
from .library import REPOSITORY


class ColdAndWarm(Case):
    """The tracker's and the agents' stores are empty at the start of each test."""

    def direct(self, reference):
        return Pull(self.origin.endpoint, "", REPOSITORY, reference).run()

    def assert_equal_to_direct(self, reference, image):
        direct = self.direct(reference)
        self.forget_once_logged(image)
        _, agents = self.cluster(2)
        for agent in agents:
            pull = self.pull(agent, reference)
            self.assertEqual((pull.manifest_digest, pull.image_id, pull.blobs),
                             (direct.manifest_digest, direct.image_id, direct.blobs))
            self.assert_pulled(pull, image)
        self.assert_asked_once(image)

    def test_layers_from_1_kib_to_200_mib_gzip_and_plain_arrive_equal_to_a_direct_pull(self):
        self.assert_equal_to_direct("every-size", self.library.every_size())

    def test_the_image_of_an_index_arrives_equal_to_a_direct_pull(self):
        self.assert_equal_to_direct("index", self.library.index())

    def test_a_manifest_without_media_type_arrives_equal_to_a_direct_pull(self):
        self.assert_equal_to_direct("untyped", self.library.without_media_type())

    def test_the_second_node_gets_every_layer_without_the_origin(self):
        image = self.library.medium()
        _, agents = self.cluster(2)
        self.assert_pulled(self.pull(agents[0], "medium"), image)
        self.forget_once_logged(image)
        self.assert_pulled(self.pull(agents[1], "medium"), image)
        self.assertEqual(self.origin.gets_by_blob(), {})

    def test_a_node_that_holds_the_image_serves_it_without_asking_anybody_for_layers(self):
        image = self.library.medium()
        _, agents = self.cluster(1)
        self.assert_pulled(self.pull(agents[0], "medium"), image)
        self.origin.forget_requests()
        before = agents[0].received()
        self.assert_pulled(self.pull(agents[0], "medium"), image)
        self.assertEqual(agents[0].received(), before)
        self.assertEqual(self.origin.gets_by_blob(), {})

    def test_a_pull_by_digest_needs_no_tag(self):
        image = self.library.small()
        _, agents = self.cluster(1)
        self.assert_pulled(self.pull(agents[0], image.digest), image)
