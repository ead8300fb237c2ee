"""docker-registry as the origin: started at a place, filled over HTTP, and its access log read back."""

import dataclasses
import datetime
import json
import re

from .images import INDEX, digest_of
from .processes import wait_until
from .web import Endpoint

_CONFIG = """\
version: 0.1
log: {{level: info, formatter: json, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: "{root}"}}, delete: {{enabled: true}}}}
http: {{addr: "{authority}"}}
"""


@dataclasses.dataclass(frozen=True)
class Request:
    """One answered request as the registry logged it."""

    method: str
    uri: str
    status: int
    bytes: int
    finished: float  # seconds since 1970
    seconds: float

    @property
    def blob(self):
        """The digest, when it asked for a blob."""
        match = re.search(r"/blobs/(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})", self.uri)
        return match[1] if match else None


class Registry:
    """The origin of one run. Its clients name it by `authority`."""

    def __init__(self, workspace, place, port=None, name="registry"):
        self.endpoint = Endpoint(place, place.address, port or place.free_port())
        self.root = workspace.directory(name)
        config = _CONFIG.format(root=self.root, authority=self.authority)
        self.process = workspace.start(name, ["docker-registry", "serve", workspace.file(name + ".yml", config)], place)
        self._skip_lines = 0
        wait_until(self._answers, 20, "docker-registry answers")

    @property
    def authority(self):
        return self.endpoint.authority

    def _answers(self):
        if not self.process.running():
            raise RuntimeError("docker-registry ended:\n" + self.process.log_tail())
        try:
            return self.endpoint.get("/v2/").status == 200
        except OSError:
            return False

    def push_image(self, repository, tag, image):
        """Blobs first, then the manifest under its tag and its digest."""
        for layer in image.layers:
            with open(layer.path, "rb") as file:
                self.push_blob(repository, layer.digest, file, layer.size)
        self.push_blob(repository, image.id, image.config, len(image.config))
        self.push_manifest(repository, tag, image.manifest, image.media_type)

    def push_index(self, repository, tag, index):
        """The images it names must be there."""
        self.push_manifest(repository, tag, index, INDEX)

    def push_blob(self, repository, digest, body, size):
        started = self.endpoint.request("POST", f"/v2/{repository}/blobs/uploads/", b"")
        location = started.headers["Location"]
        path = location[location.index("/v2/"):]
        joint = "&" if "?" in path else "?"
        answer = self.endpoint.request("PUT", f"{path}{joint}digest={digest}", body,
                                       {"Content-Length": str(size), "Content-Type": "application/octet-stream"}, 120)
        if answer.status != 201:
            raise RuntimeError(f"docker-registry refused a blob: {answer.status} {answer.body!r}")

    def push_manifest(self, repository, reference, manifest, media_type):
        for name in (reference, digest_of(manifest)):
            answer = self.endpoint.request("PUT", f"/v2/{repository}/manifests/{name}", manifest,
                                           {"Content-Type": media_type})
            if answer.status != 201:
                raise RuntimeError(f"docker-registry refused a manifest: {answer.status} {answer.body!r}")

    def forget_requests(self):
        """`requests` starts anew from here."""
        self._skip_lines = len(self.process.log().splitlines())

    def requests(self):
        """All requests answered since the start or since `forget_requests`."""
        lines = self.process.log().splitlines()[self._skip_lines:]
        return [request for request in map(_parse, lines) if request]

    def gets_by_blob(self):
        """How often each blob was asked for, by digest; HEAD is not counted."""
        counts = {}
        for request in self.requests():
            if request.method == "GET" and request.blob:
                counts[request.blob] = counts.get(request.blob, 0) + 1
        return counts

    def blob_bytes_sent(self):
        return sum(request.bytes for request in self.requests() if request.method == "GET" and request.blob)


def _parse(line):
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if "http.response.status" not in entry:
        return None
    return Request(entry["http.request.method"], entry["http.request.uri"], entry["http.response.status"],
                   entry.get("http.response.written", 0), _seconds_since_1970(entry["time"]),
                   _seconds(entry.get("http.response.duration", "0s")))


def _seconds_since_1970(text):
    # Go writes up to nine digits of fraction, Python reads six.
    text = re.sub(r"(\.\d{1,6})\d*", r"\1", text).replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(text).timestamp()


def _seconds(text):
    """Go's duration: "1m2.5s", "1.2ms", "35µs"."""
    factors = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9}
    return sum(float(number) * factors[unit] for number, unit in re.findall(r"([\d.]+)(ms|µs|us|ns|h|m|s)", text))
