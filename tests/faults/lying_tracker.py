"""A tracker that lies: the control channel's other side, spoken by the test itself.

Formats: RFC 6455 and shared/control/*_messages.hpp. Written from what these say, not with our code.
"""

import base64
import collections
import hashlib
import os
import socket
import struct
import threading
import types

from simulations.cluster.network import authority
from simulations.cluster.shoal import piece_length

from .control import text
from .sockets import read_frame, read_head, serve_each, stop_listening

_HELLO, _JOIN, _RESOLVE, _WELCOME, _JOINED, _REFUSED, _RESOLVED, _WAITING = 0, 2, 5, 8, 9, 10, 16, 21
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

# What an agent asks: `digest` as it travels, `size` 0 when it does not know it.
Join = collections.namedtuple("Join", "digest size")


def joined(join, size, length=None, peers=(), holders=()):
    body = join.digest + struct.pack(">QII", size, length or piece_length(size), 1) + text("")
    for endpoints in (peers, holders):
        body += struct.pack(">I", len(endpoints))
        for host, port in endpoints:
            body += text(host) + struct.pack(">H", port) + text("liar") + bytes([endpoints is peers])
    return bytes([_JOINED]) + body


# ---- lies, each what it answers to a join; `tracker.dead` is an address where nobody is

def says_another_size(tracker, join):
    yield joined(join, (join.size or 1_000) + 1, peers=[tracker.dead])


def says_an_absurd_size(tracker, join):
    yield joined(join, 1 << 62, peers=[tracker.dead])


def says_five_mebibytes_of_everything(tracker, join):
    yield joined(join, 5 << 20, peers=[tracker.dead])


def cuts_by_another_rule(tracker, join):
    yield joined(join, join.size or 1_000, length=12_345, peers=[tracker.dead])


def names_a_seeder_that_is_not_there(tracker, join):
    yield joined(join, join.size or 300_000, peers=[tracker.dead])


def names_holders_that_are_not_there(tracker, join):
    yield joined(join, join.size or 1_000, holders=[tracker.dead] * 4)


def says_that_there_is_no_such_layer(_tracker, join):
    yield bytes([_REFUSED]) + join.digest + b"\x00" + text("no") + struct.pack(">I", 0)


def says_that_the_origin_must_be_left_alone_for_ever(_tracker, join):
    """Believed, as of an origin that is overloaded: the pull fails clearly, and at once."""
    yield bytes([_REFUSED]) + join.digest + b"\x01" + text("no") + struct.pack(">I", 0xffffffff)


def never_answers(_tracker, _join):
    return ()


def tells_to_wait_for_ever(tracker, join):
    while not tracker.closing.wait(1):
        yield bytes([_WAITING]) + join.digest


def talks_nonsense(_tracker, join):
    yield bytes([_JOINED]) + join.digest[:20]
    yield os.urandom(100)


LIES = (says_another_size, says_an_absurd_size, says_five_mebibytes_of_everything, cuts_by_another_rule,
        names_a_seeder_that_is_not_there, names_holders_that_are_not_there, says_that_there_is_no_such_layer, never_answers,
        talks_nonsense)


class LyingTracker:
    """Listens at `place`; every join is answered by `lie`."""

    def __init__(self, workspace, place, lie):
        self._lie = lie
        self._listener = place.listen()
        self.closing = threading.Event()
        self.joins = 0
        self.dead = (place.address, place.free_port())
        self.control = types.SimpleNamespace(url="http://" + authority(*self._listener.getsockname()[:2]))
        workspace.callback(self.close)
        threading.Thread(target=serve_each, args=(self._listener, self.closing, self._serve), daemon=True).start()

    def close(self):
        self.closing.set()
        stop_listening(self._listener)

    def _serve(self, connection):
        channel = _Channel(connection)
        try:
            channel.upgrade()
            for kind, body in channel.messages():
                if kind == _HELLO:
                    channel.send(bytes([_WELCOME]) + struct.pack(">HI", 1, 0) + os.urandom(32) + b"\x00" + os.urandom(32)
                                 + os.urandom(8) + struct.pack(">I", 0))
                elif kind == _RESOLVE:
                    channel.send(bytes([_RESOLVED]) + body[:4] + struct.pack(">HBQ", 0, 0, 0) + text("") + text("no"))
                elif kind == _JOIN:
                    self.joins += 1
                    join = Join(body[:33], struct.unpack(">Q", body[-12:-4])[0])  # an empty credential is the last field
                    threading.Thread(target=self._answer, args=(channel, join), daemon=True).start()
        except OSError:
            pass  # the agent went
        finally:
            channel.close()

    def _answer(self, channel, join):
        try:
            for message in self._lie(self, join):
                channel.send(message)
        except OSError:
            pass  # the agent went


class _Channel:
    """A WebSocket connection, the server's side of it."""

    def __init__(self, connection):
        self._socket = connection
        self._sending = threading.Lock()

    def close(self):
        self._socket.close()

    def upgrade(self):
        lines = [line.partition(b":") for line in read_head(self._socket).split(b"\r\n")]
        key = next(value.strip() for name, _, value in lines if name.lower() == b"sec-websocket-key")
        accept = base64.b64encode(hashlib.sha1(key + _ACCEPT).digest())
        self._socket.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             b"Sec-WebSocket-Accept: " + accept + b"\r\nSec-WebSocket-Protocol: shoal.v1\r\n\r\n")

    def send(self, payload, opcode=2):
        length = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([length]) if length < 126 else struct.pack(">BH", 126, length))
        with self._sending:
            self._socket.sendall(head + payload)

    def messages(self):
        """(kind, body) of each binary message."""
        while True:
            opcode, payload = read_frame(self._socket)
            if opcode == 8:
                return
            if opcode == 9:
                self.send(payload, 10)
            elif opcode == 2 and payload:
                yield payload[0], payload[1:]
