"""A registry with several repositories and callers, which says of each question what it would answer and counts them all.

Basic and Bearer both let in, as at Harbor. The challenge names a token server at /token; its answers and the scopes are those
of https://distribution.github.io/distribution/spec/auth/token/. A caller without a credential reads public repositories.
"""

import base64
import dataclasses
import http.server
import json
import re
import secrets
import socket
import threading
import time
import urllib.parse

from simulations.cluster.images import INDEX, MANIFEST, digest_of

_PATH = re.compile(r"/v2/(.+)/(manifests|blobs|referrers|tags)/([^/]+)$")
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")
_LONGEST_HOLD = 20
ANONYMOUS, INVALID = "", None


@dataclasses.dataclass
class Repository:
    """Manifests by tag and by digest as (type, bytes), blobs by digest, lists of referrers by subject. `claims`: digests that it
    says it has, at HEAD, as so many bytes; at GET it sends them, or with `absent` says 404."""

    public: bool = False
    readers: set = dataclasses.field(default_factory=set)
    manifests: dict = dataclasses.field(default_factory=dict)
    blobs: dict = dataclasses.field(default_factory=dict)
    referrers: dict = dataclasses.field(default_factory=dict)
    claims: dict = dataclasses.field(default_factory=dict)
    absent: bool = False


@dataclasses.dataclass(frozen=True)
class Asked:
    """One request, as it came and as it was answered."""

    method: str
    path: str  # without the query
    authorization: str | None
    status: int


@dataclasses.dataclass(frozen=True)
class _Token:
    user: str
    repositories: frozenset
    ends_at: float  # seconds since 1970


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class AccessRegistry:
    """Listens on 127.0.0.1 until the workspace ends; `delay` seconds pass before each answer."""

    def __init__(self, workspace):
        self.repositories = {}
        self.users = {}    # password by name
        self.asked = []
        self.delay = 0
        self.token_seconds = 300
        self.cut_off = set()  # digests whose bodies end in the middle
        self._tokens = {}
        self._held = {}    # by digest: the event that lets its bytes go on
        self._connections = set()
        self._lock = threading.Lock()
        self._server = None
        self._listen(0)
        self.authority = f"127.0.0.1:{self._port}"
        self.url = f"http://{self.authority}"
        workspace.callback(self.close)

    def repository(self, name):
        return self.repositories.setdefault(name, Repository())

    # What it is asked to be.

    def down(self):
        """As a machine whose program has ended: connections are refused, and those that were open are cut."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        with self._lock:
            open_ones = list(self._connections)
        for connection in open_ones:
            _cut(connection)

    def up(self):
        if not self._server:
            self._listen(self._port)

    def close(self):
        self.release_all()
        self.down()

    def revoke(self, user):
        """Password and tokens of this user are void from now on."""
        self.users.pop(user, None)
        self._tokens = {token: kept for token, kept in self._tokens.items() if kept.user != user}

    def hold(self, digest):
        """Half of a blob's body, and nothing of a manifest, is sent before `release_all`."""
        self._held[digest] = threading.Event()

    def release_all(self):
        for event in self._held.values():
            event.set()

    def token(self, user, *repositories, seconds=300, jwt=True):
        """A token that is good for these repositories so long, as long as the user may read them."""
        ends_at = time.time() + seconds
        text = secrets.token_hex(20)
        if jwt:
            claims = {"sub": user, "exp": int(ends_at), "jti": text}
            text = ".".join(_part(json.dumps(each).encode()) for each in ({"typ": "JWT", "alg": "RS256"}, claims, text))
        self._tokens[text] = _Token(user, frozenset(repositories), ends_at if not jwt else int(ends_at))
        return text

    # What it says.

    def status(self, authorization, name):
        """What a caller gets for content of a repository: 200, 401 or 403."""
        user = self._user(authorization, name)
        repository = self.repositories.get(name, Repository())
        if user is INVALID:
            return 401
        if repository.public or user in repository.readers:
            return 200
        return 403 if user != ANONYMOUS and authorization.startswith("Basic ") else 401

    def gets(self, digest):
        """How often these bytes, or a part of them, were sent."""
        return sum(each.method == "GET" and each.path.endswith("/" + digest) and each.status in (200, 206)
                   for each in list(self.asked))

    def _user(self, authorization, name):
        if not authorization:
            return ANONYMOUS
        if authorization.startswith("Bearer "):
            token = self._tokens.get(authorization[len("Bearer "):])
            good = token and time.time() < token.ends_at and (name in token.repositories or token.user == ANONYMOUS)
            return token.user if good else INVALID
        return next((user for user, password in list(self.users.items()) if authorization == basic(user, password)), INVALID)

    def answer(self, method, target, headers):
        """(status, headers, body)"""
        path = target.partition("?")[0]
        if path == "/token":
            return self._give_token(target.partition("?")[2], headers.get("Authorization"))
        match = _PATH.match(path)
        name = match[1] if match else ""
        status = self.status(headers.get("Authorization"), name) if match else self._status_of_base(headers.get("Authorization"))
        if status != 200:
            return self._refusal(status, name)
        if not match:
            return (200, {}, b"{}") if path == "/v2/" else (404, {}, b"{}")
        repository = self.repository(name)
        claimed = repository.claims.get(match[3])
        if claimed is not None and (method == "HEAD" or not repository.absent):
            status, more, body = _blob(match[3], claimed, headers.get("Range") if method == "GET" else None)
            return status, {**more, "Content-Type": MANIFEST} if match[2] == "manifests" else more, body
        return self._content(repository, match[2], match[3], headers.get("Range"))

    def _status_of_base(self, authorization):
        known = authorization and (authorization.startswith("Bearer ") or self._user(authorization, "") is not INVALID)
        return 200 if known else 401

    def _refusal(self, status, name):
        code = {401: "UNAUTHORIZED", 403: "DENIED"}[status]
        scope = f',scope="repository:{name}:pull"' if name else ""
        challenge = {"WWW-Authenticate": f'Bearer realm="{self.url}/token",service="access"{scope}'} if status == 401 else {}
        body = json.dumps({"errors": [{"code": code, "message": "said by the origin"}]}).encode()
        return status, {"Content-Type": "application/json", **challenge}, body

    def _give_token(self, query, authorization):
        scopes = urllib.parse.parse_qs(query).get("scope", [])
        repositories = [scope.split(":")[1] for each in scopes for scope in each.split() if scope.startswith("repository:")]
        user = ANONYMOUS if not authorization else self._user(authorization, "")
        if user is INVALID:
            return 401, {"Content-Type": "application/json"}, b"{}"
        token = self.token(user, *repositories, seconds=self.token_seconds)
        said = {"token": token, "access_token": token, "expires_in": self.token_seconds}
        return 200, {"Content-Type": "application/json"}, json.dumps(said).encode()

    @staticmethod
    def _content(repository, kind, reference, span):
        if kind == "tags":
            tags = sorted(tag for tag in repository.manifests if ":" not in tag)
            return 200, {"Content-Type": "application/json"}, json.dumps({"name": "it", "tags": tags}).encode()
        if kind == "referrers":
            listed = {"schemaVersion": 2, "mediaType": INDEX, "manifests": repository.referrers.get(reference, [])}
            return 200, {"Content-Type": INDEX}, json.dumps(listed).encode()
        if kind == "manifests" and reference in repository.manifests:
            media_type, body = repository.manifests[reference]
            return 200, {"Content-Type": media_type, "Docker-Content-Digest": digest_of(body)}, body
        if kind == "blobs" and reference in repository.blobs:
            return _blob(reference, repository.blobs[reference], span)
        code = "MANIFEST_UNKNOWN" if kind == "manifests" else "BLOB_UNKNOWN"
        return 404, {"Content-Type": "application/json"}, json.dumps({"errors": [{"code": code, "message": "absent"}]}).encode()

    # How it is reached.

    def _listen(self, port):
        self._server = _Server(("127.0.0.1", port), self._handler())
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _handler(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with registry._lock:
                    registry._connections.add(self.connection)

            def finish(self):
                with registry._lock:
                    registry._connections.discard(self.connection)
                try:
                    super().finish()
                except OSError:
                    pass

            def do_GET(self):
                try:
                    registry._serve(self)
                except OSError:
                    self.close_connection = True

            do_HEAD = do_GET

            def do_POST(self):
                """containerd asks for a token so first, as OAuth 2 does; this server has the older way alone."""
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                _send(self, 404, {}, b"")

            def log_message(self, *_):
                """The requests are kept in a list instead."""

        return Handler

    def _serve(self, handler):
        time.sleep(self.delay)
        path = handler.path.partition("?")[0]
        status, headers, body = self.answer(handler.command, handler.path, handler.headers)
        self.asked.append(Asked(handler.command, path, handler.headers.get("Authorization"), status))
        event = self._held.get(path.rpartition("/")[2]) if handler.command == "GET" and status in (200, 206) else None
        if event and "/manifests/" in path:
            event.wait(_LONGEST_HOLD)
        if handler.command == "GET" and path.rpartition("/")[2] in self.cut_off and status == 200:
            _send(handler, status, {**headers, "Content-Length": str(len(body))}, body[:len(body) // 2])
            raise ConnectionAbortedError
        _send(handler, status, headers, body, event if event and "/blobs/" in path else None)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        """A connection that is cut is what some tests are about."""


def _send(handler, status, headers, body, event=None):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if "Content-Length" not in headers:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command == "HEAD":
        return
    half = len(body) // 2 if event else len(body)
    handler.wfile.write(body[:half])
    if event:
        event.wait(_LONGEST_HOLD)
        handler.wfile.write(body[half:])


def _blob(digest, data, span):
    headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
    match = _RANGE.match(span or "")
    if not match:
        return 200, headers, data
    first, last = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
    if first > last:
        return 416, {"Content-Range": f"bytes */{len(data)}"}, b""
    return 206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"}, data[first:last + 1]


def _cut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _part(data):
    data = data if isinstance(data, bytes) else data.encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
