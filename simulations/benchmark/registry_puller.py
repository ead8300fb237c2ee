"""Pulls as a container runtime does: manifest, config, layers three at a time, into files; each digest is checked."""

from ..cluster.network import Place
from ..cluster.puller import Pull
from ..cluster.web import Endpoint


class RegistryPuller:
    """For a `modes.Plan`: runs inside the node's namespace, so that addresses are reached from here."""

    def __init__(self, arguments, directory, count):
        endpoint = Endpoint(Place("here", ""), arguments["address"], arguments["port"])
        self._pull = Pull(endpoint, arguments["upstream"], arguments["repository"], arguments["tag"], stall_seconds=120,
                          directory=directory, held=arguments["held"], count=count)

    def run(self):
        self._pull.run()
