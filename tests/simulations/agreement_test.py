"""What two runs of the same cells are said to have in common."""

import unittest

from simulations.benchmark.agreement import agreement_lines, differences
from simulations.benchmark.results import FIGURES


def _result(mode, makespan, void=False, **figures):
    return {**dict.fromkeys(FIGURES, 1.0), "scenario": "s", "mode": mode, "void": void, "makespan_seconds": makespan, **figures}


class Agreement(unittest.TestCase):
    def test_medians_within_five_percent_agree(self):
        self.assertEqual(agreement_lines([_result("shoal", 10.0)], [_result("shoal", 10.5)])[0],
                         "9 of 9 medians within 5% of the run before")

    def test_what_is_farther_apart_is_named_widest_first(self):
        lines = agreement_lines([_result("shoal", 10.0), _result("direct", 20.0)],
                                [_result("shoal", 11.0), _result("direct", 10.0)])
        self.assertEqual(lines[:3], ["13 of 15 medians within 5% of the run before; farther apart:",
                                     "* s, direct: makespan_seconds 20.00, then 10.00 (100%)",
                                     "* s, shoal: makespan_seconds 10.00, then 11.00 (10%)"])

    def test_what_chance_or_the_machine_decides_is_counted_apart(self):
        before = [_result("direct", 20.0, p50_seconds=10.0), _result("shoal", 10.0, p50_seconds=9.0)]
        now = [_result("direct", 20.0, p50_seconds=19.0, machine_cpu_seconds_per_gib=9.0), _result("shoal", 10.0, p50_seconds=5.0)]
        lines = agreement_lines(before, now)
        self.assertEqual(lines[:2], ["14 of 15 medians within 5% of the run before; farther apart:",
                                     "* s, shoal: p50_seconds 9.00, then 5.00 (80%)"])
        self.assertIn("3 of 5 that are not the systems' own", lines[-1])

    def test_what_nobody_can_tell_apart_agrees(self):
        lines = agreement_lines([_result("shoal", 1.0, first_byte_p50_seconds=0.01, origin_multiple=0.0)],
                                [_result("shoal", 1.0, first_byte_p50_seconds=0.05, origin_multiple=0.01)])
        self.assertEqual(lines[0], "9 of 9 medians within 5% of the run before")

    def test_only_cells_that_count_in_both_are_compared(self):
        self.assertEqual(differences([_result("shoal", 1.0, void=True), _result("direct", 1.0)],
                                     [_result("shoal", 9.0), _result("direct", 9.0, void=True), _result("mirror", 9.0)]), [])

    def test_what_a_system_does_not_tell_is_not_compared(self):
        now = _result("shoal", 1.0, first_byte_p50_seconds=None)
        self.assertEqual(len(differences([_result("shoal", 1.0)], [now])), 9)
