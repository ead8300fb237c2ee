"""Nodes that join swarms in order to do harm: BitTorrent's handshake and our extension, spoken on raw sockets.

Formats: BEP 3 and BEP 10 (bittorrent.org), shared/swarm/messages.hpp. Written from what these say, not with our code.
"""

import contextlib
import hashlib
import os
import random
import socket
import struct
import threading
import time

from .control import ControlChannel, swarm_name, text
from .sockets import exactly, serve_each, stop_listening

HELLO, OFFER, ASK, REFUSE, PIECE, HASHES, WANT_HASHES = range(1, 8)
_FETCH, _SEED = 0, 2
_OUR_ID = 7           # under which others are to send us messages of the extension
_LARGEST_PART = 512 << 10
_PAUSE_SECONDS = 0.01


def info_hash(name):
    info = (b"d6:lengthi16384e4:name32:" + name.encode() + b"12:piece lengthi16384e6:pieces20:" + bytes(20)
            + b"7:privatei1ee")
    return hashlib.sha1(info).digest()


class Swarm:
    """A layer's swarm, as far as who attacks it needs to know it."""

    def __init__(self, digest, size, piece_length, generation, name):
        self.digest, self.size, self.piece_length, self.generation = digest, size, piece_length, generation
        self.name = name
        self.info_hash = info_hash(name)
        self.count = -(-size // piece_length)

    def length(self, piece):
        return min(self.piece_length, self.size - piece * self.piece_length)


class Connection:
    """One BitTorrent connection with our extension in it."""

    def __init__(self, connection, swarm):
        self.swarm = swarm
        self._socket = connection
        self.their_id = None
        self._sending = threading.Lock()

    def shake_hands(self, answered):
        """`answered`: the other side's handshake was read already."""
        self.knock()
        if not answered:
            exactly(self._socket, 68)
        self.raw(b"\x14\x00d1:md5:shoali%deee" % _OUR_ID)
        while self.their_id is None:
            self._read_frame()

    def knock(self):
        """BitTorrent's own handshake."""
        reserved = bytes([0, 0, 0, 0, 0, 0x10, 0, 0])
        self._socket.sendall(b"\x13BitTorrent protocol" + reserved + self.swarm.info_hash + b"-XX0001-" + os.urandom(12))

    def ended_within(self, seconds):
        """Whether the other side closes, though it is told every second that this one is alive."""
        end = time.monotonic() + seconds
        self._socket.settimeout(1)
        while time.monotonic() < end:
            try:
                self.bytes(bytes(4))
                if not self._socket.recv(65_536):
                    return True
            except TimeoutError:
                pass
            except OSError:
                return True
        return False

    def raw(self, payload):
        with self._sending:
            self._socket.sendall(struct.pack(">I", len(payload)) + payload)

    def bytes(self, data):
        with self._sending:
            self._socket.sendall(data)

    def send(self, kind, body):
        self.raw(bytes([20, self.their_id, kind]) + body)

    def hello(self, node, role=_FETCH, held=2):
        self.send(HELLO, struct.pack(">HB", 1, role) + text(node) + text("") + os.urandom(32) + bytes(32)
                  + bytes([held]) + struct.pack(">I", 0))

    def piece(self, piece, data, pushed=False):
        for offset in range(0, len(data), _LARGEST_PART):
            self.send(PIECE, struct.pack(">IIB", piece, offset, pushed) + data[offset:offset + _LARGEST_PART])

    def _read_frame(self):
        """(kind, body) of a message of ours, or None for one of BitTorrent's own."""
        length, = struct.unpack(">I", exactly(self._socket, 4))
        frame = exactly(self._socket, length)
        if length < 2 or frame[0] != 20:
            return None
        if frame[1] == 0:
            marker = b"5:shoali"
            at = frame.find(marker)
            if at < 0:
                raise ConnectionError("the other side does not speak our extension")
            self.their_id = int(frame[at + len(marker):frame.index(b"e", at + len(marker))])
            return None
        return (frame[2], frame[3:]) if frame[1] == _OUR_ID and length > 2 else None

    def messages(self):
        while True:
            message = self._read_frame()
            if message:
                yield message

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes whoever reads or writes
        self._socket.close()


# ---- what they do, each on connections of its own; to return or to fail ends the connection

def send_wrong_pieces(connection, node):
    """Has everything, and sends anything for it."""
    connection.hello(node)
    for kind, body in connection.messages():
        if kind == ASK:
            piece, = struct.unpack(">I", body[:4])
            connection.piece(piece, os.urandom(max(0, connection.swarm.length(piece))))


def stay_silent(connection, node):
    """Has everything, and never answers."""
    connection.hello(node)
    for _ in connection.messages():
        pass


def trickle(connection, node):
    """Sends what it is asked for so slowly that nobody is helped: a few KiB a second."""
    connection.hello(node)
    for kind, body in connection.messages():
        if kind == ASK:
            piece, = struct.unpack(">I", body[:4])
            length = max(0, connection.swarm.length(piece))  # hostile nodes meet each other too
            head = bytes([20, connection.their_id, PIECE]) + struct.pack(">IIB", piece, 0, 0)
            data = struct.pack(">I", len(head) + length) + head + bytes(length)
            for at in range(0, len(data), 256):
                connection.bytes(data[at:at + 256])
                time.sleep(0.05)


def flood(connection, node):
    """Pieces that nobody asked for, without end."""
    connection.hello(node)
    while True:
        piece = random.randrange(connection.swarm.count)
        connection.piece(piece, bytes(connection.swarm.length(piece)), pushed=True)
        time.sleep(_PAUSE_SECONDS)


def ask_and_never_read(connection, node):
    """Every piece, again and again; what comes stays in the kernel's buffers and then in the sender's."""
    connection.hello(node, held=0)
    while True:
        for piece in range(connection.swarm.count):
            connection.send(ASK, struct.pack(">IB", piece, 1))
        time.sleep(_PAUSE_SECONDS)


def speak_nonsense(connection, node):
    """Messages that do not parse, lengths that do not end, pieces beyond the layer."""
    connection.hello(node)
    count = connection.swarm.count
    nonsense = [bytes([random.randrange(256)]) + os.urandom(random.randrange(200)),
                bytes([OFFER]) + struct.pack(">III", 1, count, 1), bytes([OFFER]) + struct.pack(">III", 1, 0, 2**32 - 1),
                bytes([OFFER]) + struct.pack(">I", 2**32 - 1), bytes([ASK]) + struct.pack(">IB", count, 1),
                bytes([PIECE]) + struct.pack(">IIB", count, 0, 0) + bytes(100), bytes([HELLO]), bytes([WANT_HASHES]) + bytes(3),
                bytes([HASHES]) + struct.pack(">II", 0, 64) + os.urandom(64 * 32 + 64)]
    for _ in range(3):
        connection.raw(bytes([20, connection.their_id]) + random.choice(nonsense))
    connection.bytes(struct.pack(">I", 1 << 20) + bytes([20, connection.their_id, OFFER]))  # and never the rest
    time.sleep(5)


def pretend_to_be_the_seeder(connection, node):
    """Under the tracker's name, as a seeder, it pushes wrong pieces."""
    del node
    connection.hello("tracker", role=_SEED)
    for piece in range(connection.swarm.count):
        connection.piece(piece, os.urandom(connection.swarm.length(piece)), pushed=True)
        time.sleep(_PAUSE_SECONDS)
    stay = connection.messages()
    while True:
        next(stay)


def never_greet(connection, node):
    """A connection, and then nothing."""
    del node
    for _ in connection.messages():
        pass


BEHAVIOURS = (send_wrong_pieces, stay_silent, trickle, flood, ask_and_never_read, speak_nonsense,
              pretend_to_be_the_seeder, never_greet)


class HostileNode:
    """Known to the tracker as `place.name`; in each swarm that it joins it behaves as told, towards everybody."""

    def __init__(self, workspace, place, tracker, behaviour):
        self.name = place.name
        self.address = place.address
        self._place = place
        self._behaviour = behaviour
        self._swarms = {}       # by info-hash
        self.peers = {}         # of each swarm, as the tracker named them: (host, port) by digest
        self._closing = threading.Event()
        self._open = set()      # connections
        self.connections = 0    # that came as far as the extension
        self._listener = place.listen()
        self._channel = ControlChannel(tracker.control, self.name, place.address, self._listener.getsockname()[1])
        self._channel.on_swarm = self._enter
        self._channel.on_peers = self._dial
        workspace.callback(self.close)
        threading.Thread(target=serve_each, args=(self._listener, self._closing, self._answer), daemon=True).start()

    def close(self):
        self._closing.set()
        stop_listening(self._listener)
        self._channel.close()
        for connection in list(self._open):
            connection.close()

    def join(self, digest, upstream, repository):
        self._channel.join(digest, upstream, repository)

    def _enter(self, digest, size, piece_length, generation):
        name = swarm_name(self._channel.swarm_key, digest, size, piece_length, generation)
        swarm = Swarm(digest, size, piece_length, generation, name)
        self._swarms[swarm.info_hash] = swarm
        self._channel.ready(digest, generation, swarm.count)

    def _dial(self, digest, peers):
        self.peers.setdefault(digest, []).extend(peers)
        swarm = next((each for each in self._swarms.values() if each.digest == digest), None)
        for host, port in peers if swarm else ():
            threading.Thread(target=self._call, args=(swarm, host, port), daemon=True).start()

    def _call(self, swarm, host, port):
        try:
            # From its own address: on loopback every other one would be 127.0.0.1, and all nodes one host.
            self._serve(socket.create_connection((host, port), 10, (self._place.address, 0)), swarm, False)
        except OSError:
            pass  # the other side is gone or does not want us

    def knock(self, digest, address):
        """A connection of the layer's swarm on which nothing but BitTorrent is spoken."""
        swarm = next(each for each in self._swarms.values() if each.digest == digest)
        connection = Connection(socket.create_connection(address, 10), swarm)
        self._open.add(connection)
        connection.knock()
        return connection

    def _answer(self, accepted):
        accepted.settimeout(60)
        try:
            swarm = self._swarms.get(exactly(accepted, 68)[28:48])
            if swarm:
                self._serve(accepted, swarm, True)
        except OSError:
            pass
        finally:
            accepted.close()

    def _serve(self, opened, swarm, answered):
        connection = Connection(opened, swarm)
        self._open.add(connection)
        try:
            if self._closing.is_set():
                return
            connection.shake_hands(answered)
            self.connections += 1
            self._behaviour(connection, self.name)
        except OSError:
            pass  # turned away, which is what should happen
        finally:
            self._open.discard(connection)
            connection.close()
