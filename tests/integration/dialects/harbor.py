"""Harbor: robot accounts, and projects that are proxies of other registries.

Sources: goharbor/harbor, src/server/middleware/v2auth/auth.go (each 401: Bearer to who shows nothing, Basic to who shows
something, an empty challenge for a project that is not there; HEAD needs a token for public projects too),
goharbor/harbor#18856, goharbor/harbor#23799 (405 to POST), docker/build-push-action#923 (robot$ accounts at /service/token),
dragonflyoss/dragonfly#4573 (blobs in chunks), https://goharbor.io/docs/main/administration/configure-proxy-cache/ (HOST/PROJECT/library/NAME).
"""

import dataclasses

from .exchange import errors
from .registry import BearerStandIn


class Harbor(BearerStandIn):
    name = "harbor.example.com"
    user = "robot$team+puller"
    token_path = "/service/token"
    service = "harbor-registry"
    lifetime = 1800
    projects = ("open", "team")

    def refusal(self, request, repository):
        shown = request.headers.get("Authorization")
        if repository is None:
            return None if self._knows(request) else self._unauthorized("unauthorized", self._challenge(shown, None))
        if request.method == "HEAD" and not shown:
            return self._unauthorized("authorize header needed to send HEAD to repository", self._challenge(None, repository))
        project = repository.partition("/")[0]
        if project not in self.projects:
            return self._unauthorized(f"project {project} not found", "")
        if self.is_public(repository) or self._may(request, repository):
            return None
        reason = f"unauthorized to access repository: {repository}, action: pull"
        return self._unauthorized(reason, self._challenge(shown, repository))

    def is_public(self, repository):
        return repository == self.public

    def _knows(self, request):
        return bool(request.basic and self.is_right(*request.basic))

    def _may(self, request, repository):
        return self._knows(request) or self.tokens.allows(request.bearer, repository)

    def _challenge(self, shown, repository):
        return 'Basic realm="harbor"' if shown else self.challenge(repository)["Www-Authenticate"]

    @staticmethod
    def _unauthorized(reason, challenge):
        return errors(401, "UNAUTHORIZED", f"{reason}: {reason}", {"Www-Authenticate": challenge})


class HarborProxy(Harbor):
    """A project that is a proxy of Docker Hub: images of docker.io are under hub-proxy/ here."""

    name = "docker.io"
    public = "library/app"
    service = "harbor-registry"
    project = "hub-proxy"
    projects = (project,)

    def name_of_host(self):
        return "harbor.example.com"

    def own_name(self, repository):
        return f"{self.project}/{repository}"

    def hosts_of_the_password(self):
        return (self.name_of_host(),)

    def upstreams(self, credential):
        keys = {"url": f"https://{self.name_of_host()}", "path_prefix": self.project}
        return {self.name: {**keys, **(self.credential_keys() if credential else {})}}

    def is_public(self, repository):
        return repository == self.own_name(self.public)

    def manifest(self, request, repository, reference):
        return super().manifest(request, repository.removeprefix(self.project + "/"), reference)

    def blob(self, request, repository, digest):
        answer = super().blob(request, repository.removeprefix(self.project + "/"), digest)
        return dataclasses.replace(answer, chunked=answer.status == 200 and request.method == "GET")

    def token_for_nobody(self, request):
        return self.token_answer({self.own_name(self.public)})
