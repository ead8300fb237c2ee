"""Runs the benchmark: `python3 -m simulations.benchmark`, or simulations/rollout, which builds the programs first."""

import json
import os
import subprocess
import sys
import tempfile

from ..cluster.program import say
from ..cluster.puller import PullFailed
from .agreement import agreement_lines
from .isolation import run_isolated
from .limits import run_limits
from .options import parse_options
from .repeats import measure
from .results import conditions
from .run import Layers
from .table import show_results


def main(arguments):
    options = parse_options(arguments)
    if os.geteuid() != 0:
        say("simulations/rollout needs root: for network namespaces and shaped links")
        return 1
    return run_isolated(lambda: _work(options))


def _work(options):
    try:
        return _MANY[options.many](options) if options.many else _one_scenario(options)
    except (OSError, RuntimeError, PullFailed, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None)
        say(f"the benchmark cannot go on: {error}" + (f" {said}" if said else ""))
        return 1


def _one_scenario(options):
    with tempfile.TemporaryDirectory() as directory:
        layers = Layers(directory)
        results = [measure(options.scenario, mode, options.programs, layers, options.repeat, say) for mode in options.modes]
    about = conditions()
    show_results(results, about, say)
    _compare(options, results)
    if options.pictures:
        from .plots import draw  # here: matplotlib takes its time, and only this needs it
        draw(results, options.pictures)
    if options.json_path:
        write_json(options.json_path, {**results[0], "conditions": about} if len(results) == 1 else
                   {"conditions": about, "results": results})
    return 1 if any(result["failures"] for result in results) else 0


def _suite(options):
    from .suite import run_suite  # as above
    results, about, void_headlines = run_suite(options, say)
    if options.json_path:
        write_json(options.json_path, {"conditions": about, "results": results})
    _compare(options, results)
    for each in void_headlines:
        say(f"void: {each}: this belongs to what the results are about; run the suite on a quiet machine")
    return 1 if void_headlines or any(result["failures"] and not result["runs_counted"] for result in results) else 0


def _limits(options):
    results, about, met = run_limits(options, say)
    if options.json_path:
        write_json(options.json_path, {"conditions": about, "results": results})
    _compare(options, results)
    return 1 if not met or any(result["failures"] for result in results) else 0


_MANY = {"suite": _suite, "limits": _limits}


def _compare(options, results):
    if options.against:
        say("\n".join(agreement_lines(options.against, results)))


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
