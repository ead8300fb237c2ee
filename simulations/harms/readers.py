"""Clients that read parts of a layer, as stargz-snapshotter does: GET of the first two bytes, HEAD, then 64 KiB ranges at
random places, one connection, each compared with the file."""

import dataclasses
import random
import statistics
import time

from .cluster import REPOSITORY, UPSTREAM, Plan, Programs, seen_from

READER_HEAD = ("a reader", "first two bytes s (direct)", "40 ranges of 64 KiB, p50 ms (direct)", "read", "the origin sent", "met")
_RANGES = 40
_RANGE_BYTES = 64 << 10
_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Reading:
    """One reader of one layer."""

    first_seconds: float
    range_seconds: list
    read_bytes: int
    origin_bytes: int


@dataclasses.dataclass(frozen=True)
class Compared:
    name: str
    direct: Reading
    through: Reading

    def met(self):
        """At most twice the direct time for the first bytes, half as much again for the ranges; 1.2 x the bytes read."""
        first = self.through.first_seconds <= 2 * self.direct.first_seconds
        ranges = _p50(self.through) <= 1.5 * _p50(self.direct)
        return first and ranges and self.through.origin_bytes <= 1.2 * self.through.read_bytes

    def row(self):
        return (self.name, f"{self.through.first_seconds:.3f} ({self.direct.first_seconds:.3f})",
                f"{_p50(self.through) * 1e3:.1f} ({_p50(self.direct) * 1e3:.1f})", f"{self.through.read_bytes / 1e6:.1f} MB",
                f"{self.through.origin_bytes / 1e6:.1f} MB", "yes" if self.met() else "**no**")


def _p50(reading):
    return statistics.median(reading.range_seconds)


def measure_readers(machines, binaries, layer, say):
    """`layer` is a large one that the origin has in REPOSITORY."""
    rows = []
    for name, warm in (("cold layer", False), ("layer that another node holds", True)):
        say(f"a reader of ranges: {name}")
        with Programs(machines, binaries, Plan(), "reader-" + ("warm" if warm else "cold")) as programs:
            if warm:
                _fetch(programs.agents[2].registry, layer)
            direct = _read(machines, seen_from(machines.nodes[0], machines.registry.endpoint), layer)
            rows.append(Compared(name, direct, _read(machines, programs.agents[0].registry, layer)))
    return rows


def _fetch(endpoint, layer):
    connection = endpoint.open(_SECONDS)
    try:
        connection.request("GET", _path(layer))
        response = connection.getresponse()
        while response.read1(1 << 20):
            pass
    finally:
        connection.close()


def _path(layer):
    return f"/v2/{REPOSITORY}/blobs/{layer.digest}?ns={UPSTREAM}"


def _read(machines, endpoint, layer):
    machines.registry.forget_requests()
    choice = random.Random(layer.size)
    connection = endpoint.open(_SECONDS)
    try:
        with open(layer.path, "rb") as file:
            first = _range(connection, layer, file, 0, 2)
            connection.request("HEAD", _path(layer))
            connection.getresponse().read()
            seconds = [_range(connection, layer, file, choice.randrange(layer.size - _RANGE_BYTES), _RANGE_BYTES)
                       for _ in range(_RANGES)]
    finally:
        connection.close()
    time.sleep(0.5)  # the origin logs an answer when it has ended
    return Reading(first, seconds, 2 + _RANGES * _RANGE_BYTES, machines.registry.blob_bytes_sent())


def _range(connection, layer, file, start, length):
    began = time.monotonic()
    connection.request("GET", _path(layer), headers={"Range": f"bytes={start}-{start + length - 1}"})
    response = connection.getresponse()
    body = response.read()
    seconds = time.monotonic() - began
    file.seek(start)
    if response.status != 206 or body != file.read(length):
        raise RuntimeError(f"bytes {start} to {start + length - 1}: {response.status}, {len(body)} bytes")
    return seconds
