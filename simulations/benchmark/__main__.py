"""Runs the benchmark: `python3 -m simulations.benchmark`, or simulations/rollout, which builds the programs first."""

import json
import os
import subprocess
import sys
import tempfile

from .isolation import run_isolated
from .options import parse_options
from .results import conditions, counts, summary
from .run import Layers, run_once
from .table import show_results


def say(text):
    print(text, flush=True)


def main(arguments):
    options = parse_options(arguments)
    if os.geteuid() != 0:
        say("simulations/rollout needs root: for network namespaces and shaped links")
        return 1
    return run_isolated(lambda: _work(options))


def _work(options):
    try:
        if options.scenario is None:
            from .suite import run_suite
            return run_suite(options, say)
        return _one_scenario(options)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        say(f"the benchmark cannot go on: {error}")
        return 1


def _one_scenario(options):
    with tempfile.TemporaryDirectory() as directory:
        layers = Layers(directory)
        results = [measure(options.scenario, mode, options.programs, layers, options.repeat, say) for mode in options.modes]
    about = conditions()
    show_results(results, about, say)
    if options.pictures:
        from .plots import draw
        draw(results, options.pictures)
    if options.json_path:
        write_json(options.json_path, {**results[0], "conditions": about} if len(results) == 1 else
                   {"conditions": about, "results": results})
    return 1 if any(result["failures"] for result in results) else 0


def measure(scenario, mode, programs, layers, repeat, said):
    """`repeat` runs that count, void ones repeated as often as that again; their summary."""
    runs = []
    while sum(map(counts, runs)) < repeat and len(runs) < max(1, 2 * repeat - (repeat == 1)):
        said(f"{mode}: {scenario.text()}: run {len(runs) + 1}")
        run = run_once(scenario, mode, programs, layers, said)
        for reason in run["void"]:
            said(f"  void: {reason}")
        for failure in run["failures"]:
            said(f"  failed: {failure}")
        said(f"  last node after {run['makespan_seconds']:.2f} s, {run['ratio']:.3f} x the lower bound")
        runs.append(run)
    return summary(mode, scenario, runs)


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
