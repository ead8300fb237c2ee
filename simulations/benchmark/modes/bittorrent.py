"""Stock BitTorrent, as one would script it from Debian's packages: one torrent for each layer (mktorrent), opentracker, a
libtorrent session on every node (python3-libtorrent); nginx hands out the torrents. All settings are the defaults.

On a cold rollout the publisher works within the measured time: a layer comes from the origin, is cut and hashed, and only
then has a torrent that the nodes, which ask for it again and again, can begin with.
"""

import importlib.util
import shutil

from ...cluster.nginx import Nginx
from ...cluster.processes import wait_until
from . import Mode, Plan
from .bittorrent_peer import is_ready, redundant_bytes, start_peer
from .bittorrent_publisher import start_publisher

_PULLER = "simulations.benchmark.modes.bittorrent_puller:BittorrentPuller"
_PUBLISH_SECONDS = 600
_READY_SECONDS = 60


class TheMode(Mode):
    """Cold: the publisher starts with the nodes. Warm: it has published the image before."""

    name = "bittorrent"
    hub_role = "seeder"

    def start(self, stage):
        missing = [program for program in ("nginx", "opentracker", "mktorrent") if not shutil.which(program)]
        if not importlib.util.find_spec("libtorrent"):
            missing.append("python3-libtorrent (for /usr/bin/python3)")
        if missing:
            raise RuntimeError(f"not installed: {', '.join(missing)}")
        self._stage = stage
        workspace = stage.workspace
        self._torrents = workspace.directory("torrents")
        self._web = Nginx(workspace, stage.hub, "torrents-web",
                          lambda listen: f"server {{ listen {listen}; root {self._torrents}; }}")
        self._start_tracker()
        self._layers = workspace.directory("published")
        self._directories = {node.name: workspace.directory(f"peer-{node.name}") for node in stage.nodes}
        self._seeder = start_peer(workspace, "seeder", stage.hub, self._layers)
        self._peers = [start_peer(workspace, f"peer-{node.name}", node.place, self._directories[node.name])
                       for node in stage.nodes]
        wait_until(self._all_ready, _READY_SECONDS, "all peers listen")
        self._publisher = None if stage.scenario.warm else self._publisher_of(stage.image)
        if stage.previous:
            self._publish(stage.previous)

    def _all_ready(self):
        ended = [peer for peer in (self._seeder, *self._peers) if not peer.running()]
        if ended:
            raise RuntimeError("a peer ended:\n" + ended[0].log_tail())
        return all(map(is_ready, (self._layers, *self._directories.values())))

    def _start_tracker(self):
        """It works in a directory that it cannot leave, as nobody, and reads there which torrents it may track."""
        directory = self._stage.workspace.directory("opentracker")
        self._allowed = self._stage.workspace.file("opentracker/allowed", "")
        hub, port = self._stage.hub, self._stage.hub.free_port()
        self._tracker = self._stage.workspace.start(
            "opentracker", ["opentracker", "-i", hub.address, "-p", str(port), "-d", directory, "-u", "nobody",
                            "-w", "allowed"], hub)
        self._tracker_address = [hub.address, port]

    def _publisher_of(self, offer):
        return start_publisher(self._stage.workspace, self._stage.hub, offer.tag, {
            "origin": [self._stage.registry.endpoint.address, self._stage.registry.endpoint.port],
            "repository": offer.repository, "tag": offer.tag, "layers": self._layers, "torrents": self._torrents,
            "allowed": self._allowed, "tracker": self._tracker_address, "tracker_process": self._tracker.id})

    def _publish(self, offer):
        publisher = self._publisher_of(offer)
        publisher.go()
        publisher.wait_done(_PUBLISH_SECONDS)

    def warm(self):
        self._publish(self._stage.image)

    def begin(self):
        if self._publisher:
            self._publisher.go()

    def plan(self, node, image):
        return Plan({"web": [self._web.endpoint.address, self._web.endpoint.port], "tag": image.tag,
                     "manifest": image.image.digest, "peer_directory": self._directories[node.name],
                     "held": sorted(node.held)}, _PULLER)

    def roles(self):
        seeders = [self._web.process, self._seeder] + ([self._publisher.process] if self._publisher else [])
        return {"tracker": [self._tracker], "seeder": seeders, "peer": self._peers}

    def duplicate_bytes(self):
        return sum(map(redundant_bytes, self._directories.values()))
