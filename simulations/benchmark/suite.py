"""Everything in simulations/RESULTS.md: each scenario of simulations/scenarios in the modes that say something in it.

Where direct pulls and both mirrors share one sender's link they take N times the bound, and take as long to measure: the
headline scenarios have all modes, the others those between which somebody would choose.
"""

import glob
import os
import tempfile

from . import plots, table, verdicts
from .agreement import agreement_lines
from .modes import MODES
from .repeats import measure
from .results import conditions
from .run import Layers
from .scenario import read_scenario

HEADLINES = ("01-one-layer-cold", "02-one-layer-warm", "03-five-layers-cold")
_CHOICE = ("shoal", "mirror", "bittorrent")
_OTHER_CHOICES = {"10-a-node-alone": tuple(MODES), "14-thirty-two-nodes": ("shoal", "bittorrent")}
# Where one link sends everything to everybody it is that link which decides, and two runs are as good as twenty.
_REPEATS = {"direct": 2, "mirror": 2, "registry-mirror": 2}
_OTHER_REPEATS = 3
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_INTRODUCTION = """\
# Results of the rollout benchmark

Written by `simulations/rollout --suite`; what the figures mean is in README.md. Each figure is the median of three runs, of
two where one link sends everything to everybody, in brackets their range where it matters; void runs are not among them. One machine carries everything, so that N x rate is
bounded by what it can shape: the ratios carry over to faster links, the seconds do not.

| | |
|---|---|
{conditions}
{agreement}
## Where each mode wins

{wins}

![How many times the lower bound each mode takes]({overview})
"""


def run_suite(options, say):
    """Measures all, writes RESULTS.md and its pictures; (results, conditions, the headline cells that are void)."""
    results, headline = [], []
    with tempfile.TemporaryDirectory() as directory:
        layers = Layers(directory)
        for path in sorted(glob.glob(os.path.join(_HERE, "scenarios", "*.toml"))):
            scenario, stem = read_scenario(path), os.path.basename(path).removesuffix(".toml")
            for mode in modes_of(stem):
                repeat = max(options.repeat, _REPEATS.get(mode, _OTHER_REPEATS))
                result = measure(scenario, mode, options.programs, layers, repeat, say)
                results.append(result)
                if stem in HEADLINES:
                    headline.append(result)
    about = conditions()
    write_report(results, about, options.against, _HERE)
    table.show_results(results, about, say)
    return results, about, [f"{result['scenario']}, {result['mode']}" for result in headline if result["void"]]


def modes_of(stem):
    """The modes in which the scenario of that file is measured."""
    return tuple(MODES) if stem in HEADLINES else _OTHER_CHOICES.get(stem, _CHOICE)


def write_report(results, about, before, directory):
    """RESULTS.md and pictures/ in `directory`, with what agrees with the results of a run before, if any; pictures that were there and are none of these are taken away."""
    pictures = os.path.join(directory, "pictures")
    os.makedirs(pictures, exist_ok=True)
    for old in glob.glob(os.path.join(pictures, "*.svg")):
        os.remove(old)
    overview = os.path.join(pictures, "ratios.svg")
    plots.ratio_overview(results, overview)
    rows = "\n".join(f"| {key.replace('_', ' ')} | {value} |" for key, value in about.items())
    agreement = "".join(f"\n{line}" for line in agreement_lines(before, results)) + "\n" if before else ""
    parts = [_INTRODUCTION.format(conditions=rows, agreement=agreement, wins=_wins(results), overview="pictures/ratios.svg")]
    for scenario, members in table.groups(results).items():
        parts.append(_section(scenario, members, pictures))
    with open(os.path.join(directory, "RESULTS.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(parts))


def _wins(results):
    lines = []
    for mode, respects in verdicts.wins(results).items():
        lines += [f"* **{mode}**, {respect}: {'; '.join(scenarios)}" for respect, scenarios in respects.items()]
    told = {verdict.scenario: [] for verdict in verdicts.verdicts(results)}
    for verdict in verdicts.verdicts(results):
        told[verdict.scenario].append(verdict.text())
    lines += ["", f"Medians within {verdicts.INDISTINGUISHABLE:.0%} are not told apart. Scenario by scenario:", ""]
    lines += [f"* *{scenario}*: {'. '.join(texts)}." for scenario, texts in told.items()]
    return "\n".join(lines)


def _section(scenario, members, pictures):
    lines = [f"## {scenario}", "", table.markdown_report(members)]
    counted = [result for result in members if not result["void"]]
    if counted:
        stem = plots.file_name(scenario)
        plots.completion_curves(counted, os.path.join(pictures, f"{stem}.svg"))
        lines += [f"![Completion curves](pictures/{stem}.svg)", ""]
    ours = next((result for result in counted if result["mode"] == "shoal"), None)
    if ours:
        plots.node_timeline(ours, os.path.join(pictures, f"{stem}-nodes.svg"))
        lines += [f"![Each node with shoal](pictures/{stem}-nodes.svg)", ""]
    return "\n".join(lines)
