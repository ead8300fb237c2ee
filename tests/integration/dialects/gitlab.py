"""GitLab's registry: tokens of the application's host, another one of the same site.

Sources: https://docs.gitlab.com/administration/packages/container_registry/ (registry.example.com, gitlab.example.com/jwt/auth),
deitch/docker_registry2#14 (the challenge; 403 without a scope), docker/sbx-releases#535 (the token host is another one).
"""

import secrets

from .exchange import Answer, errors
from .registry import BearerStandIn, Redirecting, Storage, repositories_of


class GitLab(Redirecting, BearerStandIn):
    name = "registry.example.com"
    public = "group/open"
    private = "group/project/app"
    user = "gitlab+deploy-token-1"
    realm = "https://gitlab.example.com/jwt/auth"
    service = "container_registry"
    post = 404

    def open(self):
        super().open()
        self.internet.host("gitlab.example.com", self.answer_application)
        self.storage = Storage(self.internet, "storage.googleapis.com", self.blobs, signature="X-Goog-Signature",
                               directory="/gitlab-containers-prod/docker/registry/v2/blobs")

    def new_password(self):
        return "gldt-" + secrets.token_urlsafe(20)

    def hosts_of_the_password(self):
        return ("gitlab.example.com",)

    def answer_application(self, request):
        return self.answer_token(request) if request.path == "/jwt/auth" else Answer(404)

    def answer_token(self, request):
        if request.method == "GET" and not repositories_of(request):
            return errors(403, "DENIED", "access forbidden")
        return super().answer_token(request)

    def wrong_credential(self):
        return errors(403, "DENIED", "access forbidden")
