"""One mode in one scenario, as often as it takes to have enough runs that count."""

from .results import counts, summary
from .run import run_once


def measure(scenario, mode, programs, layers, repeat, say):
    """The summary of `repeat` runs that count. A single run is taken as it comes; of several, void ones are repeated, as many
    times again in all."""
    most = repeat if repeat == 1 else 2 * repeat
    runs = []
    while len(runs) < most and sum(map(counts, runs)) < repeat:
        say(f"{mode}: {scenario.text()}: run {len(runs) + 1}")
        run = run_once(scenario, mode, programs, layers, say)
        for reason in run["void"]:
            say(f"  void: {reason}")
        for failure in run["failures"]:
            say(f"  failed: {failure}")
        say(f"  last node after {run['makespan_seconds']:.2f} s, {run['ratio']:.3f} x the lower bound")
        runs.append(run)
    return summary(mode, scenario, runs)
