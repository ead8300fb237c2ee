"""The pulls of one situation: of the same image, direct and through the agent, in turn, over the same link."""

import contextlib
import dataclasses
import http.client
import re
import statistics
import threading

from ..cluster.cpu import CpuShare
from ..cluster.processes import wait_until
from ..cluster.puller import Pull, PullFailed
from .cluster import REPOSITORY, Programs, seen_from
from .hosts import Mirrored

FURTHER = 3  # pulls after the first, each of another image
_CROWD = 1 + FURTHER  # the image that all nodes pull at once
_LONGEST_SECONDS = 60
_TOLD_SECONDS = 12


@dataclasses.dataclass(frozen=True)
class Timed:
    """One pull. `past_mirror` counts requests that the runtime had to ask the registry itself."""

    seconds: float | None
    first_byte_seconds: float | None
    copies: float
    requests: int
    past_mirror: int
    cpu_share: float
    failure: str = ""


@dataclasses.dataclass
class Outcome:
    """One situation, cold or warm."""

    situation: object
    warm: bool
    direct: list = dataclasses.field(default_factory=list)
    through: list = dataclasses.field(default_factory=list)  # the first, then the further ones
    crowd: Timed | None = None   # all nodes at once, another image: seconds of the last one, copies of all
    told_line: str | None = None
    told_metric: str | None = None

    @property
    def direct_seconds(self):
        return statistics.median(each.seconds for each in self.direct)

    @property
    def further_seconds(self):
        return [each.seconds for each in self.through[1:]]


def measure(machines, binaries, situation, warm):
    """An Outcome. RuntimeError when the situation cannot be set up."""
    plan = situation.plan(machines)
    outcome = Outcome(situation, warm)
    label = re.sub(r"\W+", "-", situation.name) + ("-warm" if warm else "-cold")
    with Programs(machines, binaries, plan, label) as programs, contextlib.ExitStack() as stack:
        if warm:
            _warm_up(programs, plan)
        situation.strike(machines, programs, stack)
        for number in range(1 + FURTHER):
            outcome.direct.append(_direct(machines, number))
            outcome.through.append(_through(machines, programs, plan, [0], number))
        if not warm:
            outcome.crowd = _through(machines, programs, plan, situation.crowd[:len(programs.agents)], _CROWD)
        if warm or situation.told_cold:
            _look_for_what_told(programs, situation.told, outcome)
    return outcome


def _warm_up(programs, plan):
    holder = programs.agents[2]
    for number in range(1 + FURTHER):
        Pull(holder.registry, plan.namespace, REPOSITORY, f"v{number}").run()
    wait_until(lambda: not holder.status()["pulls"], _LONGEST_SECONDS, "the holder is idle")


def _direct(machines, number):
    registry = seen_from(machines.nodes[0], machines.registry.endpoint)
    return _timed(machines, number, [(registry, "", None)])


def _through(machines, programs, plan, which, number):
    clients = []
    for node in which:
        behind = machines.with_password if plan.authorization else machines.registry
        hosts = Mirrored(programs.agents[node].registry, seen_from(machines.nodes[node], behind.endpoint), plan.authorization)
        clients.append((hosts, plan.namespace, hosts))
    return _timed(machines, number, clients)


def _timed(machines, number, clients):
    """All clients pull the image at once."""
    machines.registry.forget_requests()
    cpu = CpuShare()
    pulls = [Pull(endpoint, namespace, REPOSITORY, f"v{number}", stall_seconds=_LONGEST_SECONDS)
             for endpoint, namespace, _ in clients]
    failures = []
    threads = [threading.Thread(target=_run, args=(pull, failures)) for pull in pulls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    share = cpu.so_far()
    copies = machines.registry.blob_bytes_sent() / machines.images[number].size
    requests = len(machines.registry.requests())
    past = sum(hosts.past_mirror for _, _, hosts in clients if hosts)
    if failures:
        return Timed(None, None, copies, requests, past, share, failures[0])
    return Timed(max(pull.seconds for pull in pulls), max(pull.first_byte_at - pull.started_at for pull in pulls), copies,
                 requests, past, share)


def _run(pull, failures):
    try:
        pull.run()
    except (PullFailed, OSError, http.client.HTTPException) as error:
        failures.append(str(error))


def _look_for_what_told(programs, told, outcome):
    """The first line and metric that tell; nothing found is None."""
    if not told:
        return
    who = programs.agents if told.by == "agent" else programs.trackers

    def found():
        outcome.told_line = outcome.told_line or _line(who, told)
        outcome.told_metric = outcome.told_metric or _metric(who, told)
        return outcome.told_line and outcome.told_metric

    with contextlib.suppress(TimeoutError):
        wait_until(found, _TOLD_SECONDS, "something told", 0.5)


def _line(programs, told):
    for program in programs:
        for line in program.process.log().splitlines():
            if re.search(told.line, line) and re.search(r" (warning|error) ", line):
                return line.partition(" ")[2]
    return None


def _metric(programs, told):
    for program in programs:
        with contextlib.suppress(OSError):
            for name, value in program.metrics().items():
                if re.search(told.metric, name) and (value == 0) == told.zero:
                    return f"{name} {value:g}"
    return None
