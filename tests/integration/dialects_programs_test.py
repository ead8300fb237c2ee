"""docker-registry 2.8 and distribution 3 themselves, private in both ways that they know."""

from .dialects.dialect_case import DialectCase
from .dialects.programs import (Distribution3WithHtpasswd, Distribution3WithTokens, WithHtpasswd, WithTokens,
                                distribution_3)


class _Programs(DialectCase):
    """Each pull is one fetch of each blob, by the program's own log."""

    def closed(self, *tags):
        """The images by tag, in a registry that lets in nobody but its user."""
        data = [self.put(self.registry.private, tag, seed) for seed, tag in enumerate(tags, 1)]
        self.registry.close_to_all()
        return data

    def check_pulls(self, configured):
        data, = self.closed("v1")
        self.configured = configured
        tracker, agents = self.cluster(2)
        for agent in agents:
            self.pull_through(agent, self.registry.private, "v1", data, None if configured else self.credential())
        self.assert_each_blob_left_once(data)
        self.assert_secrets_are_kept(tracker, *agents)

    def assert_each_blob_left_once(self, data):
        blobs = {digest: 1 for digest, body in data.items() if b'"schemaVersion"' not in body}
        self.assertEqual(self.registry.gets_by_blob(), blobs)

    def check_second_image_after(self, seconds_of_a_token):
        self.registry.lifetime = seconds_of_a_token
        first, second = self.closed("v1", "v2")
        self.configured = True
        _, agents = self.cluster(2)
        self.pull_through(agents[0], self.registry.private, "v1", first)
        self.pull_through(agents[1], self.registry.private, "v2", second)
        self.pull_through(agents[0], self.registry.private, "v2", second)
        self.assert_each_blob_left_once({**first, **second})


class DockerRegistryWithHtpasswd(_Programs):
    stand_in = WithHtpasswd

    def test_docker_registry_with_htpasswd_gives_a_private_image_to_the_configured_user(self):
        self.check_pulls(configured=True)

    def test_docker_registry_with_htpasswd_gives_a_private_image_to_the_runtimes_user(self):
        self.check_pulls(configured=False)


class DockerRegistryWithTokens(_Programs):
    stand_in = WithTokens

    def test_docker_registry_with_a_token_service_gives_a_private_image_to_the_configured_user(self):
        self.check_pulls(configured=True)

    def test_docker_registry_with_a_token_service_gives_a_private_image_to_the_runtimes_user(self):
        self.check_pulls(configured=False)

    def test_docker_registry_with_tokens_that_end_at_once_gives_further_images(self):
        self.check_second_image_after(1)


class Distribution3(_Programs):
    """Not in Debian 12: SHOAL_DISTRIBUTION names its program."""

    def setUp(self):
        self.stand_in = Distribution3WithTokens if "token" in self.id() else Distribution3WithHtpasswd
        if not distribution_3():
            self.skipTest("no distribution 3 here: SHOAL_DISTRIBUTION names its program")
        super().setUp()

    def test_distribution_3_with_htpasswd_gives_a_private_image_to_the_configured_user(self):
        self.check_pulls(configured=True)

    def test_distribution_3_with_htpasswd_gives_a_private_image_to_the_runtimes_user(self):
        self.check_pulls(configured=False)

    def test_distribution_3_with_a_token_service_gives_a_private_image_to_the_configured_user(self):
        self.check_pulls(configured=True)

    def test_distribution_3_with_a_token_service_gives_a_private_image_to_the_runtimes_user(self):
        self.check_pulls(configured=False)

    def test_distribution_3_with_tokens_that_end_at_once_gives_further_images(self):
        self.check_second_image_after(1)
