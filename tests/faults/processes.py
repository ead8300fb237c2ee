"""What the kernel says of one program."""

import os

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(program):
    """Of all its threads since it started."""
    with open(f"/proc/{program.process.id}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def descriptors(program):
    return len(os.listdir(f"/proc/{program.process.id}/fd"))
