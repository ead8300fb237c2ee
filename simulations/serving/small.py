"""One small layer wanted by an idle agent alone, and by many at once: how long each of their clients waits, against one plain
round trip to the registry that has it.
"""

import dataclasses

from ..cluster.images import make_image
from ..cluster.content import make_layer
from ..cluster.processes import wait_until
from ..cluster.readers import time_each
from ..cluster.registry import Registry
from ..cluster.shoal import Agent, Tracker

AGENTS = 12
LAYER_BYTES = 100 << 10
_UPSTREAM = "registry.test"
_REPOSITORY = "serving/small"
_LONGEST_SECONDS = 30


@dataclasses.dataclass(frozen=True)
class SmallLayer:
    """One layer: seconds of each agent's client; of one client of the registry for another one like it, and of one agent."""

    agents_seconds: list
    alone_seconds: float
    round_trip_seconds: float


class SmallLayers:
    """A registry with three layers for each of `rounds`, a tracker and agents, all connected and idle."""

    def __init__(self, workspace, programs, network, rounds):
        self._registry = Registry(workspace, network.add("small-origin"))
        directory = workspace.directory("small-layers")
        self._layers = [make_layer(directory, LAYER_BYTES, seed) for seed in range(3 * rounds)]
        self._registry.push_image(_REPOSITORY, "v1", make_image(self._layers))
        upstreams = {_UPSTREAM: {"url": self._registry.endpoint.url}}
        tracker = Tracker(workspace, programs, network.add("small-tracker"), upstreams).start()
        self._agents = [Agent(workspace, programs, network.add(f"small-{number + 1}"), upstreams, [tracker]).start()
                        for number in range(AGENTS)]
        for agent in self._agents:
            wait_until(agent.connected, _LONGEST_SECONDS, "all are connected")

    def measure(self, number):
        """The SmallLayer of that round, each part of it once all have made the last one durable."""
        direct, alone, wanted = (layer.digest for layer in self._layers[3 * number: 3 * number + 3])
        [round_trip] = self._time([self._registry.endpoint], direct)
        [alone_seconds] = self._time([self._agents[0].registry], alone)
        return SmallLayer(self._time([agent.registry for agent in self._agents], wanted), alone_seconds, round_trip)

    def _time(self, endpoints, digest):
        for agent in self._agents:
            wait_until(lambda agent=agent: not agent.status()["pulls"], _LONGEST_SECONDS, "all are idle")
        return time_each(endpoints, f"/v2/{_REPOSITORY}/blobs/{digest}?ns={_UPSTREAM}", _LONGEST_SECONDS)
