"""Runs the demo: `python3 -m simulations.demonstration`, or simulations/demo, which builds the programs first."""

import json
import sys
import time

from ..cluster.cpu import CpuShare
from ..cluster.program import in_workspace, say
from .measures import figures, find_faults, find_overlaps, node_result
from .options import parse_options
from .progress import Progress
from .report import show_report
from .stage import set_stage

_SAMPLE_SECONDS = 0.25


def main(arguments):
    options = parse_options(arguments)
    return in_workspace(lambda workspace: _roll_out(options, workspace), "the demo", options.keep)


def _roll_out(options, workspace):
    if options.keep:
        say(f"keeping everything in {workspace.path}")
    stage = set_stage(options, workspace, say)
    say(f"rolling out to {options.nodes} nodes at once")
    cpu = CpuShare()
    started_at = time.time()
    for client in stage.clients:
        client.start()
    _watch(options, stage)
    cpu_share = cpu.so_far()
    nodes = [node_result(client, stage.image, started_at) for client in stage.clients]
    overlaps = find_overlaps(stage)
    result = figures(options, stage, nodes, overlaps, cpu_share)
    faults = find_faults(stage, result, overlaps)
    show_report(options, stage, result, overlaps, faults, say)
    if options.json_path:
        with open(options.json_path, "w", encoding="utf-8") as file:
            json.dump({**result, "faults": faults}, file, indent=2)
            file.write("\n")
    if faults:
        say(workspace.log_tails(5))
    return 1 if faults else 0


def _watch(options, stage):
    """Until all clients are done, or far too late."""
    progress = Progress(stage.image.size)
    slowest_rate = min(options.rate, options.origin_rate)
    deadline = time.monotonic() + 60 + 10 * stage.image.size / slowest_rate
    while any([client.running() for client in stage.clients]) and time.monotonic() < deadline:
        progress.show(_rows(stage))
        time.sleep(_SAMPLE_SECONDS)
    progress.finish(_rows(stage))


def _rows(stage):
    return [(client.agent.name, client.received_bytes()) for client in stage.clients]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
