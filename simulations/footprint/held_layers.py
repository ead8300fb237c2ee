"""Layers put into a store that no agent uses yet, as if pulled before: data and side files in their final form.

A layer is zeros and, in its last piece, a number of its own: its digest needs only that piece to be hashed, and its file
only room for that piece on the disk. The side file's format is shared/store/side_file.hpp's.
"""

import hashlib
import os
import struct

from ..cluster.content import PLAIN_LAYER, Layer
from ..cluster.shoal import piece_length

_CHUNK = 1 << 20


class ZeroLayers:
    """Distinct layers of one size, which is a whole number of pieces."""

    def __init__(self, size):
        self.size = size
        self._piece = piece_length(size)
        if size % self._piece or size == 0:
            raise ValueError(f"{size} is not a number of pieces of {self._piece} bytes")
        self._count = size // self._piece
        self._zero_hash = hashlib.sha256(bytes(self._piece)).digest()
        self._before = hashlib.sha256()
        for start in range(0, size - self._piece, _CHUNK):
            self._before.update(bytes(min(_CHUNK, size - self._piece - start)))

    def make(self, directory, number):
        """The layer of that number as a file in `directory`, for a registry."""
        last, digest = self._last_piece(number)
        path = os.path.join(directory, digest.hex())
        self._write_data(path, last)
        name = "sha256:" + digest.hex()
        return Layer(path, name, self.size, name, PLAIN_LAYER)

    def hold(self, store, number):
        """Puts the layer of that number into the store; its digest."""
        last, digest = self._last_piece(number)
        directory = os.path.join(store, "layers", "sha256", digest.hex()[:2])
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, digest.hex())
        with open(path + ".side", "wb") as file:
            file.write(self._side(digest, last))
        self._write_data(path, last)
        return "sha256:" + digest.hex()

    def _last_piece(self, number):
        last = bytes(self._piece - 8) + struct.pack(">Q", number)
        whole = self._before.copy()
        whole.update(last)
        return last, whole.digest()

    def _write_data(self, path, last):
        with open(path, "wb") as file:
            file.truncate(self.size)
            file.seek(self.size - self._piece)
            file.write(last)

    def _side(self, digest, last):
        hashes = self._zero_hash * (self._count - 1) + hashlib.sha256(last).digest()
        no_generation, no_signature, no_swarm, no_type = struct.pack(">I", 0), b"\0", bytes(16), struct.pack(">I", 0)
        content = (b"SHOALSD1" + b"\x01" + digest + struct.pack(">QI", self.size, self._piece) + no_generation +
                   struct.pack(">I", self._count) + hashes + no_signature + no_swarm + no_type)
        return content + hashlib.sha256(content).digest()
