"""What a run is judged by: percentiles, bytes on links and at the origin, CPU and memory of each role."""

import dataclasses
import math
import os

from .bound import TCP_PAYLOAD_SHARE


def percentile(values, share):
    """The smallest value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


@dataclasses.dataclass(frozen=True)
class Usage:
    """Of one role: CPU seconds of all its processes together, and the largest peak among them."""

    cpu_seconds: float
    peak_bytes: int


class Usages:
    """Of each role from here on; programs that they start count with them."""

    def __init__(self, roles):
        self._roles = {role: [process.id for process in processes] for role, processes in roles.items()}
        self._before = {role: self._cpu(ids) for role, ids in self._roles.items()}

    def so_far(self):
        return {role: Usage(self._cpu(ids) - self._before[role],
                            max((peak_bytes(each) for top in ids for each in family(top)), default=0))
                for role, ids in self._roles.items()}

    @staticmethod
    def _cpu(ids):
        return sum(cpu_seconds(each) for top in ids for each in family(top))


def family(process_id):
    """A process and all that it started and that runs, with theirs."""
    yield process_id
    try:
        for thread in os.listdir(f"/proc/{process_id}/task"):
            with open(f"/proc/{process_id}/task/{thread}/children", encoding="ascii") as file:
                children = file.read().split()
            for child in children:
                yield from family(int(child))
    except OSError:
        pass  # it is gone, and its time is with its parent


def cpu_seconds(process_id):
    """User and system time of a process and of its ended children; 0 when it is gone."""
    try:
        with open(f"/proc/{process_id}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def peak_bytes(process_id):
    """The largest that it ever was in memory, file pages included; 0 when it is gone."""
    try:
        with open(f"/proc/{process_id}/status", encoding="utf-8") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def carried_since(before, after):
    """Bytes (up, down) of each link between two readings."""
    return {name: (up - before[name][0], down - before[name][1]) for name, (up, down) in after.items()}


def payload_of(carried_bytes):
    """What TCP's payload is of bytes on a link."""
    return carried_bytes * TCP_PAYLOAD_SHARE


def traffic(carried, nodes, racks, missing_bytes):
    """Multiples of what a node misses, from the links' own counters. `overhead` is what the nodes' links carried towards them
    for each byte that they wanted, with all headers, acknowledgements and messages."""
    down = sum(carried[node][1] for node in nodes)
    return {"hub_multiple": payload_of(carried["hub"][0]) / missing_bytes,
            "tracker_multiple": carried["hub"][0] / missing_bytes,
            "origin_link_multiple": carried["origin"][0] / missing_bytes,
            "copies_into_racks": {rack: payload_of(carried[rack][1]) / missing_bytes for rack in racks},
            "overhead": down / (missing_bytes * len(nodes))}
