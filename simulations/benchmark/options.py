"""The benchmark's command line."""

import argparse
import dataclasses
import json
import os

from ..cluster.units import parse_rate
from .modes import MODES
from .scenario import (Image, Scenario, ScenarioError, make_topology, parse_arrival, parse_layers, read_scenario)

_SHAPE = ("nodes", "layers", "changed_layers", "rate", "origin_rate", "hub_rate", "warm", "racks", "oversubscription",
          "arrival")  # what a scenario file says instead
_MOST_REPEATS = 20
_TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclasses.dataclass(frozen=True)
class Options:
    """What to run: one scenario in some modes, or one of the two lists of many."""

    many: str | None           # "suite" or "limits"
    scenario: Scenario | None  # when it is neither
    modes: list
    repeat: int
    json_path: str | None
    pictures: str | None
    programs: str
    against: list  # results of an earlier run to compare with; empty: none


def parse_options(arguments):
    """Ends the program with a line about the first thing that is wrong."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    given = [key for key in _SHAPE if getattr(parsed, key) is not None]
    try:
        if parsed.suite and parsed.limits:
            raise ValueError("--suite or --limits, one at a time")
        many = "suite" if parsed.suite else "limits" if parsed.limits else None
        if parsed.unproved and (many or parsed.scenario):
            raise ValueError("--unproved is for a run from the command line alone")
        if many and (given or parsed.scenario):
            raise ValueError(f"--{many} has its own scenarios: leave the others out")
        if parsed.scenario and given:
            raise ValueError(f"--scenario says what --{given[0].replace('_', '-')} would")
        scenario = None if many else read_scenario(parsed.scenario) if parsed.scenario else _from_options(parsed)
        against = _results(parsed.against) if parsed.against else []
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return Options(many, scenario, parsed.mode, parsed.repeat, parsed.json_path and os.path.abspath(parsed.json_path),
                   parsed.pictures and os.path.abspath(parsed.pictures), os.path.abspath(parsed.programs),
                   against)


def _parser():
    parser = argparse.ArgumentParser(
        prog="simulations/rollout", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures how long it takes to get an image onto many nodes: real programs in network namespaces with\n"
                    "shaped links, against the shortest time that anybody could reach on them. Needs root.",
        epilog='Sizes are written "64MiB", rates "6MiB/s" or "50Mbit". See simulations/README.md.')
    shape = parser.add_argument_group("what is rolled out (or --scenario FILE)")
    shape.add_argument("--nodes", type=int, metavar="N", help="nodes that pull (default 8)")
    shape.add_argument("--layers", type=_said(lambda text: parse_layers(text.split(","))), metavar="SIZE[,SIZE...]",
                       help="the image's layers (default 64MiB); 40x256KiB stands for forty")
    shape.add_argument("--changed-layers", type=int, metavar="K",
                       help="the nodes have the version before: all layers but the last K")
    shape.add_argument("--rate", type=_said(parse_rate), metavar="RATE",
                       help="each node's link, both ways (default: 48MiB/s shared among the nodes)")
    shape.add_argument("--origin-rate", type=_said(parse_rate), metavar="RATE", help="the origin's link (default: a node's)")
    shape.add_argument("--hub-rate", type=_said(parse_rate), metavar="RATE",
                       help="the link of the tracker, mirror or seeder (default: a node's)")
    shape.add_argument("--warm", action="store_const", const=True, help="the hub has the image before the nodes come")
    shape.add_argument("--racks", type=int, metavar="R", help="nodes in R racks")
    shape.add_argument("--oversubscription", type=float, metavar="X",
                       help="a rack's uplink carries its nodes' links together / X (default 1)")
    shape.add_argument("--arrival", type=_said(parse_arrival), metavar="HOW",
                       help="flash (default), staggered:10s, batches:25%%")
    parser.add_argument("--scenario", metavar="FILE", help="a scenario file instead")
    parser.add_argument("--mode", type=_modes, default=["shoal"], metavar="MODE[,MODE...]",
                        help=f"{', '.join(MODES)}, or all (default shoal)")
    parser.add_argument("--repeat", type=_repeat, default=1, metavar="K",
                        help="runs that count, of each mode: medians and ranges (default 1)")
    parser.add_argument("--suite", action="store_true", help="everything in simulations/RESULTS.md, which is written anew")
    parser.add_argument("--limits", action="store_true",
                        help="shoal at the physical limit: simulations/LIMITS.md is written anew")
    parser.add_argument("--unproved", action="store_true",
                        help="try neither the links nor the machine, which takes six seconds a run: every run is void")
    parser.add_argument("--json", dest="json_path", metavar="FILE", help="write the figures there")
    parser.add_argument("--against", metavar="FILE", help="tell which medians are more than 5 %% from those of an earlier --json")
    parser.add_argument("--pictures", metavar="DIR", help="write completion curves and timelines there")
    parser.add_argument("--programs", default=os.path.join(_TREE, "build/release"), metavar="DIR",
                        help="the build directory of shoal's programs (default build/release)")
    return parser


def _results(path):
    """What --json wrote there."""
    with open(path, encoding="utf-8") as file:
        read = json.load(file)
    results = read.get("results", [read]) if isinstance(read, dict) else []
    if not results or not all("scenario" in result and "ranges" in result for result in results):
        raise ValueError(f"{path} has no results: give a file that --json of an earlier run has written")
    return results


def _from_options(parsed):
    layers = parsed.layers or parse_layers(["64MiB"])
    if parsed.changed_layers is not None and not 1 <= parsed.changed_layers < len(layers):
        raise ScenarioError("--changed-layers: from 1 to one less than there are layers")
    topology = make_topology(8 if parsed.nodes is None else parsed.nodes, parsed.rate, parsed.origin_rate, parsed.hub_rate,
                             racks=parsed.racks or 0,
                             oversubscription=1.0 if parsed.oversubscription is None else parsed.oversubscription)
    return Scenario("command line", topology, Image(layers, parsed.changed_layers), bool(parsed.warm),
                    parsed.arrival or parse_arrival("flash"), not parsed.unproved)


def _said(parse):
    """For argparse, which tells an error's text only when it is of its own kind."""
    def parsed(text):
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return parsed


def _modes(text):
    modes = list(MODES) if text == "all" else text.split(",")
    for mode in modes:
        if mode not in MODES:
            raise argparse.ArgumentTypeError(f'no mode is called "{mode}"; there are {", ".join(MODES)}')
    return modes


def _repeat(text):
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_REPEATS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {_MOST_REPEATS}")
    return int(text)
