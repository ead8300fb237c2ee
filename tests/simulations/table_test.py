"""Tables of results, and what is said of where each mode wins."""

import unittest

from simulations.benchmark.table import groups, markdown_report, show_results, text_report, troubles
from simulations.benchmark.verdicts import verdicts, wins

from .reports import report, void


def _cells(markdown, mode):
    """All cells of a mode's rows, over all tables."""
    rows = [line for line in markdown.splitlines() if line.startswith(f"| {mode} ")]
    return [cell.strip() for row in rows for cell in row.strip("|").split("|")]


class Tables(unittest.TestCase):
    def test_a_median_of_several_runs_shows_their_range(self):
        self.assertIn("12.00 [11.50-12.50]", _cells(markdown_report([report()]), "shoal"))
        self.assertIn("1.200 [1.150-1.250]", _cells(markdown_report([report()]), "shoal"))

    def test_a_single_run_shows_no_range(self):
        self.assertIn("12.00", _cells(markdown_report([report(runs=1, runs_counted=1)]), "shoal"))

    def test_every_figure_is_there(self):
        cells = _cells(markdown_report([report(copies_into_racks={"rack1": 1.0, "rack2": 1.5},
                                               duplicate_bytes=(1 << 30) // 100)]), "shoal")
        for figure in ("1.146", "11.00", "0.25", "0.50", "4", "1.25 (tracker)", "1.12", "1.00-1.50", "1.00%", "1.062", "50%",
                       "20.0", "origin 1.50", "origin 32.0 MiB"):
            self.assertIn(figure, cells)

    def test_what_a_system_does_not_tell_is_a_dash(self):
        cells = _cells(markdown_report([report(duplicate_bytes=None, hub_role="", first_byte_p50_seconds=None)]), "shoal")
        self.assertEqual(cells.count("-"), 5)  # no racks and no seeder either

    def test_a_void_result_shows_its_reason_and_no_figure(self):
        for made in (markdown_report([void("direct", "the CPUs were 99% busy"), report()]),
                     text_report([void("direct", "the CPUs were 99% busy"), report()])):
            self.assertIn("direct: VOID: the CPUs were 99% busy", made)
        cells = _cells(markdown_report([void("direct", "the CPUs were 99% busy"), report()]), "direct")
        self.assertEqual(set(cells), {"direct", "void", ""})

    def test_a_scenario_with_void_results_alone_has_no_table_in_the_terminal(self):
        self.assertNotIn("last node s", text_report([void("direct", "busy")]))

    def test_a_failure_is_told_and_makes_no_figure(self):
        failed = void("mirror", "busy", failures=["node1: 503"], reasons=[])
        self.assertEqual(troubles(failed), ["mirror: FAILED: node1: 503"])
        self.assertEqual(set(_cells(markdown_report([failed]), "mirror")), {"mirror", "failed", ""})

    def test_runs_that_were_left_out_are_counted(self):
        self.assertEqual(troubles(report(runs=5, runs_counted=3, reasons=["busy"])),
                         ["shoal: 2 of 5 runs left out: busy"])
        self.assertEqual(troubles(report()), [])

    def test_columns_of_a_text_table_line_up(self):
        lines = text_report([report(), report("registry-mirror")]).splitlines()
        header = next(line for line in lines if line.startswith("times"))
        rows = [line for line in lines[lines.index(header) + 1:]][:2]
        for row in rows:
            self.assertEqual(row.index("12.00 [11.50"), header.index("last node s"))

    def test_the_bound_is_told_with_its_formula_and_what_tcp_and_the_ramp_add(self):
        self.assertIn("Lower bound 10.00 s, limited by origin: unique bytes / what the sources can send; 10.47 s with TCP's "
                      "headers; passing on whole pieces adds 0.12 s.", markdown_report([report()]))

    def test_results_are_grouped_by_scenario_in_their_order(self):
        results = [report(scenario="b"), report(scenario="a"), report("direct", "b")]
        self.assertEqual([[each["mode"] for each in members] for members in groups(results).values()],
                         [["shoal", "direct"], ["shoal"]])
        self.assertEqual(list(groups(results)), ["b", "a"])

    def test_the_terminal_is_told_the_conditions(self):
        said = []
        show_results([report()], {"schema": 1, "kernel": "6.1", "cpus": 2}, said.append)
        self.assertEqual(said[-1], "kernel 6.1, cpus 2")


def _of(respect, results):
    return next(each for each in verdicts(results) if each.respect.name == respect)


class Verdicts(unittest.TestCase):
    def test_the_fastest_mode_wins_and_the_others_are_told_in_order(self):
        found = _of("last node", [report("direct", makespan_seconds=48.0), report(), report("mirror", makespan_seconds=24.0)])
        self.assertEqual(found.best, (("shoal", 12.0),))
        self.assertEqual(found.text(), "last node: shoal 12.00 s; then mirror 24.00 s, direct 48.00 s")

    def test_medians_within_five_percent_are_not_told_apart(self):
        self.assertEqual(_of("last node", [report(), report("mirror", makespan_seconds=12.6)]).best,
                         (("shoal", 12.0), ("mirror", 12.6)))
        self.assertEqual(_of("last node", [report(), report("mirror", makespan_seconds=12.61)]).best, (("shoal", 12.0),))

    def test_a_mode_that_sends_nothing_from_the_origin_can_win(self):
        self.assertEqual(_of("bytes from the origin", [report(), report("bittorrent", origin_multiple=0.0)]).best,
                         (("bittorrent", 0.0),))

    def test_void_results_neither_win_nor_lose(self):
        self.assertEqual(verdicts([report(), void("direct", "busy", makespan_seconds=1.0)]), [])
        found = _of("last node", [report(), report("mirror"), void("direct", "busy", makespan_seconds=1.0)])
        self.assertNotIn("direct", dict(found.best + found.others))

    def test_wins_are_those_of_a_mode_alone(self):
        results = [report(), report("direct", makespan_seconds=24.0, p50_seconds=5.0),
                   report(scenario="warm"), report("direct", "warm")]
        self.assertEqual(wins(results), {"shoal": {"last node": ["one layer"]},
                                         "direct": {"half of the nodes": ["one layer"]}})
