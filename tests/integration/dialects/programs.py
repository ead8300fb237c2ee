"""The real programs: docker-registry 2.8 of Debian and distribution 3, with htpasswd and with a token service.

The token service here signs as distribution's documentation says (RS256, the certificate in `x5c`); source:
https://distribution.github.io/distribution/spec/auth/jwt/.
"""

import base64
import crypt
import json
import os
import secrets
import shutil
import subprocess
import time

from simulations.cluster.processes import wait_until
from simulations.cluster.registry import Registry
from simulations.cluster.web import Endpoint

from .exchange import Answer, json_answer
from .registry import StandIn, repositories_of

_PORT = 5000
_TOKEN_CONFIG = "auth: {{token: {{realm: '{realm}', service: '{service}', issuer: test, rootcertbundle: '{bundle}'}}}}\n"
_HTPASSWD_CONFIG = "auth: {{htpasswd: {{realm: 'a \"test\" registry', path: '{path}'}}}}\n"
_CONFIG = """\
version: 0.1
log: {{level: info, formatter: json, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: "{root}"}}, delete: {{enabled: true}}}}
http: {{addr: "{authority}"}}
"""


def distribution_3():
    """The program, or None: no Debian package has it. `go install github.com/distribution/distribution/v3/cmd/registry@v3.1.2`."""
    return os.environ.get("SHOAL_DISTRIBUTION") or shutil.which("distribution")


class RealRegistry(StandIn):
    """Runs a program in place of a stand-in, over plain HTTP at its own name. What it was asked is in its log."""

    name = "registry.example.com:5000"
    host = "registry.example.com"
    program = "docker-registry"

    def open(self):
        self._place = self.internet.place_of(self.host)
        self._root = self.workspace.directory("real")
        self._registry = Registry(self.workspace, self._place, _PORT, "real")  # open to all, while it is filled

    def hosts_of_the_password(self):
        return (self.host,)

    def door(self):
        return f"http://{self.name}"

    def upstreams(self, credential):
        return {self.name: {"url": f"http://{self.name}", **(self.credential_keys() if credential else {})}}

    def put(self, repository, tag, *images):
        for image in images:
            self._registry.push_image(repository, f"{tag}-{image.architecture}", image)
        digest = super().put(repository, tag, *images)
        self._registry.push_index(repository, tag, self.manifests[repository, digest][1])
        return digest

    def close_to_all(self):
        """From here on it lets in as configured."""
        self._registry.process.end()
        endpoint = Endpoint(self._place, self._place.address, _PORT)
        config = _CONFIG.format(root=self._root, authority=endpoint.authority) + self.auth_config()
        process = self.workspace.start("real-closed", [self.program, "serve", self.workspace.file("closed.yml", config)],
                                       self._place)
        wait_until(lambda: _status(endpoint) == 401, 20, f"{self.program} asks for a credential")
        self._registry.process = process
        self._registry.forget_requests()

    def gets_by_blob(self):
        return self._registry.gets_by_blob()

    def blob_bytes(self):
        return self._registry.blob_bytes_sent()

    def auth_config(self):
        raise NotImplementedError


def _status(endpoint):
    try:
        return endpoint.get("/v2/").status
    except OSError:
        return None


class WithHtpasswd(RealRegistry):
    def auth_config(self):
        hashed = crypt.crypt(self.password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
        return _HTPASSWD_CONFIG.format(path=self.workspace.file("htpasswd", f"{self.user}:{hashed}\n"))


class WithTokens(RealRegistry):
    """Its tokens are of a host of the same site; each lives for `lifetime` seconds, and the registry judges that."""

    lifetime = 60

    def open(self):
        super().open()
        self.asked = 0
        self._key = os.path.join(self.workspace.path, "token.key")
        self._bundle = os.path.join(self.workspace.path, "token.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tokens",
                        "-keyout", self._key, "-out", self._bundle], check=True, capture_output=True, timeout=60)
        der = subprocess.run(["openssl", "x509", "-in", self._bundle, "-outform", "DER"], check=True, capture_output=True)
        self._certificate = base64.b64encode(der.stdout).decode()
        self.internet.host("auth.example.com", self._answer, 80, tls=False)

    def hosts_of_the_password(self):
        return ("auth.example.com",)

    def auth_config(self):
        return _TOKEN_CONFIG.format(realm="http://auth.example.com/token", service=self.name, bundle=self._bundle)

    def _answer(self, request):
        if request.path != "/token" or request.method != "GET":
            return Answer(404)
        if request.basic != (self.user, self.password):
            return json_answer(401, {"details": "incorrect username or password"})
        self.asked += 1
        return json_answer(200, {"token": self._token(repositories_of(request)), "expires_in": self.lifetime})

    def _token(self, repositories):
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self._certificate]}
        claims = {"iss": "test", "sub": self.user, "aud": self.name, "exp": now + self.lifetime, "nbf": now - 10, "iat": now,
                  "jti": secrets.token_hex(8),
                  "access": [{"type": "repository", "name": name, "actions": ["pull"]} for name in sorted(repositories)]}
        text = ".".join(_part(json.dumps(each).encode()) for each in (header, claims))
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self._key], input=text.encode(), check=True,
                                capture_output=True)
        return self.internet.keep_secret(f"{text}.{_part(signed.stdout)}", self.host)


def _part(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Distribution3WithHtpasswd(WithHtpasswd):
    program = distribution_3()


class Distribution3WithTokens(WithTokens):
    program = distribution_3()
