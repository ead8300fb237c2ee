"""A proxy before the origin that misbehaves by rule: slow, cut off, corrupted, silent, or with another status."""

import dataclasses
import http.client
import http.server
import re
import socket
import threading
import time

_CHUNK = 64 << 10


@dataclasses.dataclass
class Rule:
    """What happens to requests whose "METHOD /path" matches. The first matching rule with `times` left counts."""

    match: str
    times: int = 1 << 30
    status: int | None = None          # this status instead of the origin's answer
    retry_after: int | None = None     # seconds, as a header of that status
    head_after: float = 0              # seconds before anything is answered
    body_after: float = 0              # seconds between the head and the first byte of the body
    rate: int | None = None            # bytes of body per second
    truncate_at: int | None = None     # the connection ends after so many bytes of body
    corrupt_at: int | None = None      # this byte of the body is flipped
    freeze_at: int | None = None       # nothing more after so many bytes, the connection stays open
    freeze_seconds: float = 60


class FaultyOrigin:
    """Listens on `address`; set `rules` at any time, they count for requests that start after that."""

    def __init__(self, workspace, registry, address):
        self.rules = []
        self.requests = []  # (method, path, Range header), as they came
        self.times = []     # of each of them, seconds of the monotonic clock
        self._sent = {}     # bytes of body by path without its query
        self._registry = registry
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server((address, 0), self._handler())
        self.authority = f"{address}:{self._server.server_address[1]}"
        self.url = f"http://{self.authority}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        workspace.callback(self.close)

    def close(self):
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def gets(self, digest):
        """How often this blob was asked for, resumed requests included."""
        return self.asked("GET", digest)

    def asked(self, wanted, digest):
        """The same for any method."""
        return sum(method == wanted and path.split("?")[0].endswith("/blobs/" + digest)
                   for method, path, _ in list(self.requests))

    def sent_bytes(self, digest):
        """Bytes of this blob that were sent so far, to whomever."""
        with self._lock:
            return sum(count for path, count in self._sent.items() if path.endswith("/blobs/" + digest))

    def _take_rule(self, method, path, range_header):
        with self._lock:
            self.requests.append((method, path, range_header))
            self.times.append(time.monotonic())
            for rule in self.rules:
                if rule.times > 0 and re.search(rule.match, f"{method} {path}"):
                    rule.times -= 1
                    return rule
        return Rule("")

    def _handler(self):
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if origin._closing.is_set():  # connections that were kept are gone with the rest
                    self.close_connection = True
                    return
                rule = origin._take_rule(self.command, self.path, self.headers.get("Range"))
                try:
                    origin._answer(self, rule)
                except OSError:
                    self.close_connection = True

            do_HEAD = do_GET

            def log_message(self, *_):
                """The requests are kept in a list instead."""

        return Handler

    def _answer(self, handler, rule):
        self._closing.wait(rule.head_after)
        if rule.status:
            handler.send_response(rule.status)
            handler.send_header("Content-Length", "0")
            if rule.retry_after is not None:
                handler.send_header("Retry-After", str(rule.retry_after))
            handler.end_headers()
            return
        upstream = http.client.HTTPConnection(self._registry.endpoint.address, self._registry.endpoint.port, timeout=60)
        try:
            headers = {name: ", ".join(handler.headers.get_all(name)) for name in set(handler.headers.keys())}
            upstream.request(handler.command, handler.path, headers=headers)
            response = upstream.getresponse()
            handler.send_response_only(response.status)
            for name, value in response.getheaders():
                handler.send_header(name, value)
            handler.end_headers()
            if handler.command != "HEAD":
                self._pass_body(handler, response, rule)
        finally:
            upstream.close()

    def _pass_body(self, handler, response, rule):
        self._closing.wait(rule.body_after)
        sent, started = 0, time.monotonic()
        stops = [stop for stop in (rule.truncate_at, rule.freeze_at) if stop is not None]
        while not self._closing.is_set():
            wanted = min([_CHUNK] + [stop - sent for stop in stops])
            chunk = response.read(wanted) if wanted > 0 else b""
            if not chunk:
                break
            handler.wfile.write(_flipped(chunk, sent, rule.corrupt_at))
            sent += len(chunk)
            self._count(handler.path.split("?")[0], len(chunk))
            if rule.rate:
                self._closing.wait(max(0.0, sent / rule.rate - (time.monotonic() - started)))
        if rule.freeze_at is not None and sent == rule.freeze_at:
            self._closing.wait(rule.freeze_seconds)
        if stops and sent in stops:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)

    def _count(self, path, count):
        with self._lock:
            self._sent[path] = self._sent.get(path, 0) + count


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that went away is what these tests are about."""


def _flipped(chunk, offset, corrupt_at):
    if corrupt_at is None or not offset <= corrupt_at < offset + len(chunk):
        return chunk
    changed = bytearray(chunk)
    changed[corrupt_at - offset] ^= 0xFF
    return bytes(changed)
