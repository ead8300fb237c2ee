"""Pictures of results: the same bytes for the same results, and nothing of what is void."""

import os
import tempfile
import unittest
import xml.etree.ElementTree

from simulations.benchmark import plots

from .reports import report, void


class Pictures(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def _bytes(self, draw, *arguments):
        path = os.path.join(self.directory, "picture.svg")
        draw(*arguments, path)
        with open(path, "rb") as file:
            data = file.read()
        xml.etree.ElementTree.fromstring(data)
        return data

    def test_the_same_results_give_the_same_bytes(self):
        results = [report(), report("direct"), report(scenario="warm")]
        for draw, what in ((plots.completion_curves, results[:2]), (plots.node_timeline, results[0]),
                           (plots.ratio_overview, results)):
            self.assertEqual(self._bytes(draw, what), self._bytes(draw, what), draw.__name__)

    def test_other_results_give_another_picture(self):
        self.assertNotEqual(self._bytes(plots.ratio_overview, [report()]), self._bytes(plots.ratio_overview, [report(ratio=2.0)]))

    def test_a_picture_is_drawn_of_what_counts_only(self):
        paths = plots.draw([report(), void("direct", "busy"), void("shoal", "busy", scenario="Warm, two racks")],
                           self.directory)
        self.assertEqual([os.path.basename(path) for path in paths],
                         ["one-layer-completion.svg", "one-layer-shoal-timeline.svg"])
        self.assertTrue(all(os.path.exists(path) for path in paths))

    def test_void_results_are_not_in_the_overview(self):
        self.assertEqual(self._bytes(plots.ratio_overview, [report(), void("shoal", "busy", ratio=99.0)]),
                         self._bytes(plots.ratio_overview, [report()]))

    def test_a_bar_is_waiting_and_four_quarters(self):
        spans = plots._spans(report()["per_node"][1])  # starts at 1 s, first byte at 1.5 s, done at 12 s
        self.assertEqual([start for start, _ in spans], [1.0, 1.5, 4.125, 6.75, 9.375])
        self.assertEqual(spans[-1][1], 12.0)

    def test_a_node_that_had_no_byte_waited_all_the_time(self):
        node = {"start_seconds": 2.0, "seconds": 3.0, "first_byte_seconds": None, "progress": [[5.0, 0]]}
        self.assertEqual(plots._spans(node)[0], (2.0, 5.0))

    def test_file_names_are_plain_words(self):
        self.assertEqual(plots.file_name("Racks, 4:1 (cold)"), "racks-4-1-cold")
