"""What some programs cost while something goes on: seconds, CPU seconds of theirs, and of everybody else."""

import contextlib
import dataclasses
import os
import time

from ..cluster.cpu import CpuShare

_GIB = 1 << 30


@dataclasses.dataclass(frozen=True)
class Cost:
    """`cpu_seconds` by role; `other_cpu_share` is what the rest of the machine took of all CPUs, from 0 to 1."""

    moved_bytes: int
    seconds: float
    cpu_seconds: dict
    other_cpu_share: float

    @property
    def megabytes_per_second(self):
        return self.moved_bytes / self.seconds / 1e6

    def cpu_seconds_per_gib(self, role):
        return self.cpu_seconds[role] / (self.moved_bytes / _GIB)


def cost_of(roles, work):
    """The Cost of `work()`, which returns the bytes it moved. `roles` is {role: [process ids]}."""
    before = {role: _cpu_seconds(ids) for role, ids in roles.items()}
    machine = CpuShare()
    started = time.monotonic()
    moved = work()
    seconds = time.monotonic() - started
    busy, everything = machine.seconds()
    spent = {role: _cpu_seconds(ids) - before[role] for role, ids in roles.items()}
    return Cost(moved, seconds, spent, max(busy - sum(spent.values()), 0) / everything)


def _cpu_seconds(ids):
    """User and system time of these processes so far: of the threads that run, to the nanosecond, where /proc/PID/stat
    counts hundredths of a second."""
    return sum(_cpu_seconds_of(each) for each in ids)


def _cpu_seconds_of(process_id):
    nanoseconds = 0
    for thread in os.listdir(f"/proc/{process_id}/task"):
        with contextlib.suppress(FileNotFoundError):  # it ended meanwhile
            with open(f"/proc/{process_id}/task/{thread}/schedstat", encoding="ascii") as file:
                nanoseconds += int(file.read().split()[0])
    return nanoseconds / 1e9
