"""Measures an agent's start with a full store: `python3 -m simulations.footprint.store_start`, or simulations/store_start."""

import argparse
import json
import os
import sys
import time

from ..cluster.network import Loopback
from ..cluster.processes import wait_until
from ..cluster.program import in_workspace, say
from ..cluster.shoal import Agent, Programs
from ..cluster.units import size_text
from .held_layers import ZeroLayers
from .resident import PeakMemory

_LAYER_SIZE = 8 << 20  # 512 pieces: a side file of 16 KiB
_LIMIT_SECONDS = 2.0
_LONGEST_SECONDS = 60
_DROP_CACHES = "/proc/sys/vm/drop_caches"


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        prog="simulations/store_start",
        description="Measures the time from an agent's start until /readyz answers 200, with a store full of layers: once "
                    "after the system's caches were dropped (as root), then with warm ones. Ends with 0 only if every "
                    f"start took at most {_LIMIT_SECONDS:g} s.")
    parser.add_argument("--layers", type=int, default=10_000, metavar="N", help="layers in the store (10000)")
    parser.add_argument("--starts", type=int, default=3, metavar="N", help="warm starts (3)")
    parser.add_argument("--json", dest="json_path", metavar="FILE", help="write the figures there")
    parser.add_argument("--programs", default="build/release", metavar="DIR",
                        help="the build directory of the programs (default build/release)")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse_options(arguments)
    programs = Programs(options.programs)
    if programs.missing():
        say("not built: " + ", ".join(programs.missing()))
        return 1
    rows = in_workspace(lambda workspace: list(_starts(options, workspace, programs)), "the measurement")
    _report(options, rows)
    return 0 if all(row["seconds"] <= _LIMIT_SECONDS for row in rows) else 1


def _starts(options, workspace, programs):
    """One row for each start, the cold one first."""
    agent = Agent(workspace, programs, Loopback().add("agent"), {}, capacity="1024GiB")
    say(f"making {options.layers} layers")
    layers = ZeroLayers(_LAYER_SIZE)
    for number in range(options.layers):
        layers.hold(workspace.directory("agent-store"), number)
    if _drop_caches():
        yield _start(agent, "cold", options.layers)
    for _ in range(options.starts):
        yield _start(agent, "warm", options.layers)


def _drop_caches():
    os.sync()
    try:
        with open(_DROP_CACHES, "w", encoding="ascii") as drop:
            drop.write("3\n")
    except OSError as error:
        say(f"no cold start: the system's caches cannot be dropped ({error.strerror})")
        return False
    return True


def _start(agent, caches, held):
    started = time.monotonic()
    agent.start(wait=False)
    with PeakMemory(agent.process) as peak:
        wait_until(agent.ready, _LONGEST_SECONDS, "the agent is ready", step_seconds=0.005)
        seconds = time.monotonic() - started
    cpu_seconds = agent.process.cpu_seconds()
    found = agent.status()["store"]["layers"]
    agent.process.end()
    if found != held:
        raise RuntimeError(f"the agent holds {found} layers and not {held}")
    return {"caches": caches, "seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak.bytes, "layers": held}


def _report(options, rows):
    say("")
    say(f"{'caches':<8} {'seconds':>8} {'limit':>6} {'of CPU':>7} {'memory':>10}")
    for row in rows:
        verdict = "within" if row["seconds"] <= _LIMIT_SECONDS else "TOO LONG"
        say(f"{row['caches']:<8} {row['seconds']:>8.2f} {_LIMIT_SECONDS:>6.1f} {row['cpu_seconds']:>7.2f} "
            f"{size_text(row['peak_bytes']):>10}  {verdict}")
    if options.json_path:
        with open(options.json_path, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
