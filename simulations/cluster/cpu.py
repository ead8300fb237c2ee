"""How busy the machine's CPUs are, all of them and whoever uses them."""

import os

_TICKS = os.sysconf("SC_CLK_TCK")


class CpuShare:
    """From here on."""

    def __init__(self):
        self._busy, self._all = _ticks()

    def seconds(self):
        """Busy ones and all, of all CPUs together; stolen time counts as busy."""
        busy, every = _ticks()
        return (busy - self._busy) / _TICKS, max(every - self._all, 1) / _TICKS

    def so_far(self):
        busy, every = self.seconds()
        return busy / every


def _ticks():
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(each) for each in stat.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)
