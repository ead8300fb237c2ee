"""What those who speak to our programs over plain sockets have in common."""

import contextlib
import socket
import struct
import threading


def serve_each(listener, closing, serve):
    """`serve(connection)` in a thread of its own for each connection, until the listener is closed or `closing` is set."""
    while not closing.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def stop_listening(listener):
    """Ends the `accept` that a thread waits in too; closing alone would leave it there, and the port open for one more."""
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def exactly(connection, count):
    """So many bytes of a socket; ConnectionError when it ends before."""
    data = bytearray()
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return bytes(data)


def read_head(connection):
    """Of an HTTP message, with the empty line behind it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += exactly(connection, 1)
    return head


def read_frame(connection):
    """Opcode and payload of a WebSocket frame, masked or not."""
    opcode, length = exactly(connection, 2)
    is_masked = length & 0x80
    length &= 0x7F
    if length == 126:
        length, = struct.unpack(">H", exactly(connection, 2))
    elif length == 127:
        length, = struct.unpack(">Q", exactly(connection, 8))
    mask = exactly(connection, 4) if is_masked else bytes(4)
    return opcode & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(exactly(connection, length)))
