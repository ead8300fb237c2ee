"""Measures an agent's memory: `python3 -m simulations.footprint.memory`, or simulations/memory, which builds it first."""

import argparse
import dataclasses
import json
import sys

from ..cluster.program import in_workspace, say
from ..cluster.puller import PullFailed
from ..cluster.readers import ReadersFailed
from ..cluster.shoal import Programs
from ..cluster.units import parse_size, size_text
from .situations import Situations


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        prog="simulations/memory",
        description="Measures the memory of an agent beside the page cache: idle, pulling one large layer, serving 64 "
                    "clients. Ends with 0 only if it stays within its limits. Needs 12 GiB of disk for a while.")
    parser.add_argument("--pulled", type=parse_size, default="2GiB", metavar="SIZE", help="the layer that is pulled (2GiB)")
    parser.add_argument("--served", type=parse_size, default="1GiB", metavar="SIZE", help="the layer that is served (1GiB)")
    parser.add_argument("--json", dest="json_path", metavar="FILE", help="write the figures there")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory: configurations, logs")
    parser.add_argument("--programs", default="build/release", metavar="DIR",
                        help="the build directory of the programs (default build/release)")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse_options(arguments)
    programs = Programs(options.programs)
    if programs.missing():
        say("not built: " + ", ".join(programs.missing()))
        return 1
    rows = in_workspace(lambda workspace: list(Situations(workspace, programs, say, options.pulled,
                                                          options.served).measure_all()),
                        "the measurement", options.keep, (PullFailed, ReadersFailed))
    _report(rows)
    if options.json_path:
        with open(options.json_path, "w", encoding="utf-8") as file:
            json.dump([{**dataclasses.asdict(row), "within_limit": row.within_limit} for row in rows], file, indent=2)
            file.write("\n")
    return 0 if all(row.within_limit for row in rows) else 1


def _report(rows):
    say("")
    say(f"{'situation':<48} {'peak':>10} {'limit':>10} {'with files':>11} {'moved':>10} {'seconds':>8}")
    for row in rows:
        verdict = "within" if row.within_limit else "TOO MUCH"
        say(f"{row.situation:<48} {size_text(row.peak_bytes):>10} {size_text(row.limit_bytes):>10} "
            f"{size_text(row.largest_ever_bytes):>11} {size_text(row.moved_bytes):>10} {row.seconds:>8.1f}  {verdict}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
