"""What is between Shoal and a registry: other registries behind redirects, token services and storages elsewhere, a proxy,
and certificates of clients. docs/registries.md says how each is configured."""

from .dialects.dialect_case import DialectCase
from .dialects.dtr import TrustedRegistry
from .dialects.hub import DockerHub
from .dialects.proxy import Proxy
from .dialects.vanity import (GitLabElsewhere, GitLabElsewhereUnnamed, Kubernetes, OwnStorage, OwnStorageUnnamed,
                              Vanity)


class OfKubernetes(DialectCase):
    stand_in = Kubernetes

    def test_registry_k8s_io_gives_a_public_image_once_from_where_it_redirects_to(self):
        self.check_public()


class OfVanity(DialectCase):
    stand_in = Vanity

    def test_a_registry_that_redirects_to_one_with_tokens_gives_a_public_image_once(self):
        self.check_public()

    def test_the_credential_of_a_registry_that_redirects_is_not_shown_to_the_other_one(self):
        self.check_pull(self.registry.public, configured=True)

    def test_a_registry_that_redirects_gives_a_public_image_to_an_agent_alone(self):
        self.check_alone(self.registry.public, callers=False)


class OfGitLabElsewhere(DialectCase):
    stand_in = GitLabElsewhere

    def test_a_token_service_of_another_site_gives_tokens_when_realms_names_it(self):
        self.check_configured()


class OfGitLabElsewhereUnnamed(DialectCase):
    stand_in = GitLabElsewhereUnnamed

    def test_a_token_service_of_another_site_sees_no_credential_unless_realms_names_it(self):
        data = self.put(self.registry.private, "v1")
        self.configured = True
        tracker, agents = self.cluster(1)
        for what, reference in (("manifests", "v1"), ("manifests", next(iter(data))), ("blobs", list(data)[-1])):
            path = f"/v2/{self.registry.private}/{what}/{reference}?ns={self.registry.name}"
            self.assertIn(agents[0].registry.get(path).status, (401, 403, 503))
        self.assert_secrets_are_kept(tracker, *agents)


class OfOwnStorage(DialectCase):
    stand_in = OwnStorage

    def test_a_storage_at_a_private_address_is_read_when_redirects_names_it(self):
        self.check_public()


class OfOwnStorageUnnamed(DialectCase):
    stand_in = OwnStorageUnnamed

    def test_a_storage_at_a_private_address_is_not_connected_to_unless_redirects_names_it(self):
        data = self.put(self.registry.public, "v1")
        _, agents = self.cluster(1)
        for digest in list(data)[2:]:
            path = f"/v2/{self.registry.public}/blobs/{digest}?ns={self.registry.name}"
            self.assertGreaterEqual(agents[0].registry.get(path).status, 400)
        self.assertEqual([seen.target for seen in self.internet.seen if seen.host == "minio.example.com"], [])


class OfProxy(DialectCase):
    """Docker Hub, which can be reached through a proxy alone as far as the programs know."""

    stand_in = DockerHub

    def setUp(self):
        super().setUp()
        self.password = self.registry.new_password()
        self.internet.keep_secret(self.password)  # the proxy is none of the internet's hosts: nobody else may see it
        self.proxy = Proxy(self.internet, self.workspace, self.password)
        self.keys = {}

    def upstreams(self, url=None):
        return {"docker.io": {**self.keys, **super().upstreams(url)["docker.io"]}}

    def check_all_through_the_proxy(self):
        self.check_configured()
        hosts = {"registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"}
        self.assertEqual({host for _, host in self.proxy.connected}, hosts)
        self.assertEqual({method for method, _ in self.proxy.connected}, {"CONNECT"})

    def test_an_upstreams_proxy_is_used_for_the_registry_its_tokens_and_its_storage(self):
        self.keys = {"proxy": self.proxy.url,
                     "proxy_username_file": self.workspace.file("proxy.username", self.proxy.user),
                     "proxy_password_file": self.workspace.file("proxy.password", self.password)}
        self.check_all_through_the_proxy()

    def test_the_proxy_of_the_environment_is_used(self):
        url = self.proxy.url.replace("//", f"//{self.proxy.user}:{self.password}@")
        self.environment = {**self.environment, "HTTPS_PROXY": url, "NO_PROXY": "example.org"}
        self.check_all_through_the_proxy()

    def test_no_proxy_excepts_a_registry(self):
        self.environment = {**self.environment, "HTTPS_PROXY": self.proxy.url, "NO_PROXY": ".docker.io,.docker.com"}
        self.check_configured()
        self.assertEqual((self.proxy.connected, self.proxy.refused), ([], 0))


class OfClientCertificates(DialectCase):
    """A registry that wants to see a certificate in the handshake, as distribution with `clientcas`."""

    class WithCertificates(TrustedRegistry):
        asks_for_certificates = True

        def upstreams(self, credential):
            return {self.name: {"url": f"https://{self.name}", **(self.credential_keys() if credential else {}),
                                "client_certificate": self.internet.client_certificate,
                                "client_key": self.internet.client_certificate + ".key"}}

    stand_in = WithCertificates

    def setUp(self):
        super().setUp()
        self.assertTrue(self.internet.client_certificate)  # the runtime that asks directly shows it too

    def test_a_registry_that_asks_for_a_clients_certificate_gives_a_private_image(self):
        self.check_configured()
