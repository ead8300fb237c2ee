"""Everything that travels in a closed network, by the ports of its ends, with WebSocket's masks taken off."""

import socket
import sys
import threading

from simulations.cluster.network import _inside

_ETH_P_ALL = 3
_OUTGOING = 4  # PACKET_OUTGOING: on a loopback device each packet comes a second time, as received
_TCP, _UDP = 6, 17
_SYN = 0x02
_BUFFER = 256 << 20
_SO_RCVBUFFORCE = 33
_SOL_PACKET, _PACKET_STATISTICS = 263, 6


class Overheard:
    """Begins before the programs do, so that each connection is seen from its first byte."""

    def __init__(self, workspace, namespace):
        with _inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self._socket.settimeout(0.2)
        self._streams = {}  # (source, destination) -> {sequence number: bytes}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        workspace.callback(self.end)

    def end(self):
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def dropped(self):
        """Packets that the kernel had no room for: none may be missing."""
        return int.from_bytes(self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)[4:8], sys.byteorder)

    def streams(self):
        """[(ports of both ends, bytes of one direction)]; those of a WebSocket once more without its masks."""
        found = []
        for (source, destination), parts in list(self._streams.items()):
            data = _in_order(parts)
            ports = {source[1], destination[1]}
            found.append((ports, data))
            head, _, frames = data.partition(b"\r\n\r\n")
            if b"upgrade: websocket" in head.lower():
                found.append((ports, unmasked(frames)))
        return found

    def _listen(self):
        while not self._ended.is_set():
            try:
                packet, address = self._socket.recvfrom(1 << 17)
            except TimeoutError:
                continue
            if address[2] == _OUTGOING:
                self._note(packet)

    def _note(self, packet):
        version = packet[0] >> 4
        if version == 4:
            header, protocol, addresses = (packet[0] & 15) * 4, packet[9], (packet[12:16], packet[16:20])
        elif version == 6:
            header, protocol, addresses = 40, packet[6], (packet[8:24], packet[24:40])
        else:
            return
        segment = packet[header:]
        if protocol not in (_TCP, _UDP):
            return
        ends = tuple((address, int.from_bytes(segment[at:at + 2], "big")) for address, at in zip(addresses, (0, 2)))
        parts = self._streams.setdefault(ends, {})
        if protocol == _UDP:
            parts[len(parts)] = segment[8:]
            return
        data = segment[(segment[12] >> 4) * 4:]
        sequence = int.from_bytes(segment[4:8], "big")
        if segment[13] & _SYN:
            parts.clear()  # a new connection between the same ends
        if data:
            parts.setdefault(sequence, data)


def _in_order(parts):
    """The bytes of a stream: from the first sequence number on, across its turn at 2^32; what came twice once."""
    if not parts:
        return b""
    first = min(parts) if max(parts) - min(parts) < 1 << 31 else min(number for number in parts if number >= 1 << 31)
    whole = bytearray()
    for number in sorted(parts, key=lambda number: (number - first) % (1 << 32)):
        place = (number - first) % (1 << 32)
        whole += parts[number][len(whole) - place:] if place <= len(whole) else parts[number]
    return bytes(whole)


def unmasked(frames):
    """The payloads of a client's WebSocket frames behind one another; RFC 6455, section 5.2."""
    found, place = bytearray(), 0
    while place + 2 <= len(frames):
        length, at = frames[place + 1] & 0x7f, place + 2
        if length >= 126:
            size = 2 if length == 126 else 8
            length, at = int.from_bytes(frames[at:at + size], "big"), at + size
        mask = b"\0\0\0\0"
        if frames[place + 1] & 0x80:
            mask, at = frames[at:at + 4], at + 4
        payload = frames[at:at + length]
        key = (mask * (len(payload) // 4 + 1))[:len(payload)]
        found += (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")
        place = at + length
    return bytes(found)
