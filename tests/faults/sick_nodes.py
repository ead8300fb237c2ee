"""Nodes in network namespaces of their own, whose links can be made sick one by one."""

import shutil
import subprocess
import time
import unittest

from simulations.cluster.images import make_image
from simulations.cluster.network import Namespaces, why_not_namespaces
from simulations.cluster.processes import wait_until
from simulations.cluster.registry import Registry

from ..integration.case import Case
from ..integration.library import REPOSITORY

_KIB = 1 << 10


def why_not_sick_nodes():
    return why_not_namespaces() or (None if shutil.which("iptables") else "no iptables")


class SickNodes(Case):
    """An origin, and what the test starts, each on an unshaped link unless `rates` (bytes a second) has its name."""

    rates = {}
    sizes = [10 * _KIB, 40 * _KIB, 60 * _KIB, 100 * _KIB]  # of the image's layers, all of them small

    def setUp(self):
        super().setUp()
        reason = why_not_sick_nodes()
        if reason:
            raise unittest.SkipTest(reason)
        self.network = Namespaces()
        self.addCleanup(self.network.close)
        self.origin = Registry(self.workspace, self.place("origin"), name="far-origin")
        layers = [self.library.layer(size, compressed=False, seed=number) for number, size in enumerate(self.sizes)]
        self.image = make_image(layers)
        self.origin.push_image(REPOSITORY, "sick", self.image)
        self.origin.forget_requests()

    def place(self, name):
        return self.network.add(name, self.rates.get(name))

    def block(self, agent, port):
        """Nothing that comes to that TCP port is answered."""
        self._drop(agent, "INPUT", "-p", "tcp", "--dport", str(port))

    def swallow_large_packets(self, agent):
        """What leaves in packets over 1,280 bytes vanishes, as behind a path MTU that nobody tells."""
        self._drop(agent, "OUTPUT", "-m", "length", "--length", "1281:65535")

    @staticmethod
    def _drop(program, chain, *match):
        subprocess.run(["ip", "netns", "exec", program.place.namespace, "iptables", "-w", "-A", chain, *match, "-j",
                        "DROP"], check=True, capture_output=True)

    def seconds_of(self, agent, digest):
        """How long a client waits for that layer."""
        began = time.monotonic()
        answer = agent.registry.get(self.blob_path(digest))
        self.assertEqual((answer.status, len(answer.body)), (200, self.image.blobs[digest]))
        return time.monotonic() - began

    def pull_everything(self, agent):
        return [self.seconds_of(agent, layer.digest) for layer in self.image.layers]

    @staticmethod
    def wait_until_told(programs, event):
        """A node that is silent is told a second after another one has answered."""
        wait_until(lambda: any(event in program.process.log() for program in programs), 10, f"{event!r} stands in a log")
