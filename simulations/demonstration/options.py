"""The demo's command line."""

import argparse
import dataclasses

from ..cluster.units import parse_rate, parse_size

_ALL_LINKS = 48 << 20  # bytes per second over all nodes: shaped links of this sum keep two cores under 40 %


@dataclasses.dataclass(frozen=True)
class Options:
    """Sizes in bytes, rates in bytes per second."""

    programs: str
    nodes: int
    layers: list
    rate: int
    origin_rate: int
    keep: bool
    json_path: str


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        prog="simulations/demo", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Rolls one image out to all nodes of a small cluster on this machine: docker-registry as origin, a\n"
                    "tracker with nothing in its store, and agents in network namespaces with shaped links. The first\n"
                    "node pulls through containerd. Ends with 0 only if every layer is right on every node.",
        epilog='Sizes are written "64MiB", rates "6MiB/s" or "50Mbit". See simulations/README.md.')
    parser.add_argument("--nodes", type=_nodes, default=8, metavar="N", help="nodes that pull (default 8, at most 200)")
    parser.add_argument("--layers", type=_layers, default=_layers("64MiB,8MiB,200KiB"), metavar="SIZE[,SIZE...]",
                        help="the image's layers (default 64MiB,8MiB,200KiB)")
    parser.add_argument("--rate", type=_rate, metavar="RATE",
                        help="each node's link, both ways (default: 48MiB/s shared among the nodes)")
    parser.add_argument("--origin-rate", type=_rate, metavar="RATE", help="the origin's link (default: as a node's)")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory: logs, configuration, stores")
    parser.add_argument("--json", dest="json_path", metavar="FILE", help="write the figures there")
    parser.add_argument("--programs", default="build/release", metavar="DIR",
                        help="the build directory of the programs (default build/release)")
    parsed = parser.parse_args(arguments)
    rate = parsed.rate or _ALL_LINKS // parsed.nodes
    return Options(parsed.programs, parsed.nodes, parsed.layers, rate, parsed.origin_rate or rate, parsed.keep,
                   parsed.json_path)


def _nodes(text):
    if not text.isdecimal() or not 1 <= int(text) <= 200:
        raise argparse.ArgumentTypeError("a number from 1 to 200")
    return int(text)


def _layers(text):
    try:
        return [parse_size(each) for each in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _rate(text):
    try:
        return parse_rate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
