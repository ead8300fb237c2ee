"""What is broken in each situation, how bad that may be for a pull, and what must tell it."""

import dataclasses

from . import faults
from .cluster import USER, Plan
from .hosts import basic

SILENT, REFUSES, NOTHING = "silent", "refuses", "nothing"  # what the broken part does


@dataclasses.dataclass(frozen=True)
class Told:
    """What an operator can find it by: a line of a log that matches `line`, and a metric whose name matches `metric` and
    that is not 0 (or is 0, when `zero`). `by` is who says it: an agent or a tracker."""

    by: str
    line: str
    metric: str
    zero: bool = False


@dataclasses.dataclass(frozen=True)
class Situation:
    """`plan(machines)` is what is started, `strike(machines, programs, stack)` breaks it once warm images are held by the
    third node; what must be mended afterwards goes on the stack."""

    name: str
    part: str
    told: Told | None
    plan: object = lambda machines: Plan()
    strike: object = lambda machines, programs, stack: None
    warm_possible: bool = True  # whether the third node can hold an image before
    told_cold: bool = True      # whether a pull of an image that no node holds meets the fault at all
    crowd: tuple = (0, 1, 2)    # the nodes that pull at once, without one that is frozen or slow itself


def _cut_off_tracker(machines, _programs, stack):
    stack.enter_context(faults.cut_off(machines.network, machines.hub[0]))


def _upstream(**keys):
    return lambda machines: Plan(tracker_upstream=keys)


def _at_tracker(make):
    return lambda machines: Plan(tracker_upstream=make(machines))


def _agent(**settings):
    return lambda machines: Plan(agent_settings=settings, all_agents=False)


_ORIGIN_PORT_CLOSED = 9
_TRACKER_GONE = Told("agent", r"warning \w+: tracker (lost|silent|not reached)", r"shoal_agent_tracker_up", True)
_UPSTREAM_FAULT = Told("tracker", r"(warning|error) \w+: .*(registry\.test|cause=)", r"origin_(unreachable|failed|spared)")
_AWAY = "http://10.77.255.1:7080"  # nobody has this address: not even ARP answers

SITUATIONS = [
    Situation("nothing is broken", NOTHING, None),
    # The tracker.
    Situation("tracker stopped", REFUSES, _TRACKER_GONE,
              strike=lambda machines, programs, stack: faults.kill(programs.trackers[0])),
    Situation("tracker frozen", SILENT, _TRACKER_GONE,
              strike=lambda machines, programs, stack: faults.freeze(programs.trackers[0])),
    Situation("tracker's machine gone", SILENT, _TRACKER_GONE, strike=_cut_off_tracker),
    Situation("one of two trackers stopped", REFUSES, _TRACKER_GONE, plan=lambda machines: Plan(trackers=2),
              strike=lambda machines, programs, stack: faults.kill(programs.trackers[0])),
    Situation("one of two trackers frozen", SILENT, _TRACKER_GONE, plan=lambda machines: Plan(trackers=2),
              strike=lambda machines, programs, stack: faults.freeze(programs.trackers[0])),
    Situation("the machine of one of two trackers gone", SILENT, _TRACKER_GONE, plan=lambda machines: Plan(trackers=2),
              strike=_cut_off_tracker),
    Situation("tracker's name does not resolve", REFUSES, _TRACKER_GONE,
              plan=lambda machines: Plan(tracker_urls=["http://tracker.invalid:7080"], connected=False)),
    Situation("tracker at the wrong port, refused", REFUSES, _TRACKER_GONE,
              plan=lambda machines: Plan(tracker_urls=[f"http://{machines.hub[0].address}:9"], connected=False)),
    Situation("the registry in the tracker's place", REFUSES, _TRACKER_GONE,
              plan=lambda machines: Plan(tracker_urls=[machines.registry.endpoint.url], connected=False)),
    Situation("no machine at the tracker's address", SILENT, _TRACKER_GONE,
              plan=lambda machines: Plan(tracker_urls=[_AWAY], connected=False)),
    # Ports and links.
    Situation("seeder's port dropped", SILENT, Told("agent", r"warning \w+: .*seeder", r"unreach"),
              strike=lambda machines, programs, stack: stack.enter_context(
                  faults.dropped_port(programs.trackers[0], "seeder", "listen"))),
    Situation("small-layer port of a holder dropped", SILENT,
              Told("tracker", r"warning \w+: .*(reach|holder)", r"unreach"),
              strike=lambda machines, programs, stack: stack.enter_context(
                  faults.dropped_port(programs.agents[2], "swarm", "http_listen")), told_cold=False),
    Situation("swarm ports of the agents dropped", SILENT,
              Told("agent", r"warning \w+: .*(peer|seeder)", r"unreach|seeder_only"),
              strike=lambda machines, programs, stack: [stack.enter_context(
                  faults.dropped_port(agent, "swarm", "listen")) for agent in programs.agents]),
    Situation("a holder loses packets over 1,280 bytes", SILENT, Told("agent", r"small layer not sent|not reached", r"small_(failed|hedged)|unreach"),
              strike=lambda machines, programs, stack: stack.enter_context(
                  faults.large_packets_lost(machines.network, machines.nodes[2]))),
    Situation("a holder at 1 Mbit/s", SILENT, Told("agent", r"small layer not sent|not reached|peer slow", r"small_failed|lagging|unreach"),
              strike=lambda machines, programs, stack: stack.enter_context(
                  faults.slow_link(machines.network, machines.nodes[2], 125_000)), crowd=(0, 1), told_cold=False),
    Situation("a holder's machine gone", SILENT, Told("agent", r"small layer not sent|not reached", r"small_(failed|hedged)|unreach"),
              strike=lambda machines, programs, stack: stack.enter_context(
                  faults.cut_off(machines.network, machines.nodes[2]))),
    Situation("a holder frozen", SILENT, Told("agent", r"small layer not sent|not reached", r"small_(failed|hedged)|unreach"),
              strike=lambda machines, programs, stack: faults.freeze(programs.agents[2]), crowd=(0, 1), told_cold=False),
    Situation("peers listen where nobody can dial them", REFUSES,
              Told("tracker", r"warning \w+: .*(reach|advertise)", r"unreach"),
              plan=lambda machines: Plan(swarm_address="127.0.0.1")),
    # The upstream at the tracker.
    Situation("tracker's upstream at the wrong port, refused", REFUSES, _UPSTREAM_FAULT,
              plan=_at_tracker(lambda machines: {"url": f"http://{machines.origin.address}:{_ORIGIN_PORT_CLOSED}"}),
              warm_possible=False),
    Situation("tracker's upstream does not resolve", REFUSES, _UPSTREAM_FAULT, plan=_upstream(url="http://registry.invalid:5000"),
              warm_possible=False),
    Situation("tracker's upstream is https, the registry speaks http", REFUSES, _UPSTREAM_FAULT,
              plan=_at_tracker(lambda machines: {"url": f"https://{machines.registry.authority}"}), warm_possible=False),
    Situation("tracker's upstream is http, the registry speaks TLS", REFUSES, _UPSTREAM_FAULT,
              plan=_at_tracker(lambda machines: {"url": f"http://{machines.with_tls.endpoint.authority}"}), warm_possible=False),
    Situation("tracker does not know the registry's CA", REFUSES, _UPSTREAM_FAULT,
              plan=_at_tracker(lambda machines: {"url": f"https://{machines.with_tls.endpoint.authority}"}), warm_possible=False),
    Situation("tracker's way to the registry dropped", SILENT, _UPSTREAM_FAULT, plan=_upstream(url="http://10.77.255.2:5000"),
              warm_possible=False),
    Situation("registry not configured at the tracker", REFUSES, Told("tracker", r"warning \w+: .*registry", r"refused|unknown"),
              plan=_upstream(), warm_possible=False),
    Situation("registry not configured at the agent", REFUSES, Told("agent", r"warning \w+: .*registry", r"unknown|refused"),
              plan=lambda machines: Plan(namespace="other.test"), warm_possible=False),
    Situation("a private image, no credential in Shoal's files", REFUSES, Told("tracker", r"warning \w+: .*(401|credential)", r"origin.*fail|refused"),
              plan=lambda machines: Plan(tracker_upstream={"url": machines.with_password.endpoint.url},
                                         agent_upstream={"url": machines.with_password.endpoint.url},
                                         authorization=basic(USER, machines.password)), warm_possible=False),
    Situation("credential's file missing at the tracker", REFUSES, Told("tracker", r"warning \w+: .*file", r"origin.*fail|refused|unreadable"),
              plan=lambda machines: Plan(tracker_upstream={"url": machines.with_password.endpoint.url,
                                                           "username_file": "/nowhere/user", "password_file": "/nowhere/password"},
                                         agent_upstream={"url": machines.with_password.endpoint.url},
                                         authorization=basic(USER, machines.password)), warm_possible=False),
    # The agent.
    Situation("agent stopped", REFUSES, None, strike=lambda machines, programs, stack: faults.kill(programs.agents[0])),
    # Room.
    Situation("tracker's disk full", REFUSES, Told("tracker", r"warning \w+: .*(room|space)", r"no_space|unstored|uncached"),
              plan=lambda machines: Plan(store_bytes={machines.hub[0].name: 2 << 20}), warm_possible=False),
    Situation("tracker's disk without inodes", REFUSES, Told("tracker", r"warning \w+: .*(room|space)", r"no_space|unstored|uncached"),
              plan=lambda machines: Plan(store_inodes={machines.hub[0].name: 12}), warm_possible=False),
    Situation("agent's disk full", REFUSES, Told("agent", r"warning \w+: .*(room|space)", r"no_space|unstored|uncached"),
              plan=lambda machines: Plan(store_bytes={machines.nodes[0].name: 2 << 20})),
    Situation("tracker's capacity smaller than a layer", REFUSES, Told("tracker", r"warning \w+: .*(room|space)", r"no_space|unstored|uncached"),
              plan=lambda machines: Plan(tracker_settings={"store": {"capacity": "8MiB"}}), warm_possible=False),
]
