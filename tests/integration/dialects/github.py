"""GitHub's ghcr.io.

Sources: renovatebot/renovate#11446 (DENIED without a challenge once any authorization is shown), mccutchen/go-httpbin#223
(403 by the token endpoint for a bad credential), containerd/stargz-snapshotter#167 (307 to a URL signed for GET alone),
cartography-cncf/cartography#2710 (a personal access token in Base64 as the bearer).
"""

import base64
import secrets

from .exchange import errors
from .registry import BearerStandIn, Redirecting, Storage, repositories_of


class GitHub(Redirecting, BearerStandIn):
    name = "ghcr.io"
    public = "octocat/open"
    private = "octocat/app"
    user = "octocat"

    def open(self):
        super().open()
        self.storage = Storage(self.internet, "pkg-containers.githubusercontent.com", self.blobs, signature="sig",
                               directory="/ghcr1/blobs", heads=False)

    def new_password(self):
        return "ghp_" + secrets.token_hex(18)

    def refusal(self, request, repository):
        if request.bearer == base64.b64encode(self.password.encode()).decode():
            return None
        return super().refusal(request, repository)

    def refused_token(self, request, repository):
        return errors(403, "DENIED", "requested access to the resource is denied")

    def token_for_nobody(self, request):
        if repositories_of(request) <= {self.public}:
            return super().token_for_nobody(request)
        return errors(401, "UNAUTHORIZED", "authentication required")

    def wrong_credential(self):
        return errors(403, "DENIED", "denied")
