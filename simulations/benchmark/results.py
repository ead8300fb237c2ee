"""Several runs of one mode in one scenario as one result, and what is said of the machine that they ran on."""

import dataclasses
import datetime
import os
import platform
import statistics
import subprocess

SCHEMA = 1
# Medians and ranges of these are formed over the runs that count.
FIGURES = ("p50_seconds", "p90_seconds", "p99_seconds", "max_seconds", "makespan_seconds", "first_byte_p50_seconds",
           "first_byte_max_seconds", "lower_bound_seconds", "tcp_bound_seconds", "ramp_seconds", "ratio", "tcp_ratio",
           "origin_multiple", "origin_bytes", "origin_requests", "seeder_multiple", "tracker_multiple", "hub_multiple",
           "duplicate_bytes", "overhead", "machine_cpu_seconds_per_gib", "cpu_share", "control_share", "missing_bytes",
           "delivered_gib")
# As they are in the run that the result shows.
_SHOWN = ("lower_bound_terms_seconds", "limited_by", "formula", "hub_role", "copies_into_racks", "roles", "per_node")


def counts(run):
    """Whether a run's figures may be used: neither void nor incomplete."""
    return not run["void"] and not run["failures"]


def summary(mode, scenario, runs):
    """One result: medians over the runs that count, and each figure's range. When none counts, the figures are those of
    the last run alone, `void` is true and the reasons are there; nothing is averaged."""
    counted = [run for run in runs if counts(run)]
    shown = _middle(counted) if counted else runs[-1]
    used = counted or runs[-1:]
    result = {"mode": mode, "scenario": scenario.name, "situation": scenario.text(), "shape": dataclasses.asdict(scenario),
              "void": not counted, "reasons": sorted({each for run in runs for each in run["void"]}),
              "failures": sorted({each for run in runs for each in run["failures"]}),
              "runs": len(runs), "runs_counted": len(counted)}
    for figure in FIGURES:
        values = [run[figure] for run in used if run[figure] is not None]
        result[figure] = statistics.median(values) if values else None
    result["ranges"] = {figure: [min(values), max(values)] for figure in FIGURES
                        if (values := [run[figure] for run in counted if run[figure] is not None])}
    return {**result, **{key: shown[key] for key in _SHOWN}}


def _middle(runs):
    """The run whose makespan is the median, or the next below."""
    return sorted(runs, key=lambda run: run["makespan_seconds"])[(len(runs) - 1) // 2]


def conditions():
    """The machine and the tree, for whoever compares."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) * 1024
    return {"schema": SCHEMA, "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": _commit(), "kernel": platform.release(), "cpus": os.cpu_count(),
            "cpu_model": models[0] if models else platform.machine(), "memory_bytes": memory,
            "congestion_control": _read("/proc/sys/net/ipv4/tcp_congestion_control"),
            "shaper": "tbf burst 128k limit 512k"}


def _commit():
    tree = os.path.dirname(os.path.abspath(__file__))

    def git(*words):
        return subprocess.run(["git", "-C", tree, *words], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + (" with changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None
