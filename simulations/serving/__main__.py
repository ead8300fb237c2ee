"""Measures what serving costs: `python3 -m simulations.serving`, or simulations/serve, which builds the programs first."""

import argparse
import dataclasses
import json
import statistics
import sys

from ..benchmark.measures import percentile
from ..cluster.network import Loopback
from ..cluster.nginx import why_not_nginx
from ..cluster.program import in_workspace, say
from ..cluster.readers import ReadersFailed
from ..cluster.shoal import Programs
from ..cluster.units import parse_size, size_text
from .local import LocalServers
from .pair import Pairs
from .small import AGENTS, LAYER_BYTES, SmallLayers

_CLIENTS = (1, 16)
_SMALL_ROUNDS = 4  # for each of the others: they are short
_MOST_OTHER_CPU_SHARE = 0.05  # above it somebody else had the CPUs that were measured


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        prog="simulations/serve",
        description="Measures the warm local path (an agent against nginx, the same file, the same client) and one pair of "
                    "agents on loopback without shaped links. Says VOID when something else used the machine.")
    parser.add_argument("--size", type=_size, default="1GiB", metavar="SIZE",
                        help="the layer, a whole number of MiB (1GiB)")
    parser.add_argument("--rounds", type=_rounds, default=5, metavar="K", help="rounds of each measurement (5)")
    parser.add_argument("--json", dest="json_path", metavar="FILE", help="write the figures there")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory: configurations, logs")
    parser.add_argument("--programs", default="build/release", metavar="DIR",
                        help="the build directory of the programs (default build/release)")
    return parser.parse_args(arguments)


def _size(text):
    try:
        size = parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if size == 0 or size % (1 << 20):
        raise argparse.ArgumentTypeError("a whole number of MiB")
    return size


def _rounds(text):
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError("a number from 1 to 100")
    return int(text)


def main(arguments):
    options = parse_options(arguments)
    programs = Programs(options.programs)
    reason = why_not_nginx() or (programs.missing() and "not built: " + ", ".join(programs.missing()))
    if reason:
        say(reason)
        return 1
    paths, pairs, small = in_workspace(lambda workspace: _measure(options, workspace, programs), "the measurement", options.keep,
                                (ReadersFailed,))
    rows = [_row_of_path(path) for path in paths] + [_row_of_pairs(pairs)]
    _report(rows, options.size)
    _report_small(small)
    if options.json_path:
        with open(options.json_path, "w", encoding="utf-8") as file:
            json.dump({"size_bytes": options.size, "rows": rows, "local": [dataclasses.asdict(each) for each in paths],
                       "pair": [dataclasses.asdict(each) for each in pairs],
                       "small": [dataclasses.asdict(each) for each in small]}, file, indent=2)
            file.write("\n")
    return 0


def _measure(options, workspace, programs):
    network = Loopback()
    servers = LocalServers(workspace, programs, network, options.size)
    paths = [path for clients in _CLIENTS for path in servers.measure(clients, options.rounds, say)]
    say("an origin, a tracker and two agents, one of which holds the layer")
    pairs = Pairs(workspace, programs, network, options.size)
    transfers = []
    for number in range(options.rounds):
        say(f"one agent to another, round {number + 1} of {options.rounds}")
        transfers.append(pairs.measure(number + 1))
    rounds = _SMALL_ROUNDS * options.rounds
    say(f"one small layer to {AGENTS} agents at once, {rounds} rounds")
    small = SmallLayers(workspace, programs, network, rounds)
    return paths, transfers, [small.measure(number) for number in range(rounds)]


def _row_of_path(path):
    return row_of(f"{path.server} to {path.clients} local client{'s' if path.clients > 1 else ''}", path.rounds)


def _row_of_pairs(pairs):
    row = row_of("one agent to another", [pair.cost for pair in pairs])
    return {**row, "from_agent_share": statistics.median(pair.from_agent_share for pair in pairs)}


def row_of(what, costs):
    """One line of the report: the medians of some Costs, and the range of their rates."""
    rates = [cost.megabytes_per_second for cost in costs]
    other = max(cost.other_cpu_share for cost in costs)
    return {"what": what, "megabytes_per_second": statistics.median(rates),
            "megabytes_per_second_range": [min(rates), max(rates)],
            "cpu_seconds_per_gib": {role: statistics.median(cost.cpu_seconds_per_gib(role) for cost in costs)
                                    for role in costs[0].cpu_seconds},
            "other_cpu_share": other, "void": other > _MOST_OTHER_CPU_SHARE}


def _report_small(small):
    seconds = [each for layer in small for each in layer.agents_seconds]
    round_trip = statistics.median(layer.round_trip_seconds for layer in small)
    alone = statistics.median(layer.alone_seconds for layer in small)
    say(f"one layer of {size_text(LAYER_BYTES)} to {AGENTS} idle agents at once: p50 {percentile(seconds, 0.5) * 1e3:.1f} ms, "
        f"p99 {percentile(seconds, 0.99) * 1e3:.1f} ms; to one alone: {alone * 1e3:.1f} ms; "
        f"one from the registry: {round_trip * 1e3:.1f} ms")


def _report(rows, size):
    say("")
    say(f"a layer of {size_text(size)}; medians, [range]; CPU seconds per GiB by role")
    for row in rows:
        low, high = row["megabytes_per_second_range"]
        cpu = ", ".join(f"{role} {value:.2f}" for role, value in row["cpu_seconds_per_gib"].items())
        verdict = f"  VOID: others took {row['other_cpu_share']:.0%} of the CPUs" if row["void"] else ""
        say(f"{row['what']:<28} {row['megabytes_per_second']:>7.0f} MB/s [{low:.0f}-{high:.0f}]  CPU: {cpu}{verdict}")
        if "from_agent_share" in row:
            say(f"{'':<28} {row['from_agent_share']:.1%} of the bytes came from the agent, the rest from the tracker")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
