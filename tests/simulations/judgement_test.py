"""Percentiles, what makes a run void, and that void runs are never averaged."""

import types
import unittest

from simulations.benchmark.honesty import reasons_void
from simulations.benchmark.measures import carried_since, percentile, traffic
from simulations.benchmark.options import parse_options
from simulations.benchmark.results import FIGURES, summary
from simulations.benchmark.run import failures, naming_who_ended
from simulations.benchmark.topology import Trial, between
from simulations.cluster.shoal import piece_length


def _run(makespan, void=(), failures=()):
    return {**dict.fromkeys(FIGURES, 1.0), "makespan_seconds": makespan, "void": list(void), "failures": list(failures),
            "lower_bound_terms_seconds": {}, "limited_by": "origin", "formula": "", "hub_role": "", "copies_into_racks": {},
            "roles": {}, "per_node": [makespan]}


def _summary(*runs):
    return summary("shoal", parse_options(["--nodes", "2"]).scenario, list(runs))


class Percentiles(unittest.TestCase):
    def test_a_percentile_is_one_of_the_values(self):
        values = [5, 1, 4, 2, 3]
        self.assertEqual([percentile(values, share) for share in (0.0, 0.2, 0.21, 0.5, 0.9, 1.0)], [1, 1, 2, 3, 5, 5])
        self.assertEqual(percentile(range(1, 101), 0.99), 99)
        self.assertEqual(percentile([7], 0.5), 7)


class Void(unittest.TestCase):
    def test_a_quiet_machine_makes_a_run_count(self):
        self.assertEqual(reasons_void(0.8, 100, 98, []), [])
        self.assertEqual(reasons_void(0.1, 100, 102, []), [])

    def test_busy_cpus_make_a_run_void(self):
        self.assertEqual(len(reasons_void(0.81, 100, 100)), 1)

    def test_a_disturbed_control_pair_makes_a_run_void_in_either_direction(self):
        self.assertEqual(len(reasons_void(0.1, 100, 97.9)), 1)
        self.assertEqual(len(reasons_void(0.1, 100, 102.1)), 1)

    def test_what_cannot_be_judged_is_void(self):
        self.assertIn("too short", reasons_void(0.1, 100, None)[0])

    def test_a_wrong_link_is_named(self):
        self.assertIn("node3", reasons_void(0.1, 100, 100, [Trial("node3", "up", 90, 100)])[0])

    def test_a_link_may_be_three_percent_off(self):
        self.assertTrue(Trial("a", "up", 97, 100).right)
        self.assertTrue(Trial("a", "up", 103, 100).right)
        self.assertFalse(Trial("a", "up", 96.9, 100).right)

    def test_void_runs_are_never_averaged(self):
        result = _summary(_run(10), _run(1000, void=["busy"]), _run(12), _run(14))
        self.assertEqual(result["makespan_seconds"], 12)
        self.assertEqual(result["ranges"]["makespan_seconds"], [10, 14])
        self.assertEqual((result["void"], result["runs"], result["runs_counted"]), (False, 4, 3))
        self.assertEqual(result["per_node"], [12])
        self.assertEqual(result["reasons"], ["busy"])

    def test_failed_pulls_are_not_averaged_either(self):
        result = _summary(_run(10), _run(1, failures=["node1: wrong bytes"]))
        self.assertEqual(result["makespan_seconds"], 10)
        self.assertEqual(result["failures"], ["node1: wrong bytes"])

    def test_without_a_run_that_counts_the_result_is_void_and_one_run_alone(self):
        result = _summary(_run(10, void=["busy"]), _run(20, void=["busy"]))
        self.assertEqual((result["void"], result["makespan_seconds"], result["ranges"]), (True, 20, {}))


class _Program:
    """As a cluster.processes.Process that ended or did not."""

    def __init__(self, name, code):
        self.name = name
        self.exit_code = lambda: code
        self.running = lambda: code is None


class Failures(unittest.TestCase):
    def test_a_program_that_ended_by_itself_and_a_failed_pull_are_failures(self):
        report = types.SimpleNamespace(failure="wrong bytes")
        good = types.SimpleNamespace(failure=None)
        self.assertEqual(failures({"node2": report, "node1": good}, [_Program("hub", -11), _Program("node1", None), _Program("publisher", 0)]),
                         ["hub ended by itself with -11", "node2: wrong bytes"])


    def test_what_cut_a_run_off_is_named_with_the_program_that_ended(self):
        mode = types.SimpleNamespace(roles=lambda: {"node": [_Program("node1", -9), _Program("node2", None)]})
        with self.assertRaisesRegex(RuntimeError, r"node1 ended by itself with -9 \(.*reset by peer"), naming_who_ended(mode):
            raise ConnectionResetError(104, "Connection reset by peer")

    def test_what_no_program_caused_is_told_as_it_is(self):
        mode = types.SimpleNamespace(roles=lambda: {"node": [_Program("node1", None)]})
        with self.assertRaises(TimeoutError), naming_who_ended(mode):
            raise TimeoutError("too late")


class Traffic(unittest.TestCase):
    def test_links_are_told_as_multiples_of_what_a_node_misses(self):
        before = {"hub": (5, 5), "origin": (0, 0), "node1": (0, 10), "node2": (0, 0), "rack1": (0, 0)}
        after = {"hub": (2005, 5), "origin": (1000, 0), "node1": (0, 1060), "node2": (0, 1050), "rack1": (0, 2000)}
        seen = traffic(carried_since(before, after), ["node1", "node2"], ["rack1"], 1000)
        self.assertEqual((seen["tracker_multiple"], seen["origin_link_multiple"], seen["overhead"]), (2, 1, 1.05))
        self.assertAlmostEqual(seen["hub_multiple"], 1.91)
        self.assertAlmostEqual(seen["copies_into_racks"]["rack1"], 1.91)

    def test_a_rate_is_what_came_after_the_first_arrival(self):
        self.assertEqual(between([(1.0, 500), (2.0, 700), (3.0, 900)]), 200)

    def test_pieces_are_as_long_as_shoals(self):
        self.assertEqual([piece_length(size) for size in (1, (8 << 20) - 1, 8 << 20, 64 << 20, 1500 * (64 << 10), 8 << 30)],
                         [16 << 10, 16 << 10, 32 << 10, 32 << 10, 64 << 10, 1 << 20])
