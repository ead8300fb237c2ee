"""The suite: its scenarios are sound, and RESULTS.md says what was measured and what was not."""

import glob
import os
import tempfile
import unittest

from simulations.benchmark.results import FIGURES, conditions, summary
from simulations.benchmark.scenario import parse_scenario

try:
    from simulations.benchmark import suite
except ImportError:
    suite = None  # without matplotlib

_HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_SCENARIOS = os.path.join(_HERE, "simulations", "scenarios")
_MOST_RATE = 500e6 / 8  # bytes per second over all nodes: what two cores can shape and still count


def _scenarios():
    for path in sorted(glob.glob(os.path.join(_SCENARIOS, "*.toml"))):
        with open(path, encoding="utf-8") as file:
            yield os.path.basename(path).removesuffix(".toml"), parse_scenario(file.read())


def _result(mode, scenario, makespan, void=()):
    node = {"name": "node1", "rack": "", "rate_bytes_per_second": 1, "start_seconds": 0.0, "seconds": makespan,
            "first_byte_seconds": 0.1, "progress": [[makespan, 10]]}
    run = {**dict.fromkeys(FIGURES, 1.0), "makespan_seconds": makespan, "ratio": makespan, "void": list(void),
           "failures": [], "lower_bound_terms_seconds": {"origin": 1.0}, "limited_by": "origin", "formula": "F / u",
           "hub_role": "tracker", "copies_into_racks": {}, "roles": {}, "per_node": [node]}
    return summary(mode, scenario, [run])


class Scenarios(unittest.TestCase):
    def test_every_scenario_can_be_shaped_by_two_cores(self):
        found = dict(_scenarios())
        self.assertGreaterEqual(len(found), 13)
        for stem, scenario in found.items():
            self.assertLessEqual(sum(scenario.topology.node_rates()), _MOST_RATE, stem)

    def test_names_are_different(self):
        names = [scenario.name for _, scenario in _scenarios()]
        self.assertEqual(len(names), len(set(names)))


@unittest.skipUnless(suite, "needs python3-matplotlib")
class Report(unittest.TestCase):
    def test_headlines_have_every_mode(self):
        stems = dict(_scenarios())
        for stem in suite.HEADLINES:
            self.assertIn(stem, stems)
            self.assertIn("bittorrent", suite.modes_of(stem))
            self.assertIn("direct", suite.modes_of(stem))

    def test_the_report_shows_figures_pictures_and_what_is_void(self):
        scenarios = [scenario for _, scenario in _scenarios()][:2]
        results = [_result("shoal", scenarios[0], 1.5), _result("direct", scenarios[0], 7.25),
                   _result("shoal", scenarios[1], 123.456, void=["the CPUs were busy"])]
        with tempfile.TemporaryDirectory() as directory:
            os.mkdir(os.path.join(directory, "pictures"))
            old = os.path.join(directory, "pictures", "of-another-time.svg")
            with open(old, "w", encoding="utf-8"):
                pass
            suite.write_report(results, conditions(), [_result("direct", scenarios[0], 8.25)], directory)
            with open(os.path.join(directory, "RESULTS.md"), encoding="utf-8") as file:
                text = file.read()
            for word in (scenarios[0].name, scenarios[1].name, "7.25", "void", "the CPUs were busy", "lower bound",
                         "makespan_seconds 8.25, then 7.25"):
                self.assertIn(word, text)
            self.assertNotIn("123.456"[:6], text)
            for line in text.splitlines():
                if line.startswith("!["):
                    self.assertTrue(os.path.exists(os.path.join(directory, line.partition("](")[2].rstrip(")"))), line)
            self.assertFalse(os.path.exists(old))
