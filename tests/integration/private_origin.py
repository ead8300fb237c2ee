"""An origin that asks for a login, in front of the shared docker-registry: by name and password, or by token.

The challenges are those of distribution's two kinds of access control (htpasswd, token); the token server's answers are
those of the distribution token specification. Two further users hear what registries say beside 401: 403 and 429.
"""

import base64
import dataclasses
import http.client
import http.server
import json
import secrets
import threading
import urllib.parse

from .scripted_origin import ServingOrigin

USER, PASSWORD = "me", "pass:word"
_CHUNK = 64 << 10


def basic(user=USER, password=PASSWORD):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclasses.dataclass(frozen=True)
class Asked:
    method: str
    path: str  # without the query
    authorization: str | None
    status: int


class PrivateOrigin(ServingOrigin):
    """`tokens`: with a token server at /token, which gives one to USER alone. `lengths`: bodies say how long they are."""

    def __init__(self, workspace, registry, tokens=False, lengths=True, private=True):
        self.requests = []
        self.lengths = lengths
        self._tokens = set() if tokens else None
        self._private = private
        self._registry = registry
        super().__init__(workspace, self._handler())

    def gets(self, digest):
        """How often this blob was sent."""
        return sum(asked.method == "GET" and asked.path.endswith("/blobs/" + digest) and asked.status in (200, 206)
                   for asked in list(self.requests))

    def copies(self, image):
        return {digest: self.gets(digest) for digest in image.blobs}

    def _challenge(self, path):
        if self._tokens is None:
            return 'Basic realm="private"'
        name = path.removeprefix("/v2/").split("/manifests/")[0].split("/blobs/")[0].removesuffix("/tags/list")
        scope = f',scope="repository:{name}:pull"' if name else ""
        return f'Bearer realm="{self.url}/token",service="private"{scope}'

    def _refusal(self, path, authorization):
        """(status, code, headers), or None for a caller that may read."""
        if not self._private:
            return None
        if authorization == basic("other"):
            return 403, "DENIED", {}
        if authorization == basic("busy"):
            return 429, "TOOMANYREQUESTS", {"Retry-After": "60"}
        right = authorization == basic() if self._tokens is None else (authorization or "")[len("Bearer "):] in self._tokens
        return None if right else (401, "UNAUTHORIZED", {"WWW-Authenticate": self._challenge(path)})

    def _handler(self):
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.split("?")[0]
                authorization = self.headers.get("Authorization")
                if path == "/token":
                    origin._give_token(self, authorization)
                    return
                refusal = origin._refusal(path, authorization)
                try:
                    status = origin._refuse(self, *refusal) if refusal else origin._pass_on(self)
                except OSError:
                    self.close_connection = True
                    return
                origin.requests.append(Asked(self.command, path, authorization, status))

            do_HEAD = do_GET

            def do_POST(self):
                """containerd asks for a token so first, as OAuth 2 does."""
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                origin._give_token(self, basic(form.get("username", [""])[0], form.get("password", [""])[0]))

            def log_message(self, *_):
                """The requests are kept in a list instead."""

        return Handler

    @staticmethod
    def _answer(handler, status, body, headers):
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
        return status

    def _give_token(self, handler, authorization):
        if authorization != basic():
            self._answer(handler, 401, b"{}", {})
            return
        token = secrets.token_hex(16)
        self._tokens.add(token)
        self._answer(handler, 200, json.dumps({"token": token, "access_token": token, "expires_in": 300}).encode(), {})

    def _refuse(self, handler, status, code, headers):
        body = json.dumps({"errors": [{"code": code, "message": f"said by the origin: {code}"}]}).encode()
        return self._answer(handler, status, body, headers)

    def _pass_on(self, handler):
        upstream = http.client.HTTPConnection(self._registry.endpoint.address, self._registry.endpoint.port, timeout=60)
        try:
            headers = {name: handler.headers[name] for name in ("Accept", "Range") if name in handler.headers}
            upstream.request(handler.command, handler.path, headers=headers)
            response = upstream.getresponse()
            in_chunks = not self.lengths and response.status == 200 and handler.command == "GET"
            handler.send_response_only(response.status)
            for name, value in response.getheaders():
                if not in_chunks or name.lower() != "content-length":
                    handler.send_header(name, value)
            if in_chunks:
                handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            while chunk := response.read(_CHUNK) if handler.command != "HEAD" else b"":
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if in_chunks else chunk)
            if in_chunks:
                handler.wfile.write(b"0\r\n\r\n")
            return response.status
        finally:
            upstream.close()


class Login:
    """Answers an origin's challenge as a runtime does."""

    def __init__(self, endpoint, upstream):
        self._endpoint = endpoint
        self._query = "?ns=" + urllib.parse.quote(upstream, safe="")
        self._lock = threading.Lock()
        self._authorization = None

    def get(self, path, headers=None):
        answer = self._ask(path, headers)
        if answer.status == 401:
            self._authorization = self._log_in(answer.headers["WWW-Authenticate"])
            answer = self._ask(path, headers)
        return answer

    def _ask(self, path, headers):
        shown = {"Authorization": self._authorization} if self._authorization else {}
        return self._endpoint.get(path + self._query, {**(headers or {}), **shown}, 60)

    @staticmethod
    def _log_in(challenge):
        if challenge.startswith("Basic "):
            return basic()
        parameters = dict(part.split("=", 1) for part in challenge.removeprefix("Bearer ").split(","))
        realm = urllib.parse.urlsplit(parameters.pop("realm").strip('"'))
        query = urllib.parse.urlencode({name: value.strip('"') for name, value in parameters.items()})
        connection = http.client.HTTPConnection(realm.hostname, realm.port, timeout=30)
        try:
            connection.request("GET", f"{realm.path}?{query}", headers={"Authorization": basic()})
            return "Bearer " + json.loads(connection.getresponse().read())["token"]
        finally:
            connection.close()
