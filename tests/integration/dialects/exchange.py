"""Requests as a stand-in sees them, its answers, and the server that passes one for the other and keeps a list."""

import base64
import binascii
import dataclasses
import http.server
import json
import re
import threading
import time
import urllib.parse


@dataclasses.dataclass(frozen=True)
class Request:
    """One request as it came."""

    host: str       # the name of the server that was asked
    method: str
    target: str     # path and query
    headers: object  # case-insensitive
    body: bytes

    @property
    def path(self):
        return urllib.parse.unquote(self.target.partition("?")[0])

    @property
    def query(self):
        """Lists of values by name; a form's too."""
        text = self.target.partition("?")[2]
        return urllib.parse.parse_qs(text, keep_blank_values=True)

    @property
    def form(self):
        return {name: values[0] for name, values in urllib.parse.parse_qs(self.body.decode()).items()}

    @property
    def basic(self):
        """(user, password), or None."""
        scheme, _, value = (self.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            return tuple(base64.b64decode(value, validate=True).decode().split(":", 1))
        except (binascii.Error, UnicodeDecodeError):
            return None

    @property
    def bearer(self):
        scheme, _, value = (self.headers.get("Authorization") or "").partition(" ")
        return value if scheme.lower() == "bearer" else None


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False       # the body goes out in chunks, without a length
    blob: str | None = None     # the digest, when the body is (a part of) a blob: counted


def json_answer(status, value, headers=None):
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())


def errors(status, code, message, headers=None, detail=None):
    """An error as the distribution specification writes it."""
    return json_answer(status, {"errors": [{"code": code, "message": message, "detail": detail}]}, headers)


_KINDS = ((r"/v2/$", "ping"), (r"/v2/.+/manifests/sha256:", "manifest by digest"), (r"/v2/.+/manifests/", "manifest by tag"),
          (r"/v2/.+/blobs/", "blob"), (r"/v2/.+/tags/list", "tags"), (r"/v2/.+/referrers/", "referrers"))


@dataclasses.dataclass(frozen=True)
class Seen:
    """A request and the status of its answer."""

    host: str
    method: str
    target: str
    status: int
    authorization: str | None
    has_range: bool
    client: str         # User-Agent
    at: float           # seconds of the monotonic clock
    texts: tuple        # all header values and the body, as text

    @property
    def kind(self):
        """What was asked for: a word for each endpoint of a registry, the path for anything else (tokens, storage)."""
        path = urllib.parse.unquote(self.target.partition("?")[0])
        for pattern, kind in _KINDS:
            if re.search(pattern, path):
                return kind
        return re.sub(r"(sha256[:/]|[0-9a-f]{2}/)?[0-9a-f]{32,}.*", "*", path)

    def shows(self, secret):
        return any(secret in text for text in (urllib.parse.unquote_plus(self.target), *self.texts))


class Server:
    """Answers what arrives at a listening socket, over TLS when there is a context."""

    def __init__(self, internet, name, listening, answer, tls=None):
        self.name = name
        self._closing = threading.Event()
        self._server = _Server(listening, _handler(self, internet, answer), tls)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        if not self._closing.is_set():
            self._closing.set()
            self._server.shutdown()
            self._server.server_close()

    @property
    def closing(self):
        return self._closing.is_set()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listening, handler, tls):
        super().__init__(listening.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self._tls = tls

    def finish_request(self, request, client_address):
        if not self._tls:
            super().finish_request(request, client_address)
            return
        with self._tls.wrap_socket(request, server_side=True) as encrypted:
            super().finish_request(encrypted, client_address)

    def handle_error(self, request, client_address):
        """A client that went away, or did not trust the certificate: the test sees what comes of it."""


def _handler(server, internet, answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if server.closing:
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(server.name, self.command, self.path, self.headers, body)
            reply = answer(request)
            internet.seen.append(_seen(request, reply.status))
            _send(self, internet, reply)

        do_HEAD = do_GET
        do_POST = do_GET

        def log_message(self, *_):
            """The requests are kept in a list instead."""

    return Handler


def _seen(request, status):
    texts = [value for _, value in request.headers.items()] + [request.body.decode(errors="replace")]
    texts.append(urllib.parse.unquote_plus(texts[-1]))
    if request.basic:
        texts.append(":".join(request.basic))
    return Seen(request.host, request.method, request.target, status, request.headers.get("Authorization"),
                "Range" in request.headers, request.headers.get("User-Agent") or "", time.monotonic(), tuple(texts))


def _send(handler, internet, reply):
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    if reply.chunked:
        handler.send_header("Transfer-Encoding", "chunked")
    elif "Content-Length" not in reply.headers:
        handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    if handler.command == "HEAD":
        return
    if reply.blob:
        internet.count_sent(reply.blob, len(reply.body))
    if reply.chunked:
        for start in range(0, len(reply.body), 50_000):
            part = reply.body[start:start + 50_000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")
    else:
        handler.wfile.write(reply.body)
