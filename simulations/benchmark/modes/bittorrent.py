"""Stock BitTorrent, as one would script it from Debian's packages: one torrent for each layer (mktorrent), opentracker, aria2
on every node; nginx hands out the torrents. Everything is at its default but what a cluster has no use for (DHT).

On a cold rollout the publisher works within the measured time: a layer comes from the origin, is cut and hashed, and only
then has a torrent that the nodes, which ask for it again and again, can begin with.
"""

import os
import shutil

from ...cluster.nginx import Nginx
from . import Mode, Plan
from .bittorrent_publisher import start_publisher
from .bittorrent_puller import Aria2

_PULLER = "simulations.benchmark.modes.bittorrent_puller:BittorrentPuller"
_ARIA2 = ["aria2c", "--no-conf", "--quiet", "--enable-dht=false", "--file-allocation=none", "--seed-ratio=0.0",
          "--bt-detach-seed-only=true", "--max-concurrent-downloads=3", "--enable-rpc=true"]
_DONE = '#!/bin/sh\nexec touch "$3.done"\n'  # aria2 calls it with a download's number, count of files, first file
_PUBLISH_SECONDS = 600


class TheMode(Mode):
    """Cold: the publisher starts with the nodes. Warm: it has published the image before."""

    name = "bittorrent"
    hub_role = "seeder"

    def start(self, stage):
        missing = [program for program in ("nginx", "aria2c", "opentracker", "mktorrent") if not shutil.which(program)]
        if missing:
            raise RuntimeError(f"not installed: {', '.join(missing)}")
        self._stage = stage
        workspace = stage.workspace
        self._hook = workspace.file("done", _DONE)
        os.chmod(self._hook, 0o755)
        self._torrents = workspace.directory("torrents")
        self._web = Nginx(workspace, stage.hub, "torrents-web",
                          lambda listen: f"server {{ listen {listen}; root {self._torrents}; }}")
        self._start_tracker()
        self._layers = workspace.directory("published")
        self._seeder = self._start_aria2("seeder", stage.hub, self._layers, ["--bt-seed-unverified=true"])
        self._peers = {node.name: self._start_aria2(f"peer-{node.name}", node.place,
                                                    workspace.directory(f"peer-{node.name}"), []) for node in stage.nodes}
        for aria2 in (self._seeder, *self._peers.values()):
            aria2.wait_ready()
        self._publisher = None if stage.scenario.warm else self._publisher_of(stage.image)
        if stage.previous:
            self._publish(stage.previous)

    def _start_tracker(self):
        """It works in a directory that it cannot leave, as nobody, and reads there which torrents it may track."""
        directory = self._stage.workspace.directory("opentracker")
        self._allowed = self._stage.workspace.file("opentracker/allowed", "")
        hub, port = self._stage.hub, self._stage.hub.free_port()
        self._tracker = self._stage.workspace.start(
            "opentracker", ["opentracker", "-i", hub.address, "-p", str(port), "-d", directory, "-u", "nobody",
                            "-w", "allowed"], hub)
        self._tracker_address = [hub.address, port]

    def _start_aria2(self, name, place, directory, more):
        rpc, peer = place.free_port(), place.free_port()
        process = self._stage.workspace.start(
            name, [*_ARIA2, f"--rpc-listen-port={rpc}", f"--listen-port={peer}", f"--dir={directory}",
                   f"--on-bt-download-complete={self._hook}", *more], place)
        return Aria2(place, rpc, directory, process)

    def _publisher_of(self, offer):
        return start_publisher(self._stage.workspace, self._stage.hub, offer.tag, {
            "origin": [self._stage.registry.endpoint.address, self._stage.registry.endpoint.port],
            "repository": offer.repository, "tag": offer.tag, "layers": self._layers, "torrents": self._torrents,
            "allowed": self._allowed, "tracker": self._tracker_address, "tracker_process": self._tracker.id,
            "seeder_port": self._seeder.port})

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
        aria2 = self._peers[node.name]
        return Plan({"web": [self._web.endpoint.address, self._web.endpoint.port], "tag": image.tag,
                     "manifest": image.image.digest, "port": aria2.port, "peer_directory": aria2.directory,
                     "held": sorted(node.held)}, _PULLER)

    def roles(self):
        seeders = [self._web.process, self._seeder.process] + ([self._publisher.process] if self._publisher else [])
        return {"tracker": [self._tracker], "seeder": seeders, "peer": [aria2.process for aria2 in self._peers.values()]}
