"""What shoal is held to: every target has its scenario, and no void run meets any."""

import os
import tempfile
import unittest

from simulations.benchmark.limits import TARGETS, outcomes, write_report
from simulations.benchmark.scenario import read_scenario

_LIMITS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "simulations", "limits")
_MOST_RATE = 500e6 / 8  # bytes per second over all nodes: what two cores can shape and still count


def _result(stem, **figures):
    return {"scenario": stem, "void": False, "ratio": 1.05, "p50_seconds": 10.0, "p99_seconds": 10.1, "seeder_multiple": 1.0,
            "tracker_multiple": 1.05, "origin_multiple": 1.0, "makespan_seconds": 10.0, "missing_bytes": 1000,
            "per_node": [{"rate_bytes_per_second": 100}], **figures}


def _results(**changed):
    results = {(stem, mode): _result(stem) for stem in TARGETS for mode in ("shoal", "direct")}
    for stem, figures in changed.items():
        results[stem.replace("_", "-"), "shoal"].update(figures)
    return results


def _of(found, scenario):
    return {each.target.text: each for each in found if each.scenario == scenario}


class Targets(unittest.TestCase):
    def test_every_target_has_a_scenario_that_two_cores_can_shape(self):
        self.assertEqual({f"{stem}.toml" for stem in TARGETS}, set(os.listdir(_LIMITS)))
        for stem in TARGETS:
            scenario = read_scenario(os.path.join(_LIMITS, f"{stem}.toml"))
            self.assertLessEqual(sum(scenario.topology.node_rates()), _MOST_RATE, stem)

    def test_what_is_at_most_the_target_meets_it(self):
        self.assertTrue(all(each.met for each in outcomes(_results())))
        found = _of(outcomes(_results(warm_12={"ratio": 1.0851})), "warm-12")
        self.assertFalse(found["last node / (size / rate)"].met)
        self.assertTrue(found["p99 / p50 over the nodes"].met)

    def test_p99_is_taken_over_what_the_link_needs_for_the_size(self):
        [batches] = _of(outcomes(_results(batches={"p99_seconds": 11.5})), "batches").values()
        self.assertAlmostEqual(batches.value, 1.15)
        self.assertFalse(batches.met)

    def test_a_void_result_meets_nothing_that_it_is_part_of(self):
        found = outcomes(_results(warm_12={"void": True}))
        self.assertFalse(any(each.met for each in _of(found, "warm-12").values()))
        cold = _of(found, "cold-12")
        self.assertIsNone(cold["last node / the same, warm"].value)
        self.assertTrue(cold["p99 / p50 over the nodes"].met)

    def test_the_report_names_what_was_not_met(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "LIMITS.md")
            write_report(outcomes(_results(warm_32={"ratio": 1.2}, alone={"void": True})), {"cpus": 2}, path)
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
        self.assertIn("| warm-32 | last node / (size / rate) | 1.100 | 1.200 | **no** |", lines)
        self.assertTrue(any(line.startswith("| alone |") and "void" in line for line in lines))
        self.assertIn("cpus 2", lines)
