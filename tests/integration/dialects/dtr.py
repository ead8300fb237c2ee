"""Docker Trusted Registry, today Mirantis Secure Registry: nginx before garant (tokens) and distribution on one host.

Sources: https://docs.mirantis.com/msr/2.9/ref-arch/components.html (the parts), https://distribution.github.io/distribution/spec/auth/token/
(garant speaks it at /auth/token). No public trace of its exchange was found: the shapes of its 401 are those of distribution.
"""

from .exchange import Answer
from .registry import BearerStandIn


class TrustedRegistry(BearerStandIn):
    name = "dtr.example.com"
    user = "jane"
    token_path = "/auth/token"
    post = 200

    def wrong_credential(self):
        return Answer(401, {"Content-Type": "application/json"}, b'{"details":"incorrect username or password"}\n')
