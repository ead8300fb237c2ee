"""Measures what Shoal costs a pull when something is broken: `python3 -m simulations.harms`, or simulations/harm, which builds
the programs first."""

import argparse
import datetime
import os
import re
import subprocess
import sys

from ..cluster.network import Namespaces, why_not_namespaces
from ..cluster.nginx import why_not_nginx
from ..cluster.program import in_workspace, say
from ..cluster.shoal import Programs as Binaries
from . import judgement
from .access import NODES, measure_access
from .cluster import Machines
from .crowds import measure_crowds
from .measure import measure
from .page import page, with_access
from .readers import measure_readers
from .situations import SITUATIONS

_PAGE = os.path.join(os.path.dirname(__file__), "..", "HARM.md")


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        prog="simulations/harm",
        description="Pulls the same image directly and through Shoal over the same shaped links while something is broken, and "
                    "writes simulations/HARM.md.")
    parser.add_argument("--only", metavar="PATTERN", help="the situations whose name matches, without crowds, readers and access control")
    parser.add_argument("--list", action="store_true", help="name the situations")
    parser.add_argument("--skip-crowds", action="store_true", help="without crowds, readers and access control")
    parser.add_argument("--access", metavar="N[,N...]", nargs="?", const=",".join(map(str, NODES)),
                        help="only what access control costs, with so many nodes: that part of HARM.md is written anew")
    parser.add_argument("--print", action="store_true", help="print the page instead of writing HARM.md")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory: configurations, logs, stores")
    parser.add_argument("--programs", default="build/release", metavar="DIR",
                        help="the build directory of the programs (default build/release)")
    options = parser.parse_args(arguments)
    try:
        options.access = [int(each) for each in options.access.split(",")] if options.access else []
    except ValueError:
        parser.error("--access takes numbers of nodes")
    if any(not 1 <= each <= max(NODES) for each in options.access):
        parser.error(f"--access takes from 1 to {max(NODES)} nodes")
    return options


def main(arguments):
    options = parse_options(arguments)
    if options.list:
        for situation in SITUATIONS:
            say(situation.name)
        return 0
    binaries = Binaries(options.programs)
    reason = why_not_namespaces() or why_not_nginx() or (binaries.missing() and "not built: " + ", ".join(binaries.missing()))
    if reason:
        say(reason)
        return 1
    text = in_workspace(lambda workspace: _measure(options, workspace, binaries), "the measurement", options.keep)
    if options.print:
        say(text)
    else:
        with open(_PAGE, "w", encoding="utf-8") as file:
            file.write(text)
        say("written: simulations/HARM.md")
    return 0


def _measure(options, workspace, binaries):
    network = Namespaces()
    workspace.callback(network.close)
    machines = Machines(workspace, network)
    if options.access:
        with open(_PAGE, encoding="utf-8") as file:
            before = file.read()
        return with_access(before, measure_access(machines, binaries, say, options.access), _when())
    outcomes = []
    for situation in SITUATIONS:
        if options.only and not re.search(options.only, situation.name):
            continue
        for warm in (False, True)[:1 + situation.warm_possible]:
            outcomes.append(_one(machines, binaries, situation, warm))
    crowds, readers, access = [], [], []
    if not options.skip_crowds and not options.only:
        crowds = measure_crowds(machines, binaries, say)
        readers = measure_readers(machines, binaries, machines.images[0].layers[-1], say)
        access = measure_access(machines, binaries, say)
    return page(outcomes, crowds, readers, _conditions(options), access)


def _one(machines, binaries, situation, warm):
    """Measured again when the CPUs were the bottleneck, twice at most."""
    for _ in range(3):
        outcome = measure(machines, binaries, situation, warm)
        if not judgement.is_void(outcome):
            break
    missed = judgement.misses(outcome)
    first, further = judgement.first_delay(outcome), judgement.further_delay(outcome)
    shown = ", ".join(f"{name} {'failed' if value is None else f'{value:+.2f} s'}" for name, value in (("first", first), ("further", further)))
    say(f"{situation.name}, {'warm' if warm else 'cold'}: direct {outcome.direct_seconds:.2f} s, {shown}; "
        f"{'VOID' if judgement.is_void(outcome) else 'missed: ' + '; '.join(missed) if missed else 'good'}")
    return outcome


def _when():
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return f"{datetime.date.today()}, commit {commit}, {os.cpu_count()} CPUs, kernel {os.uname().release}"


def _conditions(options):
    return (f"{_when()}; every machine in a "
            "network namespace with a link of 200 Mbit/s each way; docker-registry as origin; an image of 20 MiB in four layers."
            + (f" Only the situations whose name matches `{options.only}`." if options.only else "")
            + (" Without crowds, readers and access control." if options.only or options.skip_crowds else ""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
