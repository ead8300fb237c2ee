"""Layers made on the spot: tar archives of deterministic bytes that do not compress, of given files, or of nothing.

The same arguments give the same digests on every machine with the same zlib and zstd.
"""

import contextlib
import dataclasses
import gzip
import hashlib
import io
import os
import random
import subprocess
import tarfile
import tempfile

GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar"
ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
_CHUNK = 1 << 20
_END_OF_ARCHIVE = 2 * tarfile.BLOCKSIZE  # zeros; by hand, as tarfile pads every archive to 10 KiB


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

    def __init__(self, below, algorithm="sha256"):
        self._below = below
        self._hash = hashlib.new(algorithm)
        self.size = 0

    def write(self, data):
        self._hash.update(data)
        self.size += len(data)
        self._below.write(data)
        return len(data)

    def flush(self):
        """The file below is flushed when it is closed."""

    def digest(self):
        return f"{self._hash.name}:{self._hash.hexdigest()}"


def make_layer(directory, size, seed, compression="gzip", algorithm="sha256"):
    """Writes a layer around one file of `size` bytes into `directory`. Its own size is a little more.

    `compression` is gzip, zstd or plain; `algorithm` is the one of the layer's digest.
    """
    def write(out):
        _write_file(out, f"data/{seed}-{size}", _RandomBytes(seed, size), size, 0o644)
        out.write(bytes(_END_OF_ARCHIVE))

    return _make(directory, f"layer-{seed}-{size}-{algorithm}", compression, write, algorithm)


def make_layer_of_files(directory, name, files, compression="gzip"):
    """A layer of these files: {path: bytes}, all of them executable."""
    def write(out):
        for path, data in files.items():
            _write_file(out, path, io.BytesIO(data), len(data), 0o755)
        out.write(bytes(_END_OF_ARCHIVE))

    return _make(directory, name, compression, write)


def make_empty_layer(directory, archive_bytes=_END_OF_ARCHIVE, compression="plain"):
    """A layer without a file: only the end of an archive, or not even that when `archive_bytes` is 0."""
    return _make(directory, f"empty-{archive_bytes}", compression, lambda out: out.write(bytes(archive_bytes)))


def _make(directory, name, compression, write, algorithm="sha256"):
    open_compressed, media_type = _COMPRESSIONS[compression]
    path = os.path.join(directory, f"{name}-{compression}")
    with open(path, "wb") as file:
        outer = _HashedFile(file, algorithm)
        with open_compressed(outer) as below:
            inner = _HashedFile(below)
            write(inner)
    return Layer(path, outer.digest(), outer.size, inner.digest(), media_type)


def _gzip(out):
    return gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=out, mtime=0)


@contextlib.contextmanager
def _zstd(out):
    """By the program: Python 3.11 has no zstd of its own."""
    with tempfile.TemporaryFile() as plain:
        yield plain
        plain.seek(0)
        with subprocess.Popen(["zstd", "--quiet", "-1", "--stdout"], stdin=plain, stdout=subprocess.PIPE) as program:
            while chunk := program.stdout.read(_CHUNK):
                out.write(chunk)
    if program.returncode != 0:
        raise RuntimeError(f"zstd ended with {program.returncode}")


_COMPRESSIONS = {"gzip": (_gzip, GZIP_LAYER), "zstd": (_zstd, ZSTD_LAYER),
                 "plain": (contextlib.nullcontext, PLAIN_LAYER)}


def _write_file(out, path, source, size, mode):
    entry = tarfile.TarInfo(path)
    entry.size = size
    entry.mode = mode
    out.write(entry.tobuf(tarfile.USTAR_FORMAT))
    while chunk := source.read(_CHUNK):
        out.write(chunk)
    out.write(bytes(-size % tarfile.BLOCKSIZE))
