"""Gets an image from the origin and publishes it for stock BitTorrent.

A process of its own on the hub, which waits until somebody opens and closes its FIFO. Each layer is published when it is
whole: a torrent by mktorrent, allowed at opentracker, seeded by the hub's peer, and only then there for the nodes.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.parse

from ...cluster.images import MANIFEST, digest_of
from ...cluster.network import Place
from ...cluster.processes import Process, wait_until
from ...cluster.puller import PullFailed
from ...cluster.web import Endpoint
from .bittorrent_peer import add, is_done
from .bittorrent_puller import FAILED, file_name

_TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
_LAYERS_AT_ONCE = 3
_CHUNK = 256 << 10
_STALL_SECONDS = 120
_ALLOWED_SECONDS = 20
_SEEDING_SECONDS = 120  # it hashes the layer once more
_ASKING_PEER = "-XX0000-000000000000"  # who asks the tracker whether a torrent is allowed


@dataclasses.dataclass(frozen=True)
class Publisher:
    """One that was started, from outside."""

    process: Process
    fifo: str

    def go(self):
        wait_until(self._told, 20, "the publisher waits for its start")

    def _told(self):
        if not self.process.running():
            raise RuntimeError("the publisher ended:\n" + self.process.log_tail())
        try:
            os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False  # it does not read yet
        return True

    def wait_done(self, seconds):
        if self.process.wait(seconds) != 0:
            raise RuntimeError("the publisher failed:\n" + self.process.log_tail())


def start_publisher(workspace, place, name, arguments):
    """`arguments` are _Image's; it publishes nothing before `go`."""
    fifo = os.path.join(workspace.path, f"publisher-{name}.fifo")
    os.mkfifo(fifo)
    argv = [sys.executable, "-m", __name__, fifo, json.dumps(arguments)]
    return Publisher(workspace.start(f"publisher-{name}", argv, place, {"PYTHONPATH": _TREE}), fifo)


class _Image:
    """The image on its way from the origin to the nodes. `layers` and `torrents` are directories: what the peer seeds, and what
    the web server shows; `allowed` is opentracker's list, which it reads again on SIGHUP."""

    def __init__(self, origin, repository, tag, layers, torrents, allowed, tracker, tracker_process):
        here = Place("here", "")
        self._origin = Endpoint(here, *origin)
        self._base = f"/v2/{repository}"
        self._tag = tag
        self._layers = layers
        self._torrents = torrents
        self._allowed = allowed
        self._tracker = Endpoint(here, *tracker)
        self._tracker_process = tracker_process
        self._lock = threading.Lock()

    def publish(self):
        answer = self._origin.get(f"{self._base}/manifests/{self._tag}", {"Accept": MANIFEST})
        if answer.status != 200:
            raise PullFailed(f"the manifest of {self._tag}: {answer.status}")
        manifest = json.loads(answer.body)
        self._fetch(manifest["config"]["digest"])
        self._show(os.path.join(self._layers, file_name(manifest["config"]["digest"])))
        self._show(self._written(f"{digest_of(answer.body)}.json", answer.body), f"{self._tag}.json")
        with concurrent.futures.ThreadPoolExecutor(_LAYERS_AT_ONCE) as pool:
            for layer in [pool.submit(self._publish_layer, each["digest"]) for each in manifest["layers"]]:
                layer.result()

    def give_up(self, reason):
        """Tells the nodes that nothing more comes."""
        self._show(self._written(FAILED, reason.encode()))

    def _publish_layer(self, digest):
        torrent = os.path.join(self._torrents, file_name(digest) + ".torrent")
        if os.path.exists(torrent):
            return  # the version before has it too
        path = self._fetch(digest)
        made = path + ".torrent"
        subprocess.run(["mktorrent", "-a", self._tracker.url + "/announce", "-o", made, path], check=True,
                       capture_output=True)
        self._allow(_info_hash(made))
        with open(made, "rb") as file:
            seeded = add(self._layers, file_name(digest), file.read())
        wait_until(lambda: is_done(seeded), _SEEDING_SECONDS, "the hub's peer seeds the layer")
        self._show(made)

    def _fetch(self, digest):
        """The blob's file, whole and checked."""
        path, hasher = os.path.join(self._layers, file_name(digest)), hashlib.sha256()
        connection = self._origin.open(_STALL_SECONDS)
        connection.request("GET", f"{self._base}/blobs/{digest}")
        response = connection.getresponse()
        with open(path, "wb") as file:
            while chunk := response.read1(_CHUNK):
                hasher.update(chunk)
                file.write(chunk)
        connection.close()
        if response.status != 200 or f"sha256:{hasher.hexdigest()}" != digest:
            raise PullFailed(f"{digest}: {response.status}, {os.path.getsize(path)} bytes")
        return path

    def _allow(self, info_hash):
        with self._lock:
            with open(self._allowed, "a", encoding="ascii") as file:
                file.write(info_hash + "\n")
            os.kill(self._tracker_process, signal.SIGHUP)
        wait_until(lambda: self._is_allowed(info_hash), _ALLOWED_SECONDS, "opentracker allows the torrent")

    def _is_allowed(self, info_hash):
        """Asked by a peer that leaves: nobody hears of it."""
        query = urllib.parse.urlencode({"info_hash": bytes.fromhex(info_hash), "peer_id": _ASKING_PEER, "port": 1,
                                        "uploaded": 0, "downloaded": 0, "left": 0, "compact": 1, "event": "stopped"})
        return b"failure reason" not in self._tracker.get("/announce?" + query).body

    def _written(self, name, data):
        path = os.path.join(self._layers, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def _show(self, path, name=None):
        """There for the nodes, all at once."""
        shown = os.path.join(self._torrents, name or os.path.basename(path))
        shutil.copyfile(path, shown + ".part")
        os.rename(shown + ".part", shown)


def _info_hash(torrent):
    import libtorrent  # here: the benchmark itself does without
    return str(libtorrent.torrent_info(torrent).info_hash())


def _main(fifo, arguments):
    image = _Image(**json.loads(arguments))
    with open(fifo, "rb"):  # returns when somebody opens it to write
        pass
    try:
        image.publish()
    except Exception as error:  # whatever it is, the nodes must not wait on
        image.give_up(repr(error))
        raise


if __name__ == "__main__":
    _main(*sys.argv[1:])
