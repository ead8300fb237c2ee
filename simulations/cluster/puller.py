"""A client that pulls an image as a container runtime does, and believes no byte that it has not hashed.

As containerd: HEAD of the tag, GET of the manifest by digest, config, then the layers three at a time, all with `ns`; a
body that breaks off is continued with `Range: bytes=N-`. Unlike containerd it has no other registry to fall back to.
"""

import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import threading
import time
import urllib.parse

from .images import DOCKER_MANIFEST, INDEX, MANIFEST, digest_of

_ACCEPT_MANIFESTS = ", ".join((MANIFEST, DOCKER_MANIFEST, INDEX, "*/*"))
_LAYERS_AT_ONCE = 3
_CHUNK = 256 << 10


class PullFailed(Exception):
    """The pull cannot be completed; the text says at what."""


class Pull:
    """One pull of UPSTREAM/REPOSITORY:REFERENCE through `endpoint`. Read the counters while `run` works elsewhere.

    Blobs end up in `directory` when there is one; layers in `held` are there already; `count` is told the size of each
    chunk of a layer as it arrives, on the thread that reads it.
    """

    def __init__(self, endpoint, upstream, repository, reference, platform="amd64", stall_seconds=60, *,
                 directory=None, held=(), count=None):
        self._endpoint = endpoint
        self._query = "?ns=" + urllib.parse.quote(upstream, safe="") if upstream else ""
        self._base = f"/v2/{repository}"
        self._reference = reference
        self._platform = platform
        self._stall_seconds = stall_seconds
        self._directory = directory
        self._held = frozenset(held)
        self._told = count
        self._lock = threading.Lock()
        self.received_bytes = 0
        self.started_at = None      # seconds since 1970, as the next ones
        self.first_byte_at = None   # of the first blob byte
        self.finished_at = None
        self.resumed = 0            # bodies that broke off and were continued
        self.manifest_digest = None
        self.image_id = None
        self.blobs = {}             # size by digest, all verified

    def run(self):
        """Returns itself; PullFailed when anything is missing or wrong."""
        self.started_at = time.time()
        manifest = self._manifest(self._resolve())
        self.image_id = manifest["config"]["digest"]
        self._blob(manifest["config"], manifest["config"]["mediaType"])
        with concurrent.futures.ThreadPoolExecutor(_LAYERS_AT_ONCE) as pool:
            pulls = [pool.submit(self._blob, layer, layer["mediaType"]) for layer in manifest["layers"]
                     if layer["digest"] not in self._held]
            for pull in pulls:
                pull.result()
        self.finished_at = time.time()
        return self

    @property
    def seconds(self):
        return self.finished_at - self.started_at

    def _resolve(self):
        head = self._ask("HEAD", f"/manifests/{self._reference}", _ACCEPT_MANIFESTS)
        for header in ("Content-Type", "Content-Length", "Docker-Content-Digest"):
            if not head.headers.get(header):
                raise PullFailed(f"HEAD of the manifest has no {header}")
        return head.headers["Docker-Content-Digest"]

    def _manifest(self, digest):
        answer = self._ask("GET", f"/manifests/{digest}", _ACCEPT_MANIFESTS)
        if digest_of(answer.body, digest.partition(":")[0]) != digest:
            raise PullFailed(f"the manifest is not {digest}")
        parsed = json.loads(answer.body)
        if answer.headers["Content-Type"] == INDEX:
            entry = next(each for each in parsed["manifests"] if each["platform"]["architecture"] == self._platform)
            return self._manifest(entry["digest"])
        if answer.headers["Content-Type"] not in (MANIFEST, DOCKER_MANIFEST):
            raise PullFailed(f"a manifest of type {answer.headers['Content-Type']}")
        self.manifest_digest = digest
        return parsed

    def _ask(self, method, path, accept):
        try:
            answer = self._endpoint.request(method, self._base + path + self._query, None, {"Accept": accept},
                                            self._stall_seconds)
        except (OSError, http.client.HTTPException) as error:
            raise PullFailed(f"{method} {path}: {error!r}") from error
        if answer.status != 200:
            raise PullFailed(f"{method} {path}: {answer.status} {answer.body[:200]!r}")
        return answer

    def _blob(self, descriptor, media_type):
        """Reads a blob, going on where it broke off as long as that makes progress."""
        digest, size = descriptor["digest"], descriptor["size"]
        algorithm = digest.partition(":")[0]
        hasher, position = hashlib.new(algorithm), 0
        while True:
            reached = self._read_on(digest, media_type, hasher, position, size)
            if reached == size:
                break
            if reached == position:
                raise PullFailed(f"{digest} broke off at {position} of {size}")
            position = reached
            with self._lock:
                self.resumed += 1
        if f"{algorithm}:{hasher.hexdigest()}" != digest:
            raise PullFailed(f"wrong bytes in {digest}")
        with self._lock:
            self.blobs[digest] = size

    def _read_on(self, digest, media_type, hasher, position, size):
        """Hashes what arrives from `position` on; how far it came."""
        headers = {"Accept": f"{media_type}, */*"}
        if position:
            headers["Range"] = f"bytes={position}-"
        connection = self._endpoint.open(self._stall_seconds)
        try:
            connection.request("GET", f"{self._base}/blobs/{digest}{self._query}", headers=headers)
            response = connection.getresponse()
            if response.status != (206 if position else 200):
                raise PullFailed(f"{digest} from {position}: {response.status} {response.read(200)!r}")
            if int(response.headers["Content-Length"]) != size - position:
                raise PullFailed(f"{digest} from {position}: Content-Length {response.headers['Content-Length']}")
            with self._file(digest, position) as file:
                while chunk := response.read1(_CHUNK):
                    self._count(digest, chunk)
                    hasher.update(chunk)
                    if file:
                        file.write(chunk)
                    position += len(chunk)
        except (OSError, http.client.HTTPException):
            pass  # the caller sees how far it came
        finally:
            connection.close()
        return position

    def _file(self, digest, position):
        """The blob's file, open at `position`; nothing when no directory was given."""
        if not self._directory:
            return contextlib.nullcontext()
        file = open(os.path.join(self._directory, digest.replace(":", "-")), "r+b" if position else "wb", buffering=0)
        file.seek(position)
        return file

    def _count(self, digest, chunk):
        with self._lock:
            self.first_byte_at = self.first_byte_at or time.time()
            self.received_bytes += len(chunk)
        if self._told and digest != self.image_id:
            self._told(len(chunk))
