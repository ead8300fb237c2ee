"""Docker Hub and the registries of the Git hosts, as they really behave."""

from .dialects.dialect_case import DialectCase
from .dialects.github import GitHub
from .dialects.gitlab import GitLab
from .dialects.hub import DockerHub, DockerHubWithIdentityToken
from .dialects.quay import Quay


class OfDockerHub(DialectCase):
    stand_in = DockerHub

    def test_docker_hub_gives_a_public_image_once(self):
        self.check_public()

    def test_docker_hub_gives_a_private_image_to_the_configured_user(self):
        self.check_configured()

    def test_docker_hub_gives_a_private_image_to_the_runtimes_user(self):
        self.check_callers()

    def test_docker_hub_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_docker_hub_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_nodes_take_one_pull_from_the_limit_of_docker_hub(self):
        data = self.put(self.registry.public, "v1")
        _, agents = self.cluster(2)
        for agent in agents:
            self.pull_through(agent, self.registry.public, "v1", data)
        self.assertEqual(self.registry.counted, 2)  # the index and one manifest

    def test_what_a_node_holds_is_pulled_though_the_limit_of_docker_hub_is_used_up(self):
        repository = self.registry.public
        data, other = self.put(repository, "v1"), self.put(repository, "v2", seed=2)
        _, agents = self.cluster(2)
        self.pull_through(agents[0], repository, "v1", data)
        self.registry.left = 0
        self.pull_through(agents[1], repository, "v1", data)
        answer = self.runtime(agents[0]).ask("GET", repository, "manifests", next(iter(other)))
        self.assertEqual(answer.status, 503)  # 429 would make runtimes wait and ask again
        self.registry.left = 10

    def test_every_name_of_docker_hub_is_one_registry(self):
        repository = self.registry.public
        data = self.put(repository, "v1")
        _, agents = self.cluster(2)
        self.pull_through(agents[0], repository, "v1", data)
        self.internet.forget()
        for name in ("index.docker.io", "registry-1.docker.io", "DOCKER.IO", "docker.io:443"):
            path = f"/v2/{repository}/manifests/{next(iter(data))}?ns={name}"
            self.assertEqual(agents[1].registry.get(path).status, 200, name)
        self.assert_no_content_was_asked()

    def test_docker_hub_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfDockerHubWithIdentityToken(DialectCase):
    stand_in = DockerHubWithIdentityToken

    def test_docker_hub_gives_a_private_image_to_an_identity_token_in_dockers_file(self):
        repository = self.registry.private
        first, second = self.put(repository, "v1"), self.put(repository, "v2", seed=2)
        self.configured = True
        tracker, agents = self.cluster(2)
        for agent in agents:
            self.pull_through(agent, repository, "v1", first)
        self.assert_one_copy(first)
        self.registry.end_credentials()
        for agent in agents:
            self.pull_through(agent, repository, "v2", second)
        asked = [seen for seen in self.internet.seen if seen.host == "auth.docker.io"]
        self.assertEqual({(seen.method, seen.authorization) for seen in asked}, {("POST", None)})
        self.assertEqual(self.registry.shown[0], self.registry.password)
        self.assertTrue(set(self.registry.shown) & set(self.registry.given))  # what it gives is what it is shown next
        self.assert_secrets_are_kept(tracker, *agents)


class OfGitHub(DialectCase):
    stand_in = GitHub

    def test_ghcr_gives_a_public_image_once(self):
        self.check_public()

    def test_ghcr_gives_a_private_image_to_the_configured_access_token(self):
        self.check_configured()

    def test_ghcr_gives_a_private_image_to_the_runtimes_access_token(self):
        self.check_callers()

    def test_ghcr_gives_further_images_once_its_token_has_ended_with_403(self):
        self.check_after_its_end()

    def test_ghcr_denies_without_a_challenge_and_so_do_agents(self):
        data = self.put(self.registry.private, "v1")
        _, agents = self.cluster(1)
        for what, reference in (("manifests", "v1"), ("manifests", next(iter(data))), ("blobs", list(data)[-1])):
            path = f"/v2/{self.registry.private}/{what}/{reference}?ns=ghcr.io"
            answer = agents[0].registry.get(path, {"Authorization": "Bearer bm90IHRoZSB0b2tlbg=="})
            self.assertEqual((answer.status, answer.headers.get_all("WWW-Authenticate")), (403, None), what)

    def test_ghcr_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfGitLab(DialectCase):
    stand_in = GitLab

    def test_gitlab_gives_a_public_image_once(self):
        self.check_public()

    def test_gitlab_gives_a_private_image_to_the_configured_deploy_token(self):
        self.check_configured()

    def test_gitlab_gives_a_private_image_to_the_runtimes_deploy_token(self):
        self.check_callers()

    def test_three_nodes_at_once_with_the_runtimes_deploy_token_take_one_copy_from_gitlab(self):
        self.check_at_once()

    def test_gitlab_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_gitlab_gives_further_images_to_the_runtime_once_its_token_has_ended(self):
        self.check_after_its_end(callers=True)

    def test_gitlab_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_gitlab_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()


class OfQuay(DialectCase):
    stand_in = Quay

    def test_quay_gives_a_public_image_once(self):
        self.check_public()

    def test_quay_gives_a_private_image_to_the_configured_robot(self):
        self.check_configured()

    def test_quay_gives_a_private_image_to_the_runtimes_robot(self):
        self.check_callers()

    def test_quay_gives_further_images_once_its_token_has_ended(self):
        self.check_after_its_end()

    def test_quay_refuses_with_its_challenge(self):
        self.check_refused({401})

    def test_quay_gives_a_private_image_to_an_agent_alone(self):
        self.check_alone()
