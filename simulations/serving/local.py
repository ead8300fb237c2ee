"""The warm local path: clients of one node read a layer that is held there, from an agent and from nginx in turn.

The same file of the same length, in the page cache, over loopback, read by the same client, which drops the bytes in the
kernel: what is compared is the servers and the kernel's TCP, which works on the sender's account for both sides.
"""

import dataclasses
import os

from ..cluster.nginx import Nginx
from ..cluster.readers import read_whole
from ..cluster.shoal import Agent
from ..footprint.held_layers import ZeroLayers
from .cost import Cost, cost_of

_UPSTREAM = "registry.test"
_REPOSITORY = "serving/image"
_LONGEST_SECONDS = 120
_SERVERS = ("agent", "nginx")


@dataclasses.dataclass(frozen=True)
class LocalPath:
    """All rounds of one server with so many clients."""

    server: str
    clients: int
    rounds: list


class LocalServers:
    """An agent without a tracker and an nginx, both with the same layer."""

    def __init__(self, workspace, programs, network, size):
        nobody = {_UPSTREAM: {"url": "http://127.0.0.1:9"}}
        agent = Agent(workspace, programs, network.add("serving"), nobody, capacity="100GiB")
        digest = ZeroLayers(size).hold(workspace.directory("serving-store"), 1)
        algorithm, _, digits = digest.partition(":")
        held = os.path.join(workspace.path, "serving-store", "layers", algorithm, digits[:2], digits)
        _read_into_page_cache(held)
        agent.start()
        path = f"/v2/{_REPOSITORY}/blobs/{digest}"
        nginx = Nginx(workspace, network.add("nginx"), "nginx",
                      lambda authority: f"server {{ listen {authority}; location = {path} {{ alias {held}; }} }}")
        self._size = size
        self._path = f"{path}?ns={_UPSTREAM}"
        self._servers = {"agent": (agent.registry, [agent.process.id]), "nginx": (nginx.endpoint, nginx.workers())}

    def measure(self, clients, rounds, say):
        """LocalPaths of both servers; they take turns, so that whatever changes on the machine meets both."""
        costs = {server: [] for server in _SERVERS}
        for server in _SERVERS:
            self._read(server, clients)  # connections, threads and caches as they are later
        for number in range(rounds):
            for server in _SERVERS:
                say(f"{server} to {clients} local client{'s' if clients > 1 else ''}, round {number + 1} of {rounds}")
                costs[server].append(self._read(server, clients))
        return [LocalPath(server, clients, costs[server]) for server in _SERVERS]

    def _read(self, server, clients) -> Cost:
        endpoint, ids = self._servers[server]
        return cost_of({"server": ids, "client": [os.getpid()]},
                       lambda: read_whole(endpoint, self._path, clients, _LONGEST_SECONDS))


def _read_into_page_cache(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
