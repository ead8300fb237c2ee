"""How a node gets an image over stock BitTorrent: manifest and config from the publisher's web server, a torrent for each
layer as soon as there is one, three at a time, by the node's peer; each digest is checked."""

import concurrent.futures
import hashlib
import json
import os
import time

from ...cluster.images import digest_of
from ...cluster.network import Place
from ...cluster.puller import PullFailed
from ...cluster.web import Endpoint
from .bittorrent_peer import add, is_done

FAILED = "failed"  # the file that says so among the torrents
_LAYERS_AT_ONCE = 3
_ASK_AGAIN_SECONDS = 0.2
_LOOK_SECONDS = 0.05
_LONGEST_SECONDS = 1800
_CHUNK = 1 << 20


class BittorrentPuller:
    """For a `modes.Plan`: runs inside the node's namespace."""

    def __init__(self, arguments, directory, count):
        self._arguments = arguments
        self._web = Endpoint(Place("here", ""), *arguments["web"])
        self._directory = directory
        self._count = count
        self._deadline = time.monotonic() + _LONGEST_SECONDS

    def run(self):
        manifest = json.loads(self._small(f"{self._arguments['tag']}.json", self._arguments["manifest"]))
        config = manifest["config"]["digest"]
        self._write(config, self._small(file_name(config), config))
        wanted = [layer for layer in manifest["layers"] if layer["digest"] not in self._arguments["held"]]
        with concurrent.futures.ThreadPoolExecutor(_LAYERS_AT_ONCE) as pool:
            for pull in [pool.submit(self._layer, layer["digest"], layer["size"]) for layer in wanted]:
                pull.result()

    def _small(self, name, digest):
        data = self._published(name)
        if digest_of(data) != digest:
            raise PullFailed(f"{name} is not {digest}")
        return data

    def _published(self, name):
        """A file of the web server's, once it is there."""
        while (answer := self._web.get(f"/{name}")).status == 404:
            if (failed := self._web.get(f"/{FAILED}")).status == 200:
                raise PullFailed(f"the publisher failed: {failed.body.decode()}")
            self._pause(_ASK_AGAIN_SECONDS, name)
        if answer.status != 200:
            raise PullFailed(f"{name}: {answer.status}")
        return answer.body

    def _layer(self, digest, size):
        torrent = self._published(file_name(digest) + ".torrent")
        path, counted = add(self._arguments["peer_directory"], file_name(digest), torrent), 0
        while not is_done(path):
            self._pause(_LOOK_SECONDS, digest)
            counted += self._count_from(counted, _written(path, size))
        self._count_from(counted, size)
        if _digest_of_file(path) != digest:
            raise PullFailed(f"wrong bytes in {digest}")
        os.link(path, os.path.join(self._directory, file_name(digest)))

    def _count_from(self, counted, reached):
        new = max(reached - counted, 0)
        if new:
            self._count(new)
        return new

    def _pause(self, seconds, what):
        if time.monotonic() > self._deadline:
            raise PullFailed(f"{what}: not within {_LONGEST_SECONDS} s")
        time.sleep(seconds)

    def _write(self, digest, data):
        with open(os.path.join(self._directory, file_name(digest)), "wb") as file:
            file.write(data)


def file_name(digest):
    return digest.replace(":", "-")


def _written(path, size):
    """How much of a sparse file has been written."""
    try:
        return min(os.stat(path).st_blocks * 512, size)
    except FileNotFoundError:
        return 0


def _digest_of_file(path):
    hasher = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return f"sha256:{hasher.hexdigest()}"
