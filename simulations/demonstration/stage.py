"""Everything that stands before the curtain rises: network, origin with the image, tracker, agents, clients."""

import dataclasses

from ..cluster.containerd import Containerd, why_not_containerd
from ..cluster.content import make_layer
from ..cluster.images import make_image
from ..cluster.network import Loopback, Namespaces, why_not_namespaces
from ..cluster.registry import Registry
from ..cluster.shoal import Agent, Programs, Tracker
from .clients import ContainerdClient, PullerClient

_REPOSITORY = "demo/image"
_TAG = "v1"


@dataclasses.dataclass
class Stage:
    """The cluster, ready to pull."""

    shaped: bool
    registry: Registry
    image: object
    tracker: Tracker
    agents: list
    clients: list


def set_stage(options, workspace, say):
    """Makes and starts everything; the tracker's and the agents' stores are empty."""
    programs = Programs(options.programs)
    if programs.missing():
        raise RuntimeError("not built: " + ", ".join(programs.missing()))
    network = _network(workspace, say)
    say(f"making an image of {len(options.layers)} layers and starting docker-registry with it")
    registry = Registry(workspace, network.add("origin", options.origin_rate), 5000 if network.shaped else None)
    image = _push_image(registry, workspace, options.layers)
    upstreams = {registry.authority: {"url": registry.endpoint.url}}
    say(f"starting a tracker and {options.nodes} agents")
    tracker = Tracker(workspace, programs, network.add("tracker", options.rate), upstreams).start()
    agents = [Agent(workspace, programs, network.add(f"node{number}", options.rate), upstreams, [tracker])
              for number in range(1, options.nodes + 1)]
    for agent in agents:
        agent.start(wait=False)
    for agent in agents:
        agent.wait_ready()
    clients = _clients(workspace, registry, agents, say)
    return Stage(network.shaped, registry, image, tracker, agents, clients)


def _network(workspace, say):
    reason = why_not_namespaces()
    if reason:
        say(f"network namespaces are not permitted here ({reason}): running on loopback addresses, without shaped links")
    network = Loopback() if reason else Namespaces()
    workspace.callback(network.close)
    return network


def _push_image(registry, workspace, sizes):
    directory = workspace.directory("layers")
    layers = [make_layer(directory, size, seed) for seed, size in enumerate(sizes)]
    image = make_image(layers)
    registry.push_image(_REPOSITORY, _TAG, image)
    registry.forget_requests()
    return image


def _clients(workspace, registry, agents, say):
    clients = [PullerClient(agent, registry.authority, _REPOSITORY, _TAG) for agent in agents]
    reason = why_not_containerd()
    if reason:
        say(f"{reason}: all nodes pull with the puller written here")
        return clients
    containerd = Containerd(workspace, agents[0].place)
    hosts = containerd.hosts_directory(registry.authority, registry.endpoint.url, agents[0].registry.url)
    clients[0] = ContainerdClient(agents[0], containerd, f"{registry.authority}/{_REPOSITORY}:{_TAG}", hosts)
    return clients
