"""Many nodes or many layers at once: a start-up, a registry with a rate limit, one sick node among six, a tracker that dies in
the middle of a layer."""

import concurrent.futures
import contextlib
import dataclasses
import time

from ..benchmark.measures import percentile
from ..cluster.content import make_layer
from ..cluster.images import make_image
from ..cluster.nginx import Nginx
from ..cluster.processes import wait_until
from ..cluster.puller import Pull, PullFailed
from ..cluster.units import parse_rate
from . import faults
from .cluster import REPOSITORY, UPSTREAM, Plan, Programs, answers, seen_from
from .hosts import Mirrored

CROWD_HEAD = ("crowd", "goal", "measured", "met")
_SECONDS = 60
_STARTING = 40
_SICK_AMONG = 6
_SMALL_LAYERS = 12
_PACED_LAYERS = 90
_PACED_AGENTS = 2
_PACE = 15  # requests a second


@dataclasses.dataclass(frozen=True)
class Crowd:
    name: str
    goal: str
    measured: str
    reached: bool

    def met(self):
        return self.reached

    def row(self):
        return (self.name, self.goal, self.measured, "yes" if self.reached else "**no**")


def measure_crowds(machines, binaries, say):
    say("many agents start and pull in one second")
    rows = [_starting(machines, binaries)]
    say("many layers from a registry with a rate limit")
    rows.append(_paced(machines, binaries))
    for name, strike in _SICKNESSES.items():
        say(f"one sick node of {_SICK_AMONG}: {name}")
        rows.append(_sick(machines, binaries, name, strike))
    say("trackers that freeze in the middle of a layer")
    rows += [_frozen_in_the_middle(machines, binaries, trackers) for trackers in (1, 2)]
    return rows


def _starting(machines, binaries):
    nodes = machines.more_nodes("start", _STARTING, parse_rate("50Mbit"))
    image = _push(machines, "starting", [100 << 10, 100 << 10, 1 << 20])
    plan = Plan(nodes=nodes, started=False)
    with Programs(machines, binaries, plan, "starting") as programs:
        machines.registry.forget_requests()
        began = time.monotonic()
        for agent in programs.agents:
            agent.start(wait=False)
        with concurrent.futures.ThreadPoolExecutor(_STARTING) as pool:
            failures = [each for each in pool.map(lambda agent: _pull_when_open(machines, agent, "starting"), programs.agents) if each]
        seconds = time.monotonic() - began
        copies = machines.registry.blob_bytes_sent() / image.size
    return Crowd(f"{_STARTING} agents start and pull at once", "1.00 copies, no failure",
                 f"{copies:.2f} copies, {len(failures)} failures, {seconds:.1f} s", copies < 1.005 and not failures)


def _pull_when_open(machines, agent, tag):
    wait_until(lambda: answers(agent.registry), _SECONDS, f"{agent.name} answers")
    return _pull(machines, agent, tag)[1]


def _pull(machines, agent, tag):
    """(seconds, why it failed or None)."""
    registry = seen_from(agent.place, machines.registry.endpoint)
    try:
        return Pull(Mirrored(agent.registry, registry), UPSTREAM, REPOSITORY, tag).run().seconds, None
    except (PullFailed, OSError) as error:
        return None, str(error)


def _push(machines, tag, sizes):
    directory = machines.workspace.directory("layers")
    image = make_image([make_layer(directory, size, f"{tag}{place}") for place, size in enumerate(sizes)])
    machines.registry.push_image(REPOSITORY, tag, image)
    return image


def _paced(machines, binaries):
    image = _push(machines, "paced", [10 << 10] * _PACED_LAYERS)
    front = Nginx(machines.workspace, machines.origin, "front-paced", lambda listen: (
        f"limit_req_zone $server_port zone=all:1m rate={_PACE}r/s; "
        f"server {{ listen {listen}; location / {{ limit_req zone=all burst={_PACE - 1} nodelay; limit_req_status 429; "
        f"add_header Retry-After 1 always; proxy_pass {machines.registry.endpoint.url}; proxy_set_header Host $http_host; }} }}"))
    upstream = {"url": front.endpoint.url}
    plan = Plan(nodes=machines.nodes[:_PACED_AGENTS], tracker_upstream=upstream, agent_upstream=upstream)
    with Programs(machines, binaries, plan, "paced") as programs:
        began = time.monotonic()
        asks = [(agent, f"blobs/{layer.digest}") for agent in programs.agents for layer in image.layers]
        with concurrent.futures.ThreadPoolExecutor(len(asks)) as pool:
            statuses = [_status(agent, "manifests/paced") for agent in programs.agents]  # first, as runtimes do
            statuses += pool.map(lambda ask: _status(*ask), asks)
        seconds = time.monotonic() - began
    failed = sum(status != 200 for status in statuses)
    allowed = _PACED_LAYERS / _PACE
    return Crowd(f"{_PACED_LAYERS} layers, {_PACED_AGENTS} agents, {_PACE} requests/s allowed",
                 f"0 failures, at most {1.2 * allowed:.1f} s", f"{failed} failures, {seconds:.1f} s",
                 failed == 0 and seconds <= 1.2 * allowed)


def _status(agent, path):
    try:
        return agent.registry.get(f"/v2/{REPOSITORY}/{path}?ns={UPSTREAM}", timeout_seconds=_SECONDS).status
    except OSError:
        return 0


_SICKNESSES = {
    "loses packets over 1,280 bytes": lambda machines, agent: faults.large_packets_lost(machines.network, agent.place),
    "1 Mbit/s": lambda machines, agent: faults.slow_link(machines.network, agent.place, 125_000),
    "small-layer port dropped": lambda machines, agent: faults.dropped_port(agent, "swarm", "http_listen"),
    "its machine is gone": lambda machines, agent: faults.cut_off(machines.network, agent.place),
}


def _sick(machines, binaries, name, strike):
    """The sick node pulls each small layer first; then the others do, all at once."""
    tag = "small"
    image = machines.remembered(tag, lambda: _push(machines, tag, [100 << 10] * _SMALL_LAYERS))
    plan = Plan(nodes=machines.more_nodes("six", _SICK_AMONG, machines.link))
    healthy, sick = (_small_seconds(machines, binaries, plan, image, fault) for fault in (None, strike))
    worse = percentile(sick, 0.99) - percentile(healthy, 0.99)
    return Crowd(f"one of {_SICK_AMONG} nodes sick: {name}", "small layers of the others, p99: at most + 300 ms",
                 f"p99 {percentile(sick, 0.99) * 1e3:.0f} ms, healthy {percentile(healthy, 0.99) * 1e3:.0f} ms", worse <= 0.3)


def _small_seconds(machines, binaries, plan, image, strike):
    seconds = []
    with Programs(machines, binaries, plan, "sick" if strike else "healthy") as programs, contextlib.ExitStack() as stack:
        first, *others = programs.agents
        for layer in image.layers:
            if _status(first, f"blobs/{layer.digest}") != 200:
                raise RuntimeError("the first node cannot pull a small layer")
        if strike:
            stack.enter_context(strike(machines, first))
        with concurrent.futures.ThreadPoolExecutor(len(others)) as pool:
            for layer in image.layers:
                seconds += pool.map(lambda agent, layer=layer: _seconds_of(agent, layer), others)
    return seconds


def _seconds_of(agent, layer):
    began = time.monotonic()
    if _status(agent, f"blobs/{layer.digest}") != 200:
        raise RuntimeError(f"{agent.name} cannot pull a small layer")
    return time.monotonic() - began


def _frozen_in_the_middle(machines, binaries, trackers):
    """All three nodes read a layer when the tracker that seeds it freezes."""
    tag = "middle"
    image = machines.remembered(tag, lambda: _push(machines, tag, [40 << 20]))
    with Programs(machines, binaries, Plan(trackers=trackers), f"middle-{trackers}") as programs:
        machines.registry.forget_requests()
        with concurrent.futures.ThreadPoolExecutor(len(programs.agents)) as pool:
            pulls = [pool.submit(_pull, machines, agent, tag) for agent in programs.agents]
            time.sleep(0.8)
            owner = next((tracker for tracker in programs.trackers if tracker.layers()), programs.trackers[0])
            faults.freeze(owner)
            outcomes = [pull.result() for pull in pulls]
        copies = machines.registry.blob_bytes_sent() / image.size
    failures = [why for _, why in outcomes if why]
    slowest = max((seconds for seconds, _ in outcomes if seconds), default=0)
    name = "the tracker freezes in the middle of a layer" if trackers == 1 else "one of two trackers does"
    most = 15 if trackers == 1 else 6
    return Crowd(name, f"no failure, {most} s at most", f"{len(failures)} failures, slowest {slowest:.1f} s, {copies:.2f} copies",
                 not failures and slowest <= most)
