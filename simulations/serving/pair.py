"""A pair of agents on loopback, unshaped: one holds a layer, the other pulls it.

The tracker holds the layer as well, but may send only a trickle: what it sent all the same is told. The client drops the
bytes in the kernel; the pulling agent hashes every piece, writes it, hashes the whole layer and makes it durable.

What a receiver stored goes at the moment when the next one pulls, and the first transfer does not count: memory that a virtual
machine touches for the first time, or has given back to its host, may cost more than everything else here (a plain file of
1 GiB: 1.9 CPU seconds instead of 0.2).
"""

import dataclasses
import os
import shutil

from ..cluster.images import make_image
from ..cluster.processes import wait_until
from ..cluster.readers import read_whole
from ..cluster.registry import Registry
from ..cluster.shoal import Agent, Tracker
from ..footprint.held_layers import ZeroLayers
from .cost import Cost, cost_of

_UPSTREAM = "registry.test"
_REPOSITORY = "serving/image"
_LONGEST_SECONDS = 120
_TRICKLE = {"seeder": {"upload_limit": "1MiB/s"}}


@dataclasses.dataclass(frozen=True)
class Pair:
    """One transfer; the roles of its cost are sender, receiver, tracker and client."""

    cost: Cost
    from_agent_bytes: int
    from_tracker_bytes: int

    @property
    def from_agent_share(self):
        return self.from_agent_bytes / (self.from_agent_bytes + self.from_tracker_bytes)


class Pairs:
    """A tracker and an agent with the layer, as after a rollout, and for each transfer a new agent."""

    def __init__(self, workspace, programs, network, size):
        self._workspace = workspace
        self._programs = programs
        self._network = network
        places = network.add("tracker"), network.add("sender")
        registry = Registry(workspace, network.add("origin"))
        self._upstreams = {_UPSTREAM: {"url": registry.endpoint.url}}
        layer = ZeroLayers(size).make(workspace.directory("layers"), 1)
        registry.push_image(_REPOSITORY, "v1", make_image([layer]))
        self._path = f"/v2/{_REPOSITORY}/blobs/{layer.digest}?ns={_UPSTREAM}"
        for program in self._start_both(*places, None):
            program.process.end()
        registry.process.end()
        self._tracker, self._sender = self._start_both(*places, _TRICKLE)
        self._left = workspace.directory("nothing")  # the last receiver's store
        self.measure(0)

    def _start_both(self, tracker_place, sender_place, settings):
        """Tracker and sender, with the stores that they had before; both have the layer."""
        tracker = Tracker(self._workspace, self._programs, tracker_place, self._upstreams, "100GiB", settings).start()
        sender = self._agent(sender_place, tracker)
        self._pull(sender)
        return tracker, sender

    def _agent(self, place, tracker):
        agent = Agent(self._workspace, self._programs, place, self._upstreams, [tracker], "100GiB").start()
        wait_until(agent.connected, 20, f"{agent.name} is connected")
        return agent

    def _pull(self, agent):
        moved = read_whole(agent.registry, self._path, 1, _LONGEST_SECONDS)
        wait_until(lambda: not agent.status()["pulls"], _LONGEST_SECONDS, "the layer is durable")
        return moved

    def measure(self, number):
        """The Pair of one more transfer."""
        receiver = self._agent(self._network.add(f"receiver-{number}"), self._tracker)
        roles = {"sender": [self._sender.process.id], "receiver": [receiver.process.id],
                 "tracker": [self._tracker.process.id], "client": [os.getpid()]}
        shutil.rmtree(self._left)
        cost = cost_of(roles, lambda: self._pull(receiver))
        received = receiver.received()
        receiver.process.end()
        self._left = receiver.store
        return Pair(cost, int(received["peers"]), int(received["seeder"]))
