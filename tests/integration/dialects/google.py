"""Google Container Registry and Artifact Registry.

Sources: https://cloud.google.com/artifact-registry/docs/docker/authentication (`_json_key`, `oauth2accesstoken`);
apple/container#2274 (challenges: no service at /v2/, both at a repository); kubernetes/k8s.io#1834 (public images need no
token); ahmetb/serverless-registry-proxy#8 (302 to a path on the same host); containerd's docker/authorizer.go (404 to POST).
"""

import json
import secrets

from .exchange import Answer
from .registry import BearerStandIn, Redirecting, Storage, part


class _Google(Redirecting, BearerStandIn):
    token_path = "/v2/token"
    post = 404
    redirect = 302
    public_needs_token = False
    lifetime = 3600

    def challenge(self, repository, error=None):
        headers = super().challenge(repository, error)
        if repository is None:
            headers["Www-Authenticate"] = f'Bearer realm="{self.realm_url()}"'
        return headers

    def refusal(self, request, repository):
        if request.basic and self.is_right(*request.basic):  # both take it, beside the token
            return None
        return super().refusal(request, repository)


class ContainerRegistry(_Google):
    """gcr.io, with the key file of a service account: several lines of JSON as the password."""

    name = "gcr.io"
    public = "project/open"
    private = "project/app"
    user = "_json_key"

    def open(self):
        super().open()
        self.storage = Storage(self.internet, "storage.googleapis.com", self.blobs, signature="X-Goog-Signature",
                               directory="/artifacts.project.appspot.com/containers/images")

    def new_password(self):
        key = f"-----BEGIN PRIVATE KEY-----\n{secrets.token_hex(60)}\n-----END PRIVATE KEY-----\n"
        return json.dumps({"type": "service_account", "project_id": "project", "private_key": key}, indent=2)


class ArtifactRegistry(_Google):
    """LOCATION-docker.pkg.dev, with an access token of an hour as the password; blobs from another path of the same host."""

    name = "europe-docker.pkg.dev"
    public = "project/images/open"
    private = "project/images/app"
    user = "oauth2accesstoken"

    def open(self):
        super().open()
        self._signed = {}

    def new_password(self):
        return "ya29." + secrets.token_urlsafe(120)

    def end_credentials(self):
        """The access token itself has ended, and the operator's files have the next one."""
        super().end_credentials()
        self.renew_password()

    def location(self, digest):
        sign = secrets.token_hex(200)
        self._signed[sign] = digest
        self.internet.keep_secret(sign, self.name)
        return f"/artifacts-downloads/namespaces/project/repositories/images/downloads/{sign}"

    def answer(self, request):
        if not request.path.startswith("/artifacts-downloads/"):
            return super().answer(request)
        digest = self._signed.get(request.path.rpartition("/")[2])
        if not digest:
            return Answer(403)
        return part(request, next(data for (_, known), data in self.blobs.items() if known == digest), digest)
