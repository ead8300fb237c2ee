"""Many clients of one HTTP server at once, in one thread: they take a body's bytes and drop them."""

import contextlib
import selectors
import socket
import time

_STEP = 1 << 20
_SLOW_STEP = 64 << 10
# MSG_TRUNC makes TCP drop the bytes without a copy: the clients must not cost the CPU that the server needs.
_DROPPED = bytearray(_STEP)


class ReadersFailed(Exception):
    """An answer that is none, or a body that ended early; the text says how."""


def read_whole(endpoint, path, clients, seconds):
    """All clients read the whole body as fast as they can. Returns the bytes read."""
    return _read(endpoint, path, [0] * clients, None, seconds)


def read_slowly(endpoint, path, offsets, rate, seconds):
    """One client from each offset on, each at `rate` bytes per second, for so long. Returns the bytes read."""
    return _read(endpoint, path, offsets, rate, seconds)


def time_each(endpoints, path, seconds):
    """One client of each endpoint reads the whole body; how long each took, from before it connected."""
    took = []
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as sockets:
        end = time.monotonic() + seconds
        for endpoint in endpoints:
            reader = _Reader(endpoint, path, 0)
            sockets.callback(reader.socket.close)
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        while selector.get_map():
            if time.monotonic() > end:
                raise ReadersFailed(f"the clients have not read everything within {seconds} s")
            for key, _ in selector.select(0.1):
                if not key.data.take(_STEP):
                    took.append(time.monotonic() - key.data.started)
                    selector.unregister(key.fileobj)
    return took


def _read(endpoint, path, offsets, rate, seconds):
    """Ends when all bodies have, or with `seconds`: then fast readers are too slow, and slow ones are done."""
    selector = selectors.DefaultSelector()
    readers = [_Reader(endpoint, path, offset) for offset in offsets]
    started = time.monotonic()
    try:
        for reader in readers:
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        while selector.get_map():
            elapsed = time.monotonic() - started
            if elapsed > seconds:
                if rate is None:
                    raise ReadersFailed(f"the clients have not read everything within {seconds} s")
                break
            for key, _ in selector.select(0.1):
                if rate is not None and key.data.taken > rate * elapsed:
                    continue
                if not key.data.take(_STEP if rate is None else _SLOW_STEP):
                    selector.unregister(key.fileobj)
            if rate is not None:
                time.sleep(0.005)  # the sockets are readable all the time
    finally:
        selector.close()
        for reader in readers:
            reader.socket.close()
    return sum(reader.taken for reader in readers)


class _Reader:
    def __init__(self, endpoint, path, offset):
        self.taken = 0
        self._left = None  # of the body; None until the head has come
        self._head = b""
        self.started = time.monotonic()
        self.socket = endpoint.place.connect(endpoint.address, endpoint.port)
        wanted = f"Range: bytes={offset}-\r\n" if offset else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {endpoint.authority}\r\n{wanted}\r\n".encode())

    def take(self, most):
        """Some bytes; False when the body is complete."""
        if self._left is None:
            self._take_head()
        elif self._left:
            self._count(self.socket.recv_into(_DROPPED, min(most, self._left), socket.MSG_TRUNC))
        return self._left != 0

    def _take_head(self):
        received = self.socket.recv(1 << 16)
        self._head += received
        head, end, body = self._head.partition(b"\r\n\r\n")
        if not received or (not end and len(self._head) > 1 << 16):
            raise ReadersFailed("an answer without a head")
        if not end:
            return
        lines = head.decode("latin-1").split("\r\n")
        if lines[0].split()[1] not in ("200", "206"):
            raise ReadersFailed(lines[0])
        self._left = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:"))
        if body:
            self._count(len(body))

    def _count(self, received):
        if not received:
            raise ReadersFailed(f"a body broke off {self._left} bytes before its end")
        self.taken += received
        self._left -= received
