"""Shoal at the physical limit: the scenarios of simulations/limits, and what it is held to in each.

Every scenario is run in its modes, five times that count; LIMITS.md tells what was reached and what was not.
"""

import dataclasses
import os
import tempfile

from .repeats import measure
from .results import conditions
from .run import Layers
from .scenario import read_scenario

REPEATS = 5
_SPARE = 1e-4  # of a multiple that cannot be less than 1: counted bytes are exact, their quotient is not
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclasses.dataclass(frozen=True)
class Target:
    """A figure of some results, {(scenario file, mode): result}, that is to be `most` at most."""

    text: str
    most: float
    value: object


def _ours(stem, figure):
    return lambda results: results[stem, "shoal"][figure]


def _quotient(stem, figure, other_stem, other_mode, other_figure):
    return lambda results: results[stem, "shoal"][figure] / results[other_stem, other_mode][other_figure]


def _spread(stem):
    return Target("p99 / p50 over the nodes", 1.02, _quotient(stem, "p99_seconds", stem, "shoal", "p50_seconds"))


def _bytes(stem):
    return [Target("the seeder's bytes / size", 1.05, _ours(stem, "seeder_multiple")),
            Target("all of the tracker's bytes / size", 1.10, _ours(stem, "tracker_multiple"))]


def _p99_over_size(stem):
    def value(results):
        result = results[stem, "shoal"]
        rate = min(node["rate_bytes_per_second"] for node in result["per_node"])
        return result["p99_seconds"] * rate / result["missing_bytes"]
    return value


TARGETS = {
    "warm-12": [Target("last node / (size / rate)", 1.085, _ours("warm-12", "ratio")), _spread("warm-12"),
                *_bytes("warm-12")],
    "warm-32": [Target("last node / (size / rate)", 1.10, _ours("warm-32", "ratio")), _spread("warm-32"),
                *_bytes("warm-32")],
    "warm-48": [Target("last node / (size / rate)", 1.11, _ours("warm-48", "ratio")), _spread("warm-48"),
                *_bytes("warm-48")],
    "cold-12": [Target("last node / the same, warm", 1.0 + 0.02 / 1.085,
                       _quotient("cold-12", "makespan_seconds", "warm-12", "shoal", "makespan_seconds")),
                _spread("cold-12"), *_bytes("cold-12"),
                Target("the origin's bytes / size", 1.0 + _SPARE, _ours("cold-12", "origin_multiple"))],
    "batches": [Target("p99 of the nodes / (size / rate)", 1.10, _p99_over_size("batches"))],
    "five-layers": [Target("last node / (size / rate)", 1.12, _ours("five-layers", "ratio")),
                    Target("the origin's bytes / size", 1.0 + _SPARE, _ours("five-layers", "origin_multiple"))],
    "forty-layers": [Target("last node / the same with direct pulls", 1.0,
                            _quotient("forty-layers", "makespan_seconds", "forty-layers", "direct", "makespan_seconds"))],
    "alone": [Target("the node / the same with a direct pull", 1.02,
                     _quotient("alone", "makespan_seconds", "alone", "direct", "makespan_seconds"))],
}
_MODES = {"forty-layers": ("shoal", "direct"), "alone": ("shoal", "direct")}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One target and what became of it; `value` None where nothing counts."""

    scenario: str
    target: Target
    value: float | None

    @property
    def met(self):
        return self.value is not None and self.value <= self.target.most


def run_limits(options, say):
    """Measures all and writes LIMITS.md; (results, conditions, whether every target was met)."""
    results = {}
    with tempfile.TemporaryDirectory() as directory:
        layers = Layers(directory)
        for stem in TARGETS:
            scenario = read_scenario(os.path.join(_HERE, "limits", f"{stem}.toml"))
            for mode in _MODES.get(stem, ("shoal",)):
                results[stem, mode] = measure(scenario, mode, options.programs, layers, max(options.repeat, REPEATS), say)
    about = conditions()
    found = outcomes(results)
    write_report(found, about, os.path.join(_HERE, "LIMITS.md"))
    for each in found:
        say(_line(each))
    return list(results.values()), about, all(each.met for each in found)


def outcomes(results):
    """Of all targets, in their order."""
    found = []
    for stem, targets in TARGETS.items():
        for target in targets:
            found.append(Outcome(results[stem, "shoal"]["scenario"], target, _value(target, results)))
    return found


def _value(target, results):
    """None when a result that it is made of is void."""
    used = _Used(results)
    value = target.value(used)
    return None if used.void else value


class _Used:
    """Results that remember whether one that was taken from them is void."""

    def __init__(self, results):
        self._results = results
        self.void = False

    def __getitem__(self, key):
        result = self._results[key]
        self.void = self.void or result["void"]
        return result


def _line(outcome):
    value = "void" if outcome.value is None else f"{outcome.value:.3f}"
    verdict = "met" if outcome.met else "not met"
    return f"{outcome.scenario}: {outcome.target.text}: {value} (at most {outcome.target.most:.3f}): {verdict}"


def write_report(found, about, path):
    rows = "\n".join(f"| {each.scenario} | {each.target.text} | {each.target.most:.3f} | "
                     f"{'void' if each.value is None else f'{each.value:.3f}'} | {'yes' if each.met else '**no**'} |"
                     for each in found)
    told = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in about.items())
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"""\
# At the physical limit

Written by `simulations/rollout --limits`: the scenarios of `limits/`, medians of {REPEATS} runs or more that count. TCP alone takes
1.047 times size / rate on these links.

| scenario | what | at most | measured | met |
|---|---|---|---|---|
{rows}

{told}
""")
