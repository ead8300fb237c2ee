"""A control channel to a tracker, spoken by the test itself: what a hostile node needs to be handed out to others.

Formats: shared/control/*_messages.hpp. Written from what these headers say, not with their code.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct
import threading

from .sockets import read_frame, read_head

_HELLO, _JOIN, _PROGRESS, _WELCOME, _JOINED, _PEERS, _SERVE = 0, 2, 3, 8, 9, 11, 12
_SHA256 = b"\x01"


def text(value):
    return struct.pack(">I", len(value)) + value.encode()


def digest_bytes(digest):
    return _SHA256 + bytes.fromhex(digest.partition(":")[2])


def swarm_name(key, digest, size, piece_length, generation):
    """The name of a layer's swarm, as shared/layer/swarm_name.hpp has it: 32 hexadecimal digits."""
    message = b"\x01" + digest_bytes(digest) + struct.pack(">QII", size, piece_length, generation)
    return hmac.new(key, message, hashlib.sha256).digest()[:16].hex()


class ControlChannel:
    """Says hello as `node`, which listens at `address`; joins swarms and says of each that it is ready."""

    def __init__(self, endpoint, node, address, port):
        self.swarm_key = None
        self.on_swarm = None   # called with (digest, size, piece length, generation) of what was joined
        self.on_peers = None   # called with (digest, [(host, port)])
        self._welcomed = threading.Event()
        self._sending = threading.Lock()
        self._socket = socket.create_connection((endpoint.address, endpoint.port), 10)
        self._upgrade(endpoint)
        own = text(address) + struct.pack(">H", port) + text(node) + b"\x00"
        nowhere = text("") + struct.pack(">H", 0) + text("") + b"\x00"
        self._send(_HELLO, struct.pack(">H", 1) + text(node) + text("") + os.urandom(8) + own + nowhere + struct.pack(">I", 0))
        threading.Thread(target=self._receive_all, daemon=True).start()
        if not self._welcomed.wait(10):
            raise TimeoutError("the tracker does not welcome a hostile node")

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the tracker went first
        self._socket.close()

    def join(self, digest, upstream, repository):
        self._send(_JOIN, digest_bytes(digest) + b"\x00" + text(upstream) + text(repository) + bytes(8) + text(""))

    def ready(self, digest, generation, pieces):
        self._send(_PROGRESS, digest_bytes(digest) + struct.pack(">II", generation, pieces) + b"\x00")

    def _upgrade(self, endpoint):
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(f"GET /v1/control HTTP/1.1\r\nHost: {endpoint.authority}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Protocol: shoal.v1\r\n\r\n".encode())
        head = read_head(self._socket)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(f"the tracker answers {head[:40]!r}")

    def _send(self, kind, body, opcode=2):
        payload = (bytes([kind]) if kind is not None else b"") + body
        mask = os.urandom(4)
        length = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | length]) if length < 126 else struct.pack(">BH", 0xFE, length))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        with self._sending:
            self._socket.sendall(head + mask + masked)

    def _receive_all(self):
        try:
            while True:
                opcode, payload = read_frame(self._socket)
                if opcode == 8:
                    return self.close()
                if opcode == 9:
                    self._send(None, payload, 10)  # pong
                elif opcode == 2:
                    self._take(payload[0], payload[1:])
        except (OSError, ConnectionError):
            pass  # either side closed

    def _take(self, kind, body):
        if kind == _WELCOME:
            self.swarm_key = body[6:38]
            self._welcomed.set()
        elif kind == _JOINED:
            size, piece_length, generation = struct.unpack(">QII", body[33:49])
            self.on_swarm("sha256:" + body[1:33].hex(), size, piece_length, generation)
        elif kind == _PEERS:
            self.on_peers("sha256:" + body[1:33].hex(), list(_endpoints(body[37:])))


def _endpoints(data):
    count, = struct.unpack(">I", data[:4])
    position = 4
    for _ in range(count):
        host, position = _string(data, position)
        port, = struct.unpack(">H", data[position:position + 2])
        _, position = _string(data, position + 2)
        is_seeder, position = data[position], position + 1
        if not is_seeder:
            yield host, port


def _string(data, position):
    length, = struct.unpack(">I", data[position:position + 4])
    return data[position + 4:position + 4 + length].decode(), position + 4 + length
