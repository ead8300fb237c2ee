"""Registries that people run themselves, as they really behave."""

from .dialects.artifactory import Artifactory
from .dialects.dialect_case import DialectCase
from .dialects.dtr import TrustedRegistry
from .dialects.harbor import Harbor, HarborProxy
from .dialects.nexus import Nexus, NexusByPath, NexusForAnybody


class OfHarbor(DialectCase):
    stand_in = Harbor

    def test_harbor_gives_a_public_image_once(self):
        self.check_public()

    def test_harbor_gives_a_private_image_to_the_configured_robot(self):
        self.check_configured()

    def test_harbor_gives_a_private_image_to_the_runtimes_robot(self):
        self.check_callers()

    def test_harbor_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_harbor_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_a_project_that_harbor_does_not_have_is_refused_as_harbor_refuses_it(self):
        _, agents = self.cluster(1)
        said = self.runtime().ask("GET", "nowhere/app", "manifests", "v1")
        heard = self.runtime(agents[0]).ask("GET", "nowhere/app", "manifests", "v1")
        self.assertEqual((heard.status, heard.headers.get("WWW-Authenticate") or "", heard.body),
                         (said.status, said.headers.get("WWW-Authenticate") or "", said.body))

    def test_harbor_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfHarborProxy(DialectCase):
    stand_in = HarborProxy

    def test_a_proxy_project_of_harbor_gives_docker_hubs_images_once(self):
        self.check_public()

    def test_a_proxy_project_of_harbor_gives_private_images_to_the_configured_robot(self):
        self.check_configured()

    def test_a_proxy_project_of_harbor_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_a_proxy_project_of_harbor_gives_a_public_image_to_an_agent_alone(self):
        self.check_alone(self.registry.public, configured=True, callers=False)


class OfTrustedRegistry(DialectCase):
    stand_in = TrustedRegistry

    def test_docker_trusted_registry_gives_a_public_image_once(self):
        self.check_public()

    def test_docker_trusted_registry_gives_a_private_image_to_the_configured_user(self):
        self.check_configured()

    def test_docker_trusted_registry_gives_a_private_image_to_the_runtimes_user(self):
        self.check_callers()

    def test_docker_trusted_registry_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_docker_trusted_registry_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_docker_trusted_registry_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfArtifactory(DialectCase):
    stand_in = Artifactory

    def test_artifactory_gives_a_public_image_once(self):
        self.check_public()

    def test_artifactory_gives_a_private_image_to_the_configured_user(self):
        self.check_configured()

    def test_artifactory_gives_a_private_image_to_the_runtimes_user(self):
        self.check_callers()

    def test_artifactory_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_artifactory_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_artifactory_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfNexus(DialectCase):
    stand_in = Nexus
    gets_tags = True

    def test_nexus_gives_a_private_image_to_the_configured_user(self):
        self.check_configured()

    def test_nexus_gives_a_private_image_to_the_runtimes_user(self):
        self.check_callers()

    def test_nexus_gives_further_images_to_the_configured_user(self):
        self.check_after_its_end()

    def test_nexus_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_nexus_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfNexusForAnybody(DialectCase):
    stand_in = NexusForAnybody
    gets_tags = True

    def test_nexus_with_anonymous_access_gives_a_public_image_once(self):
        self.check_public()

    def test_nexus_with_anonymous_access_gives_a_private_image_to_the_configured_user(self):
        """A runtime alone shows no credential here, since nothing but /v2/ asks for one."""
        data = self.put(self.registry.private, "v1")
        self.configured = True
        tracker, agents = self.cluster(2)
        for agent in agents:
            self.pull_through(agent, self.registry.private, "v1", data)
        self.assert_one_copy(data)
        self.assert_secrets_are_kept(tracker, *agents)


class OfNexusByPath(DialectCase):
    stand_in = NexusByPath
    gets_tags = True

    def test_nexus_by_a_repositorys_path_gives_a_public_image_once(self):
        self.check_public()

    def test_nexus_by_a_repositorys_path_gives_a_private_image_to_the_configured_user(self):
        self.check_configured()

    def test_nexus_by_a_repositorys_path_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()
