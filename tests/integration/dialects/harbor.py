"""Harbor: robot accounts, and projects that are proxies of other registries.

Sources: goharbor/harbor#18856 (a Basic challenge to a token without the scope), goharbor/harbor#23799 (405 to POST),
docker/build-push-action#923 (robot$ accounts at /service/token), dragonflyoss/dragonfly#4573 (blobs in chunks),
https://goharbor.io/docs/main/administration/configure-proxy-cache/ (HOST/PROJECT/library/NAME).
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

    def refused_token(self, request, repository):
        reason = f"unauthorized to access repository: {repository}, action: pull"
        return errors(401, "UNAUTHORIZED", f"{reason}: {reason}", {"Www-Authenticate": 'Basic realm="harbor"'})


class HarborProxy(Harbor):
    """A project that is a proxy of Docker Hub: images of docker.io are under hub-proxy/ here."""

    name = "docker.io"
    public = "library/app"
    service = "harbor-registry"
    project = "hub-proxy"

    def name_of_host(self):
        return "harbor.example.com"

    def own_name(self, repository):
        return f"{self.project}/{repository}"

    def hosts_of_the_password(self):
        return (self.name_of_host(),)

    def upstreams(self, credential):
        keys = {"url": f"https://{self.name_of_host()}", "path_prefix": self.project}
        return {self.name: {**keys, **(self.credential_keys() if credential else {})}}

    def refusal(self, request, repository):
        """Public and private are what follows the project."""
        if repository and not repository.startswith(self.project + "/"):
            return errors(404, "NOT_FOUND", f"project {repository.partition('/')[0]} not found")
        return super().refusal(request, repository)

    def manifest(self, request, repository, reference):
        return super().manifest(request, repository.removeprefix(self.project + "/"), reference)

    def blob(self, request, repository, digest):
        answer = super().blob(request, repository.removeprefix(self.project + "/"), digest)
        return dataclasses.replace(answer, chunked=answer.status == 200 and request.method == "GET")

    def token_for_nobody(self, request):
        return self.token_answer({self.own_name(self.public)})
