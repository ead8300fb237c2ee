"""Layers made on the spot: tar archives of deterministic bytes that do not compress, as gzip or plain.

The same arguments give the same digests on every machine with the same zlib.
"""

import dataclasses
import gzip
import hashlib
import io
import os
import random
import tarfile

GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CHUNK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer in a file: what a manifest says of it."""

    path: str
    digest: str
    size: int
    diff_id: str
    media_type: str


class _RandomBytes(io.RawIOBase):
    """A readable stream of `size` pseudo-random bytes."""

    def __init__(self, seed, size):
        super().__init__()
        self._random = random.Random(seed)
        self._left = size
        self._ready = b""

    def read(self, size=-1):
        size = self._left if size < 0 else min(size, self._left)
        while len(self._ready) < size:
            self._ready += self._random.randbytes(_CHUNK)
        out, self._ready = self._ready[:size], self._ready[size:]
        self._left -= size
        return out


class _HashedFile:
    """Passes writes on to a file (or another of these) and hashes them."""

    def __init__(self, below):
        self._below = below
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data):
        self._hash.update(data)
        self.size += len(data)
        self._below.write(data)
        return len(data)

    def flush(self):
        """The file below is flushed when it is closed."""

    def digest(self):
        return "sha256:" + self._hash.hexdigest()


def make_layer(directory, size, seed, compressed=True):
    """Writes a layer around one file of `size` bytes into `directory`. Its own size is a little more."""
    path = os.path.join(directory, f"layer-{seed}-{size}{'.gz' if compressed else ''}")
    with open(path, "wb") as file:
        outer = _HashedFile(file)
        if compressed:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=outer, mtime=0) as zipped:
                inner = _HashedFile(zipped)
                _write_tar(inner, size, seed)
        else:
            inner = outer
            _write_tar(inner, size, seed)
    return Layer(path, outer.digest(), outer.size, inner.digest(), GZIP_LAYER if compressed else PLAIN_LAYER)


def _write_tar(out, size, seed):
    """By hand: tarfile pads every archive to 10 KiB, and small layers are to stay small."""
    entry = tarfile.TarInfo(f"data/{seed}-{size}")
    entry.size = size
    entry.mode = 0o644
    out.write(entry.tobuf(tarfile.USTAR_FORMAT))
    source = _RandomBytes(seed, size)
    while chunk := source.read(_CHUNK):
        out.write(chunk)
    padding = -size % tarfile.BLOCKSIZE
    out.write(bytes(padding + 2 * tarfile.BLOCKSIZE))
