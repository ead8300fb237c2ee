"""The situations that an agent's memory is measured in, each with its own cluster, which is gone afterwards."""

import dataclasses
import shutil
import time

from ..cluster.images import make_image
from ..cluster.network import Loopback
from ..cluster.processes import wait_until
from ..cluster.puller import Pull
from ..cluster.readers import read_slowly, read_whole
from ..cluster.registry import Registry
from ..cluster.shoal import Agent, Tracker
from .held_layers import ZeroLayers
from .resident import PeakMemory

MIB, GIB = 1 << 20, 1 << 30

IDLE_LIMIT, PULLING_LIMIT, SERVING_LIMIT = 30 * MIB, 120 * MIB, 200 * MIB

_UPSTREAM = "registry.test"
_REPOSITORY = "memory/image"
_IDLE_SECONDS = 3
_SLOW_SECONDS = 10
_SLOW_RATE = 200 << 10
_CLIENTS = 64
_HELD = 1000
_HELD_SIZE = 8 * MIB
_LONGEST_SECONDS = 120  # of one pull, and of 64 clients that read all


@dataclasses.dataclass(frozen=True)
class Measured:
    """One situation's peak beside the page cache."""

    situation: str
    peak_bytes: int
    limit_bytes: int
    largest_ever_bytes: int  # with file pages, since the program's start
    seconds: float
    moved_bytes: int

    @property
    def within_limit(self):
        return self.peak_bytes <= self.limit_bytes


class Situations:
    """`say` is told what goes on; `measure_all` yields a Measured for each situation."""

    def __init__(self, workspace, programs, say, pulled_size, served_size):
        self._workspace = workspace
        self._programs = programs
        self._say = say
        self._network = Loopback()
        self._pulled_size = pulled_size
        self._served_size = served_size
        self._upstreams = {_UPSTREAM: {"url": "http://127.0.0.1:9"}}  # nobody: idle and serving agents need no origin

    def measure_all(self):
        tracker = Tracker(self._workspace, self._programs, self._network.add("idle-tracker"), self._upstreams).start()
        yield self._idle(tracker, 0)
        yield self._idle(tracker, _HELD)
        tracker.process.end()
        yield from self._pulling()
        yield from self._serving()

    def _idle(self, tracker, held):
        agent = self._agent(f"idle-{held}", [tracker])
        layers = ZeroLayers(_HELD_SIZE)
        for number in range(held):
            layers.hold(self._store(agent), number)
        agent.start()
        wait_until(agent.connected, 20, "the agent is connected")
        measured = self._watched(agent, f"idle, {held} layers held", IDLE_LIMIT, lambda: time.sleep(_IDLE_SECONDS) or 0)
        self._end(agent)
        return measured

    def _pulling(self):
        """The same layer by three agents in turn: through a tracker that reads the origin, from the swarm, alone."""
        registry = Registry(self._workspace, self._network.add("origin"))
        layer = ZeroLayers(self._pulled_size).make(self._workspace.directory("layers"), 1)
        self._say(f"pushing a layer of {layer.size / GIB:g} GiB into docker-registry")
        registry.push_image(_REPOSITORY, "v1", make_image([layer]))
        self._upstreams = {_UPSTREAM: {"url": registry.endpoint.url}}
        tracker = Tracker(self._workspace, self._programs, self._network.add("tracker"), self._upstreams).start()
        first, second, alone = (self._agent("first", [tracker]), self._agent("second", [tracker]), self._agent("alone", []))
        size = f"{layer.size / GIB:g} GiB"
        yield self._pull(first, f"pulling {size}, the origin through the tracker")
        yield self._pull(second, f"pulling {size}, from the swarm")
        for program in (first, second, tracker):
            self._end(program)
        yield self._pull(alone, f"pulling {size}, from the origin alone")
        self._end(alone)
        registry.process.end()
        shutil.rmtree(self._workspace.directory("registry"))

    def _pull(self, agent, situation):
        agent.start()

        def pull():
            done = Pull(agent.registry, _UPSTREAM, _REPOSITORY, "v1").run()
            wait_until(lambda: not agent.status()["pulls"], _LONGEST_SECONDS, f"{agent.name} has made the layer durable")
            return sum(done.blobs.values())

        return self._watched(agent, situation, PULLING_LIMIT, pull)

    def _serving(self):
        agent = self._agent("serving", [])
        digest = ZeroLayers(self._served_size).hold(self._store(agent), 1)
        agent.start()
        path = f"/v2/{_REPOSITORY}/blobs/{digest}?ns={_UPSTREAM}"
        offsets = [number * (self._served_size // _CLIENTS) for number in range(_CLIENTS)]
        size = f"{self._served_size / GIB:g} GiB"
        yield self._watched(agent, f"serving {size} to {_CLIENTS} clients", SERVING_LIMIT,
                            lambda: read_whole(agent.registry, path, _CLIENTS, _LONGEST_SECONDS))
        yield self._watched(agent, f"serving {_CLIENTS} slow clients, each elsewhere", SERVING_LIMIT,
                            lambda: read_slowly(agent.registry, path, offsets, _SLOW_RATE, _SLOW_SECONDS))
        self._end(agent)

    def _agent(self, name, trackers):
        return Agent(self._workspace, self._programs, self._network.add(name), self._upstreams, trackers,
                     capacity="100GiB")

    def _store(self, program):
        return self._workspace.directory(f"{program.name}-store")

    def _end(self, program):
        program.process.end()
        shutil.rmtree(self._store(program))

    def _watched(self, agent, situation, limit, work):
        self._say(situation)
        started = time.monotonic()
        with PeakMemory(agent.process) as peak:
            moved = work()
        return Measured(situation, peak.bytes, limit, peak.largest_ever_bytes, time.monotonic() - started, moved)
