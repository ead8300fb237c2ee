"""What stands before a rollout, whatever the mode: the network, the origin with the image in it, and the nodes."""

import dataclasses

from ..cluster.images import Image


@dataclasses.dataclass(frozen=True)
class Offer:
    """An image as the origin offers it."""

    repository: str
    tag: str
    image: Image

    @property
    def blobs(self):
        """Size by digest of config and layers."""
        return self.image.blobs


@dataclasses.dataclass
class Node:
    """One machine that pulls. `rack` is empty where there are no racks."""

    name: str
    place: object            # cluster.network.Place: its namespace and address
    rate: int                # of its link, each way, in bytes per second
    rack: str = ""
    arrival: float = 0.0     # seconds after the rollout's start; batches: unused
    batch: int = 0           # starts when the batch before has ended
    held: frozenset = frozenset()  # digests that it has from the version before


@dataclasses.dataclass
class Stage:
    """One run's cluster. `hub` and `spare` are further machines beside the nodes: the hub has a link like a node's (or
    as the scenario says) and is for the mode's tracker, mirror or seeder; the spare has an unshaped link and is for work
    that is not measured."""

    workspace: object        # cluster.workspace.Workspace, in a tmpfs
    network: object          # topology.Topology
    programs: str            # build directory of shoal's programs
    scenario: object         # scenario.Scenario
    registry: object         # cluster.registry.Registry: the origin
    image: Offer             # what is rolled out
    previous: Offer | None   # what the nodes have already
    hub: object              # Place
    spare: object            # Place
    nodes: list
