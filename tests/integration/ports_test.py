"""podman and skopeo pull from a registry with a port through an agent: by an escaped name in the mirror's path, or by an
alias. The registries.conf is the one that docs/endpoint.md says to write."""

from simulations.cluster.podman import Containers, Podman, why_not_podman

from .clients import ClientCase
from .library import REPOSITORY

_REGISTRY = "registry.test:5000"
_PATHS = ("registry.test_5000", "corp")


class RegistryWithPort(ClientCase):
    why_not = staticmethod(why_not_podman)

    def setUp(self):
        super().setUp()
        self.containers = Containers(self.workspace)
        self.image = self.library.small()

    def upstreams(self, url=None):
        return {_REGISTRY: {"url": url or self.origin.endpoint.url, "aliases": ["corp"]}}

    def assert_none_but_pings_at_the_origin(self):
        self.assertEqual([path for _, path, _ in self.door.requests if path != "/v2/"], [])

    def test_skopeo_copies_through_the_agent(self):
        _, agents = self.cluster(1)
        for path in _PATHS:
            self.containers.mirrors(_REGISTRY, self.door.authority, f"{agents[0].registry.authority}/{path}")
            directory = self.workspace.directory(f"copied-{path}")
            code, said = self.containers.skopeo_copy(f"{_REGISTRY}/{REPOSITORY}:small", directory)
            self.assertEqual(code, 0, said)
            self.assert_copied(directory, self.image)
        self.assert_none_but_pings_at_the_origin()
        self.assert_asked_once(self.image)

    def test_podman_pulls_through_the_agent(self):
        _, agents = self.cluster(1)
        podman = Podman(self.workspace, self.containers)
        name = f"{_REGISTRY}/{REPOSITORY}:small"
        for path in _PATHS:
            self.containers.mirrors(_REGISTRY, self.door.authority, f"{agents[0].registry.authority}/{path}")
            pull = podman.start_pull(name)
            self.assertEqual(pull.wait(60), 0, pull.log_tail())
            self.assertEqual("sha256:" + podman.image(name)["Id"], self.image.id)
            podman.remove(name)
        self.assert_none_but_pings_at_the_origin()

    def test_an_agent_that_does_not_know_the_registry_says_what_to_write(self):
        _, agents = self.cluster(1)
        answer = agents[0].registry.get(f"/v2/other.test_8443/{REPOSITORY}/manifests/small")
        self.assertEqual(answer.status, 404)
        self.assertIn('[upstreams.\\"other.test:8443\\"]', answer.body.decode())
