"""The network of a scenario: flat or racks with uplinks of their own, and each link tried before the run."""

import dataclasses
import threading
import time

from ..cluster.network import Namespaces
from .bound import TCP_PAYLOAD_SHARE

_TOLERANCE = 0.03
_CHUNK = 128 << 10
_SETTLE_SECONDS = 0.3    # until the burst that a shaper lets through at once is used up
_MEASURE_SECONDS = 1.0
_MEASURE_BYTES = 1 << 20  # at least: segments of 64 KiB arrive whole
_TRIES = 3
_STALL_SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Trial:
    """One link in one direction: the rate of TCP's payload, and what is due of it."""

    link: str
    direction: str  # "up" or "down", seen from what hangs on it
    rate: float
    due: float

    @property
    def right(self):
        return abs(self.rate - self.due) <= _TOLERANCE * self.due

    def text(self):
        return (f"the link of {self.link} carried {self.rate * 8e-6:.2f} Mbit/s {self.direction}, "
                f"not {self.due * 8e-6:.2f}")


class Network:
    """Built from a scenario's topology. Beside nodes, origin and hub there are unshaped places (`spare`, and one in each
    rack), against which links are tried and where nothing runs during a rollout."""

    def __init__(self, topology):
        self._namespaces = Namespaces()
        self._rates = {}
        self.racks = {}
        self._spares = {"": self._namespaces.add("spare", None)}
        for rack, rate in topology.rack_rates().items():
            self.racks[rack] = self._namespaces.add_switch(rack, rate)
            self._rates[rack] = rate
            self._spares[rack] = self._namespaces.add(f"{rack}-spare", None, self.racks[rack])
        self.origin = self._add("origin", topology.origin_rate)
        self.hub = self._add("hub", topology.hub_rate)
        self.nodes = [self._add(f"node{number + 1}", rate, topology.rack_of(number))
                      for number, rate in enumerate(topology.node_rates())]

    def _add(self, name, rate, rack=""):
        self._rates[name] = rate
        return self._namespaces.add(name, rate, self.racks.get(rack))

    def add(self, name, rate):
        """A further place, outside of all racks."""
        return self._add(name, rate)

    @property
    def spare(self):
        return self._spares[""]

    def carried(self):
        """Bytes (up, down) of each shaped link so far, by the name of what hangs on it: places and racks."""
        return {name: self._namespaces.links[name].carried() for name in self._rates}

    def try_links(self):
        """Every Trial, of each link in both directions; one that is not right is repeated."""
        pairs = [(origin, self.spare) for origin in (self.origin, self.hub)]
        pairs += [(node, self._spares[self._rack_name(node)]) for node in self.nodes]
        uplinks = [(self._spares[rack], self.spare, rack) for rack in self.racks]
        wanted = [(place, spare, place.name) for place, spare in pairs]
        return [trial for group in (wanted, uplinks) for direction in ("up", "down")
                for trial in self._tried(group, direction)]

    def _rack_name(self, place):
        switch = self._namespaces.links[place.name].switch
        return next((rack for rack, name in self.racks.items() if name == switch), "")

    def _tried(self, group, direction):
        trials = {}
        for _ in range(_TRIES):
            left = [each for each in group if each[2] not in trials or not trials[each[2]].right]
            flows = [Flow(*((inner, outer) if direction == "up" else (outer, inner))) for inner, outer, _ in left]
            for (_, _, name), flow in zip(left, flows):
                trials[name] = Trial(name, direction, flow.rate(_SETTLE_SECONDS, _MEASURE_SECONDS, _MEASURE_BYTES),
                                     self._rates[name] * TCP_PAYLOAD_SHARE)
            for flow in flows:
                flow.stop()
            if not left:
                break
        return trials.values()

    def close(self):
        self._namespaces.close()


class Flow:
    """A plain TCP transfer from one place to another, as fast as it goes, until `stop`."""

    def __init__(self, source, target):
        self._lock = threading.Condition()
        self._arrivals = []  # (time, bytes so far)
        self._stopping = False
        with target.listen() as server:
            server.settimeout(_STALL_SECONDS)
            self._out = source.connect(*server.getsockname()[:2], _STALL_SECONDS)
            self._in, _ = server.accept()
        self._in.settimeout(_STALL_SECONDS)
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        data = bytes(_CHUNK)
        try:
            while not self._stopping:
                self._out.sendall(data)
        except OSError:
            pass  # the receiver tells
        finally:
            self._out.close()

    def _receive(self):
        buffer, total = bytearray(_CHUNK), 0
        try:
            while not self._stopping and (count := self._in.recv_into(buffer)):
                total += count
                with self._lock:
                    self._arrivals.append((time.monotonic(), total))
                    self._lock.notify_all()
        except OSError:
            pass  # what has arrived by then counts
        finally:
            self._in.close()
            with self._lock:
                self._stopping = True
                self._lock.notify_all()

    def rate(self, settle_seconds, seconds, at_least_bytes):
        """Bytes per second from `settle_seconds` after the first byte on, over that time and that many bytes; what it
        came to when it broke off."""
        with self._lock:
            self._lock.wait_for(lambda: self._window(settle_seconds, seconds, at_least_bytes) or self._stopping,
                                _STALL_SECONDS)
            window = self._window(settle_seconds, 0, 1)
        return between(window) if window else 0.0

    def _window(self, settle_seconds, seconds, at_least_bytes):
        if not self._arrivals:
            return None
        settled = [each for each in self._arrivals if each[0] >= self._arrivals[0][0] + settle_seconds]
        if len(settled) < 2:
            return None
        (first, before), (last, after) = settled[0], settled[-1]
        return settled if last - first >= seconds and after - before >= at_least_bytes else None

    def rate_between(self, start, end, at_least_bytes):
        """Over an interval of the monotonic clock, from first to last arrival in it; None when less than that came."""
        with self._lock:
            window = [each for each in self._arrivals if start <= each[0] <= end]
        return between(window) if len(window) >= 2 and window[-1][1] - window[0][1] >= at_least_bytes else None

    def stop(self):
        """What is still on its way is dropped: the receiver closes before it has read it."""
        self._stopping = True
        for thread in self._threads:
            thread.join(_STALL_SECONDS)


def between(arrivals):
    """The rate from the first to the last of (time, bytes so far)."""
    (first, before), (last, after) = arrivals[0], arrivals[-1]
    return (after - before) / (last - first) if last > first else 0.0
