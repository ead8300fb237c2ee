"""The ways of getting an image onto many nodes that the benchmark compares: one small file each, with the interface `Mode`.

A mode is added by a file here with a subclass of `Mode`, and its name in MODES below; simulations/README.md shows how.
"""

import dataclasses
import importlib

# Where each is: the module below this package that has a class `TheMode`. Imported only when asked for.
MODES = {"shoal": "shoal", "direct": "direct", "mirror": "mirror", "registry-mirror": "registry_mirror",
         "bittorrent": "bittorrent"}
REGISTRY_PULLER = "simulations.benchmark.registry_puller:RegistryPuller"


@dataclasses.dataclass(frozen=True)
class Plan:
    """How one node's client pulls: the class that does it, as "module:Class", and its arguments (plain JSON values).

    The client is a process of its own in the node's namespace. It imports the class before the rollout starts, and at the
    node's arrival does `Class(arguments, directory, count).run()`: everything ends up in `directory`, a tmpfs; each digest
    is checked; `count(bytes)` is told of layers' payload as it arrives; PullFailed when anything is missing or wrong.
    """

    arguments: dict
    puller: str = REGISTRY_PULLER


class Mode:
    """One system under comparison, for one run. All methods are called on the main thread, in the order of this class.

    `stage` (stage.Stage) has the network, the origin with the image in it, the nodes, and the `hub`: one further machine
    with a link of its own, for what the system needs beside its nodes. Programs are started with `stage.workspace.start`
    and end with the workspace.
    """

    name = ""
    hub_role = ""  # what the hub is in this mode: "tracker", "mirror", "seeder"; empty when it is not used

    def start(self, stage):
        """Starts what must run before the first node asks, with empty stores, and waits until it is ready."""
        raise NotImplementedError

    def warm(self):
        """Fills what "warm" means here: the hub has the image, the nodes have nothing. May take its time."""

    def begin(self):
        """The rollout starts now, the nodes come: for work that belongs into the measured time. It must return at once:
        start a process for it."""

    def plan(self, node, image):
        """How `node` pulls `image` (stage.Offer: repository, tag and contents)."""
        raise NotImplementedError

    def roles(self):
        """The processes by role, for CPU and memory: {role: [cluster.processes.Process]}. The origin's and the clients'
        own are not the mode's to tell."""
        return {}

    def duplicate_bytes(self):
        """Payload that nodes received twice so far; None when the system does not tell."""
        return None

    def seeder_bytes(self):
        """Payload that nodes received from the hub's seeder so far; None when the system does not tell, and the hub's link
        must."""
        return None

    def stop(self):
        """Ends what `start` began and the workspace does not."""


def new_mode(name):
    return importlib.import_module(f".{MODES[name]}", __name__).TheMode()


def registry_plan(endpoint, upstream, image, held=()):
    """The plan of a node that pulls from a registry as a runtime does: `upstream` goes into `?ns=`, None for no such;
    layers in `held` are on the node already."""
    return Plan({"address": endpoint.address, "port": endpoint.port, "upstream": upstream, "repository": image.repository,
                 "tag": image.tag, "held": sorted(held)})
