"""Results (results.summary) as pictures, SVG by Debian's python3-matplotlib. The same results give the same bytes."""

import io
import os
import re

import matplotlib
from matplotlib.figure import Figure

from .table import groups

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "shoal", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9,
                            "axes.spines.top": False, "axes.spines.right": False})

# By mode, so that a mode looks the same in all pictures; a palette that colour-blind readers can tell apart.
_COLOURS = {"shoal": "#0072b2", "direct": "#d55e00", "mirror": "#e69f00", "registry-mirror": "#cc79a7",
            "bittorrent": "#009e73"}
_OTHER_COLOUR = "#555555"
_QUARTERS = ("#c6dbef", "#9ecae1", "#4292c6", "#084594")  # of the payload, first to last
_WAITING = "#dddddd"


def draw(results, directory):
    """Curves of each scenario and a timeline of each result that counts, as files in `directory`; their paths."""
    os.makedirs(directory, exist_ok=True)
    paths = []
    for scenario, members in groups(results).items():
        counted = [result for result in members if not result["void"]]
        if not counted:
            continue
        paths.append(os.path.join(directory, f"{file_name(scenario)}-completion.svg"))
        completion_curves(counted, paths[-1])
        for result in counted:
            paths.append(os.path.join(directory, f"{file_name(scenario)}-{file_name(result['mode'])}-timeline.svg"))
            node_timeline(result, paths[-1])
    return paths


def file_name(text):
    """Words joined by "-"."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def completion_curves(results, path):
    """One scenario: the share of the nodes that are done over time, a curve for each mode, and the lower bound."""
    figure = Figure(figsize=(7, 3.5))
    axes = figure.add_subplot()
    for result in results:
        done = sorted(node["start_seconds"] + node["seconds"] for node in result["per_node"])
        shares = [number / len(done) for number in range(len(done) + 1)]
        axes.step([0, *done], shares, where="post", label=result["mode"], color=_colour(result["mode"]))
    bound = results[0]["lower_bound_seconds"]
    axes.axvline(bound, color="black", linestyle="--", linewidth=1, label=f"lower bound {bound:.1f} s")
    axes.set(xlabel="seconds since the start", ylabel="share of the nodes that have the image", ylim=(0, 1.02))
    axes.set_xlim(left=0)
    axes.set_title(results[0]["scenario"])
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    _save(figure, path)


def node_timeline(result, path):
    """One result: a bar for each node, grey until its first byte, then a shade for each quarter of its bytes."""
    nodes = result["per_node"]
    figure = Figure(figsize=(7, 1.2 + 0.2 * len(nodes)))
    axes = figure.add_subplot()
    for row, node in enumerate(nodes):
        for (left, right), colour in zip(_spans(node), (_WAITING, *_QUARTERS)):
            axes.barh(row, right - left, left=left, height=0.8, color=colour)
    axes.axvline(result["lower_bound_seconds"], color="black", linestyle="--", linewidth=1)
    axes.set_yticks(range(len(nodes)), [_node_name(node) for node in nodes])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds since the start; dashed: lower bound\ngrey: no byte yet; then a shade for each quarter of the bytes")
    axes.set_title(f"{result['scenario']}, {result['mode']}")
    _save(figure, path)


def ratio_overview(results, path):
    """All scenarios: how many times the lower bound each mode takes, on a logarithmic scale."""
    scenarios = groups(results)
    figure = Figure(figsize=(7, 1.2 + 0.3 * len(scenarios)))
    axes = figure.add_subplot()
    for mode in dict.fromkeys(result["mode"] for result in results):
        points = [(result["ratio"], row) for row, members in enumerate(scenarios.values()) for result in members
                  if result["mode"] == mode and not result["void"]]
        axes.plot([ratio for ratio, _ in points], [row for _, row in points], "o", label=mode, color=_colour(mode))
    axes.axvline(1, color="black", linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_yticks(range(len(scenarios)), list(scenarios))
    axes.set_ylim(len(scenarios) - 0.5, -0.5)
    axes.grid(axis="y", color="#eeeeee")
    axes.set_xlabel("time of the last node / lower bound")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    _save(figure, path)


def _spans(node):
    """Five (from, to) in seconds since the rollout's start: waiting, and the four quarters of the bytes."""
    start = node["start_seconds"]
    end = start + node["seconds"]
    total = node["progress"][-1][1] if node["progress"] else 0
    edges = [start, end if node["first_byte_seconds"] is None else node["first_byte_seconds"]]
    for quarter in (1, 2, 3):
        reached = next((when for when, size in node["progress"] if size * 4 >= total * quarter), end)
        edges.append(min(max(reached, edges[-1]), end))
    edges.append(end)
    return list(zip(edges, edges[1:]))


def _node_name(node):
    return f"{node['name']} ({node['rack']})" if node["rack"] else node["name"]


def _colour(mode):
    return _COLOURS.get(mode, _OTHER_COLOUR)


def _save(figure, path):
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line.rstrip() + "\n" for line in drawn.getvalue().splitlines())
