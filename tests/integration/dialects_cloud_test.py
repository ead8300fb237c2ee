"""The registries of Google, Amazon and Azure, as they really behave."""

from .dialects.amazon import Ecr, EcrOfToday, EcrPublic
from .dialects.azure import Acr, AcrWithRefreshToken
from .dialects.dialect_case import DialectCase
from .dialects.google import ArtifactRegistry, ContainerRegistry


class OfContainerRegistry(DialectCase):
    stand_in = ContainerRegistry

    def test_gcr_gives_a_public_image_once_without_a_token(self):
        self.check_public()

    def test_gcr_gives_a_private_image_to_a_configured_key_file_of_many_lines(self):
        self.check_configured()

    def test_gcr_gives_a_private_image_to_the_runtimes_key_file(self):
        self.check_callers()

    def test_gcr_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_gcr_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfArtifactRegistry(DialectCase):
    stand_in = ArtifactRegistry

    def test_artifact_registry_gives_a_public_image_once(self):
        self.check_public()

    def test_artifact_registry_gives_a_private_image_to_a_configured_access_token(self):
        self.check_configured()

    def test_artifact_registry_gives_a_private_image_to_the_runtimes_access_token(self):
        self.check_callers()

    def test_artifact_registry_gives_further_images_once_the_access_token_was_renewed(self):
        self.check_after_its_end()

    def test_artifact_registry_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_artifact_registry_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfEcr(DialectCase):
    stand_in = Ecr

    def test_ecr_gives_a_private_image_to_the_credential_helper(self):
        self.check_configured()
        self.assertEqual(set(self.helper_was_asked_about()), {self.registry.name})

    def test_ecr_gives_a_private_image_to_the_runtimes_password(self):
        self.check_callers()

    def test_three_nodes_at_once_with_the_runtimes_password_take_one_copy_from_ecr(self):
        self.check_at_once()

    def test_ecr_gives_further_images_once_its_password_has_ended_with_403(self):
        self.check_after_its_end()

    def test_ecr_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_ecr_tells_the_runtime_that_its_password_has_ended(self):
        before = self.credential()
        self.registry.end_credentials()
        self.check_refused({403}, before)

    def helper_was_asked_about(self):
        with open(f"{self.workspace.path}/bin/asked", encoding="ascii") as file:
            return [line.removeprefix("https://").rstrip("/\n") for line in file]

    def test_ecr_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()

    def test_ecr_gives_further_images_to_the_runtime_once_its_password_has_ended(self):
        self.check_after_its_end(callers=True)


class OfEcrToday(DialectCase):
    nightly = "clients"
    stand_in = EcrOfToday

    def test_ecr_gives_further_images_once_its_password_has_ended_with_403_and_json(self):
        self.check_after_its_end()


class OfEcrPublic(DialectCase):
    stand_in = EcrPublic

    def test_public_ecr_gives_a_public_image_once(self):
        self.check_public()

    def test_public_ecr_gives_further_images_once_its_token_has_ended_with_400(self):
        repository = self.registry.public
        first, second = self.put(repository, "v1"), self.put(repository, "v2", seed=2)
        tracker, agents = self.cluster(2)
        self.pull_through(agents[0], repository, "v1", first)
        self.registry.end_credentials()
        self.internet.forget()
        for agent in agents:
            self.pull_through(agent, repository, "v2", second)
        self.assert_one_copy({digest: body for digest, body in second.items() if digest not in first})
        self.assert_secrets_are_kept(tracker, *agents)


class OfAcr(DialectCase):
    stand_in = Acr

    def test_acr_gives_a_public_image_once(self):
        self.check_public()

    def test_acr_gives_a_private_image_to_the_configured_admin_user(self):
        self.check_configured()

    def test_acr_gives_a_private_image_to_the_runtimes_admin_user(self):
        self.check_callers()

    def test_acr_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_acr_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfAcrWithRefreshToken(DialectCase):
    stand_in = AcrWithRefreshToken

    def test_acr_gives_a_private_image_to_a_refresh_token_in_dockers_file(self):
        self.check_configured()
        asked = {(method, has_basic) for client, method, has_basic in self.registry.asked if client.startswith("shoal")}
        self.assertEqual(asked, {("POST", False)})

    def test_acr_gives_a_private_image_to_the_runtimes_refresh_token(self):
        self.check_callers()

    def test_acr_gives_further_images_once_the_refresh_token_was_renewed(self):
        self.check_after_its_end()
