"""An origin of an image that lets so many requests for blobs through in any second, and answers 429 to the others."""

import collections
import hashlib
import http.server
import json
import random
import threading
import time

from ..integration.scripted_origin import ServingOrigin


_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class LimitedOrigin(ServingOrigin):
    """Listens on 127.0.0.1. `times`: when each request for a blob was let through; `refused`: when each was not, seconds.
    The image's manifest is never refused."""

    def __init__(self, workspace, blobs, in_a_second, retry_after=None):
        self.in_a_second = in_a_second
        self.retry_after = retry_after
        self.times = []
        self.refused = []
        contents = [random.Random(number).randbytes(4096) for number in range(blobs)]
        self.blobs = {"sha256:" + hashlib.sha256(content).hexdigest(): content for content in contents}
        named = [{"mediaType": "application/octet-stream", "digest": digest, "size": len(content)}
                 for digest, content in self.blobs.items()]
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": _MANIFEST, "config": named[0], "layers": named[1:]}).encode()
        self._recent = collections.deque()
        self._lock = threading.Lock()
        super().__init__(workspace, self._handler())

    def _let_through(self):
        with self._lock:
            now = time.monotonic()
            while self._recent and now - self._recent[0] >= 1:
                self._recent.popleft()
            is_through = len(self._recent) < self.in_a_second
            if is_through:
                self._recent.append(now)
            (self.times if is_through else self.refused).append(now)
            return is_through

    def _handler(self):
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def send_manifest(self):
                self.send_response(200)
                self.send_header("Content-Type", _MANIFEST)
                self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(origin.manifest).hexdigest())
                self.send_header("Content-Length", str(len(origin.manifest)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(origin.manifest)

            def do_HEAD(self):
                if "/manifests/" in self.path:
                    self.send_manifest()
                    return
                self.send_error(501)

            def do_GET(self):
                if "/manifests/" in self.path:
                    self.send_manifest()
                    return
                body = origin.blobs.get(self.path.split("?")[0].rsplit("/", 1)[-1], b"")
                is_through = origin._let_through()
                self.send_response(200 if is_through else 429)
                if not is_through and origin.retry_after is not None:
                    self.send_header("Retry-After", str(origin.retry_after))
                self.send_header("Content-Length", str(len(body) if is_through else 0))
                self.end_headers()
                if is_through:
                    self.wfile.write(body)

            def log_message(self, *_):
                """The times are kept in lists instead."""

        return Handler
