"""Registries that redirect to other registries, and one whose token service or storage is somewhere else.

Sources: kubernetes/registry.k8s.io, page "architecture" (manifests to Artifact Registry, blobs to S3 of the region, 307),
containerd/containerd#5503 and google/go-containerregistry#2333 (the target has a token service of its own),
docker/sbx-releases#535 (GitLab's two hosts), distribution's S3 driver with a MinIO in one's own network.
"""

from .exchange import Answer
from .gitlab import GitLab
from .registry import BearerStandIn, Redirecting, StandIn, Storage


class Kubernetes(StandIn):
    """registry.k8s.io: nothing of its own, and open to all."""

    name = "registry.k8s.io"
    public = "pause"
    below = "k8s-artifacts-prod/images"

    def open(self):
        self.internet.host(self.name, self._redirect)
        self.internet.host("europe-west1-docker.pkg.dev", self.answer)
        self.storage = Storage(self.internet, "prod-registry-k8s-io-eu-west-1.s3.dualstack.eu-west-1.amazonaws.com",
                               self.blobs, directory="/containers/images")

    def refusal(self, request, repository):
        return None

    def _redirect(self, request):
        if request.path == "/v2/":
            return self.ping()
        what = request.path.split("/")[-2]
        digest = request.path.split("/")[-1]
        if what == "blobs" and any(known == digest for _, known in self.blobs):
            return Answer(307, {"Location": self.storage.url(digest)})
        return Answer(307, {"Location": f"https://europe-west1-docker.pkg.dev/v2/{self.below}/{request.path[len('/v2/'):]}"})

    def manifest(self, request, repository, reference):
        return super().manifest(request, repository.removeprefix(self.below + "/"), reference)


class Vanity(BearerStandIn):
    """images.example.com has a credential of its own and redirects to a registry of another site, which wants a token."""

    name = "images.example.com"
    target = "registry.example.net"

    def open(self):
        super().open()
        self.internet.host(self.name, lambda request: Answer(307, {"Location": f"https://{self.target}{request.target}"}))

    def name_of_host(self):
        return self.target

    def hosts_of_the_password(self):
        return (self.name,)

    def door(self):
        return f"https://{self.name}"


class GitLabElsewhere(GitLab):
    """The application's host is on another site than the registry's: `realms` names it."""

    name = "registry.example.org"
    realm = "https://gitlab.example.net/jwt/auth"
    names_realm = True

    def open(self):
        super().open()
        self.internet.host("gitlab.example.net", self.answer_application)

    def hosts_of_the_password(self):
        return ("gitlab.example.net",) if self.names_realm else ("nobody",)

    def credential_keys(self):
        return {**super().credential_keys(), **({"realms": ["gitlab.example.net"]} if self.names_realm else {})}


class GitLabElsewhereUnnamed(GitLabElsewhere):
    names_realm = False


class OwnStorage(Redirecting, BearerStandIn):
    """A public registry whose storage has a private address: `redirects` names it."""

    names_storage = True

    def open(self):
        super().open()
        self.storage = Storage(self.internet, "minio.example.com", self.blobs, is_private=True)

    def upstreams(self, credential):
        keys = self.credential_keys() if credential else {}
        return {self.name: {"url": f"https://{self.name}", **({"redirects": ["minio.example.com"]} if self.names_storage else {}),
                            **keys}}


class OwnStorageUnnamed(OwnStorage):
    names_storage = False
