"""One run: the stage is set, the nodes come as the scenario says, everything is measured, and nothing stays."""

import contextlib
import dataclasses
import time

from ..cluster.content import make_layer
from ..cluster.cpu import CpuShare
from ..cluster.images import make_image
from ..cluster.processes import wait_until
from ..cluster.registry import Registry
from ..cluster.shoal import piece_length
from ..cluster.workspace import Workspace
from . import measures
from .bound import Rollout, lower_bound, ramp_seconds, tcp_seconds
from .client import Clients
from .honesty import NOT_TRIED, ControlPair, NoControlPair, reasons_void
from .modes import new_mode
from .stage import Node, Offer, Stage
from .topology import Network

_REPOSITORY = "rollout/image"
_OLD_SEEDS = 10_000     # seeds of layers that the version before has for itself
_MEMORY_SHARE = 0.8     # of what is free
_COPIES_AT_A_NODE = 2   # what a system keeps, and what the client wrote
_LONGEST_SECONDS = 1800
_LOOK_SECONDS = 1.0      # after whoever must go on running


class Layers:
    """Layers in files, made once for all runs; they need not be the same in two places."""

    def __init__(self, directory):
        self._directory = directory
        self._made = {}

    def get(self, size, seed):
        if (size, seed) not in self._made:
            self._made[size, seed] = make_layer(self._directory, size, seed)
        return self._made[size, seed]


def run_once(scenario, mode_name, programs, layers, say):
    """The run's figures as a dictionary of plain values; RuntimeError when it cannot be done at all."""
    _check_memory(scenario)
    with Workspace() as workspace:
        network = Network(scenario.topology)
        workspace.callback(network.close)
        stage = _set_stage(scenario, programs, workspace, network, layers)
        trials = network.try_links() if scenario.proved else []
        mode = new_mode(mode_name)
        workspace.callback(mode.stop)
        try:
            mode.start(stage)
            with naming_who_ended(mode):
                if stage.previous:
                    _pull_previous(stage, mode)
                if scenario.warm:
                    mode.warm()
                return _measured(stage, mode, [trial for trial in trials if not trial.right])
        except (OSError, RuntimeError):
            say(workspace.log_tails(2))
            raise


@contextlib.contextmanager
def naming_who_ended(mode):
    """A connection to a program that was killed may end whoever asks it for figures first: the cause is told, not that."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        deadline = time.monotonic() + _LOOK_SECONDS  # connections end a moment before their program
        while not (ended := _ended(_processes(mode.roles()))) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS / 20)
        if not ended:
            raise
        raise RuntimeError(f"{'; '.join(ended)} ({error})") from error


def _check_memory(scenario):
    needed = (scenario.topology.nodes * _COPIES_AT_A_NODE + 3) * sum(scenario.image.layers)
    with open("/proc/meminfo", encoding="ascii") as file:
        free = next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:"))
    if needed > _MEMORY_SHARE * free:
        raise RuntimeError(f"{needed >> 20} MiB are needed in memory, where all nodes keep their copies; "
                           f"{free >> 20} MiB are free: take fewer nodes or smaller layers")


def _set_stage(scenario, programs, workspace, network, layers):
    registry = Registry(workspace, network.origin)
    sizes = scenario.image.layers
    new = [layers.get(size, seed) for seed, size in enumerate(sizes)]
    offer = Offer(_REPOSITORY, "v2" if scenario.image.changed else "v1", make_image(new))
    previous = None
    if scenario.image.changed:
        kept = len(sizes) - scenario.image.changed
        old = new[:kept] + [layers.get(sizes[seed], _OLD_SEEDS + seed) for seed in range(kept, len(sizes))]
        previous = Offer(_REPOSITORY, "v1", make_image(old))
    for each in filter(None, (previous, offer)):
        registry.push_image(each.repository, each.tag, each.image)
    members = scenario.members(0)
    nodes = [Node(place.name, place, member.rate, member.rack, member.arrival, member.batch)
             for place, member in zip(network.nodes, members)]
    return Stage(workspace, network, programs, scenario, registry, offer, previous, network.hub, network.spare, nodes)


def _pull_previous(stage, mode):
    """The nodes get the version before through the mode, unmeasured; from then on they hold it."""
    clients = Clients(stage.workspace, stage.nodes, [mode.plan(node, stage.previous) for node in stage.nodes], "previous")
    for node in stage.nodes:
        clients.go(node)
    reports = _until_all(clients, stage.nodes, lambda: _processes(mode.roles()))
    failed = failures(reports, [])
    if failed:
        raise RuntimeError("the version before: " + "; ".join(failed))
    for node in stage.nodes:
        node.held = frozenset(stage.previous.blobs)


def _until_all(clients, nodes, programs):
    """The reports of these nodes and those before; once one of the `programs()` has failed nobody waits for it any longer."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    reports = clients.wait(0)
    while not all(node.name in reports for node in nodes):
        ended = _ended(programs())
        if ended:
            return clients.give_up(nodes, f"given up: {ended[0]}")
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not all nodes had the image within {_LONGEST_SECONDS} s")
        reports = clients.wait(min(deadline - time.monotonic(), _LOOK_SECONDS))
    return reports


def _processes(roles):
    return [process for processes in roles.values() for process in processes]


def _ended(programs):
    """Those that failed, one line each; one may be done with 0."""
    return [f"{process.name} ended by itself with {process.exit_code()}" for process in programs if process.exit_code()]


def _measured(stage, mode, wrong_links):
    network = stage.network
    clients = Clients(stage.workspace, stage.nodes, [mode.plan(node, stage.image) for node in stage.nodes], "client")
    control = ControlPair(network) if stage.scenario.proved else NoControlPair()
    try:
        stage.registry.forget_requests()
        told = _Told(mode)
        roles = {"origin": [stage.registry.process], **mode.roles()}
        running = [process for process in _processes(roles) if process.exit_code() != 0]
        usages = measures.Usages(roles)
        before = network.carried()
        cpu = CpuShare()
        started = time.monotonic()
        mode.begin()
        reports = _roll_out(stage.nodes, clients, started, running)
        ended = time.monotonic()
        busy_seconds, all_seconds = cpu.seconds()
        cpu_share = busy_seconds / all_seconds
        after = network.carried()
        control_rate = control.rate(started, ended)
        used = usages.so_far()
        duplicates, seeded = told.since()
    finally:
        control.stop()
    void = [NOT_TRIED]
    if stage.scenario.proved:
        void = reasons_void(cpu_share, control.solo_rate, control_rate, wrong_links)
    return {**_times(stage, reports, started), **_bounds(stage, reports, started),
            **_traffic(stage, measures.carried_since(before, after), seeded), "duplicate_bytes": duplicates,
            **_costs(stage, used, reports, busy_seconds),
            "hub_role": mode.hub_role, "cpu_share": cpu_share,
            "control_share": control_rate and control_rate / control.solo_rate, "void": void,
            "failures": failures(reports, running)}


def failures(reports, running):
    """What went wrong, one line each: pulls, and programs that had not done their work by the start and failed."""
    return _ended(running) + [f"{name}: {report.failure}" for name, report in sorted(reports.items()) if report.failure]


def _roll_out(nodes, clients, started, programs):
    """Tells the nodes to go, each at its time or when the batch before is done, and waits for all."""
    for batch in sorted({node.batch for node in nodes}):
        members = sorted((node for node in nodes if node.batch == batch), key=lambda node: node.arrival)
        for node in members:
            while (left := started + node.arrival - time.monotonic()) > 0:
                clients.wait(left)
            clients.go(node)
        _until_all(clients, members, lambda: programs)
    return clients.wait(0)


def _missing(stage):
    held = stage.nodes[0].held
    return sum(size for digest, size in stage.image.blobs.items() if digest not in held)


def _times(stage, reports, started):
    seconds = [report.finished - report.started for report in reports.values()]
    first = [report.first_byte - report.started for report in reports.values() if report.first_byte]
    return {"p50_seconds": measures.percentile(seconds, 0.5), "p90_seconds": measures.percentile(seconds, 0.9),
            "p99_seconds": measures.percentile(seconds, 0.99), "max_seconds": max(seconds),
            "makespan_seconds": max(report.finished for report in reports.values()) - started,
            "first_byte_p50_seconds": measures.percentile(first, 0.5) if first else None,
            "first_byte_max_seconds": max(first, default=None),
            "per_node": [_node(node, reports[node.name], started) for node in stage.nodes]}


def _node(node, report, started):
    return {"name": node.name, "rack": node.rack, "rate_bytes_per_second": node.rate,
            "start_seconds": report.started - started, "seconds": report.finished - report.started,
            "first_byte_seconds": report.first_byte and report.first_byte - report.started,
            "progress": [[round(when - started, 3), size] for when, size in report.progress]}


def _bounds(stage, reports, started):
    scenario, topology, missing = stage.scenario, stage.scenario.topology, _missing(stage)
    sources = topology.origin_rate + (topology.hub_rate if scenario.warm else 0)
    helper = 0 if scenario.warm else topology.hub_rate
    bound = lower_bound(Rollout(missing, sources, helper, scenario.members(missing), topology.rack_rates()))
    makespan = max(report.finished for report in reports.values()) - started
    largest = max(size for digest, size in stage.image.blobs.items() if digest not in stage.nodes[0].held)
    ramp = ramp_seconds(topology.nodes, piece_length(largest), max(topology.node_rates()))
    return {"missing_bytes": missing, "lower_bound_seconds": bound.seconds, "lower_bound_terms_seconds": bound.terms,
            "limited_by": bound.limit, "formula": bound.formula, "ramp_seconds": ramp,
            "tcp_bound_seconds": tcp_seconds(bound.seconds), "ratio": makespan / bound.seconds,
            "tcp_ratio": makespan / tcp_seconds(bound.seconds)}


class _Told:
    """What the mode itself counts, from here on."""

    def __init__(self, mode):
        self._mode = mode
        self._before = self._now()

    def since(self):
        """(duplicate bytes, bytes from the seeder), each None when the mode does not tell."""
        return [None if now is None else now - before for before, now in zip(self._before, self._now())]

    def _now(self):
        return self._mode.duplicate_bytes(), self._mode.seeder_bytes()


def _traffic(stage, carried, seeded):
    missing = _missing(stage)
    seen = measures.traffic(carried, [node.name for node in stage.nodes], list(stage.network.racks), missing)
    _wait_for_log(stage.registry)
    requests = stage.registry.requests()
    sent = stage.registry.blob_bytes_sent()
    return {**seen, "origin_multiple": sent / missing, "origin_bytes": sent, "origin_requests": len(requests),
            "seeder_multiple": seen["hub_multiple"] if seeded is None else seeded / missing}


def _wait_for_log(registry):
    """docker-registry logs a request a moment after its last byte: until no more come."""
    counts = []

    def settled():
        counts.append(len(registry.requests()))
        return len(counts) > 5 and counts[-1] == counts[-6]

    wait_until(settled, 10, "the origin's log is written", step_seconds=0.05)


def _costs(stage, used, reports, busy_seconds):
    """`machine` is all that the CPUs did meanwhile: the links' own work too."""
    gib = _missing(stage) * len(stage.nodes) / (1 << 30)
    client = measures.Usage(sum(report.cpu_seconds for report in reports.values()),
                            max(report.peak_bytes for report in reports.values()))
    roles = {**used, "client": client}
    return {"delivered_gib": gib,
            "roles": {role: {**dataclasses.asdict(usage), "cpu_seconds_per_gib": usage.cpu_seconds / gib}
                      for role, usage in roles.items()},
            "machine_cpu_seconds_per_gib": busy_seconds / gib}
