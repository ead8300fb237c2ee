"""Sonatype Nexus: a port for each repository, or its path; HEAD that is 404 although GET works.

Sources: sonatype/nexus-public#921 (BASIC, or Bearer with its token realm), sonatype/nexus-public#217 and containerd/containerd#3291
(with anonymous access a challenge at /v2/ alone), crazy-max/diun#1614 (404 to HEAD), containerd/containerd#6147 (/repository/NAME/v2/).
"""

from .exchange import Answer, errors
from .registry import BearerStandIn, StandIn

_BASIC = {"Www-Authenticate": 'BASIC realm="Sonatype Nexus Repository Manager"'}


class Nexus(StandIn):
    """At a port of its own, with BASIC: every request needs the credential."""

    name = "nexus.example.com:5000"
    user = "deployer"
    head_of_manifests = 404

    def open(self):
        self.internet.host("nexus.example.com", self.answer, 5000)

    def hosts_of_the_password(self):
        return ("nexus.example.com",)

    def refusal(self, request, repository):
        if request.basic == (self.user, self.password):
            return None
        return errors(401, "UNAUTHORIZED", "access to the requested resource is not authorized", _BASIC)


class NexusForAnybody(Nexus):
    """With anonymous access: what is private is not there for callers without a credential, and only /v2/ says more."""

    def refusal(self, request, repository):
        refused = super().refusal(request, repository)
        if not refused or repository is None or repository == self.public:
            return refused if repository is None else None
        return errors(404, "NAME_UNKNOWN", "repository name not known to registry")


class NexusByPath(BearerStandIn):
    """At a path of Nexus' own port, with its Bearer realm."""

    name = "nexus.example.com"
    user = "deployer"
    base = "/repository/docker-hosted"
    token_path = base + "/v2/token"
    head_of_manifests = 404

    def upstreams(self, credential):
        keys = self.credential_keys() if credential else {}
        return {self.name: {"url": f"https://{self.name}{self.base}", **keys}}

    def door(self):
        return f"https://{self.name}{self.base}"

    def answer(self, request):
        if request.path == self.token_path:
            return self.answer_token(request)
        if not request.target.startswith(self.base + "/"):
            return Answer(404)
        return super().answer(_below(request, self.base))


def _below(request, base):
    return type(request)(request.host, request.method, request.target.removeprefix(base), request.headers, request.body)
