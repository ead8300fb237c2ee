"""The table of threats in SECURITY.md: each threat is held by a test that is there."""

import os
import unittest

from ..named_tests import missing_tests, named_in, rows_of

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Threats(unittest.TestCase):
    def rows(self):
        with open(os.path.join(_ROOT, "SECURITY.md"), encoding="utf-8") as file:
            return rows_of(file.read(), "Threats")

    def test_every_threat_that_is_handled_names_a_test(self):
        rows = self.rows()
        self.assertGreater(len(rows), 20)
        self.assertEqual([row[0].strip() for row in rows if not named_in(row[2])], [])

    def test_every_test_that_the_table_of_threats_names_is_there(self):
        self.assertEqual(missing_tests(row[2] for row in self.rows()), [])

    def test_a_word_that_no_test_has_is_found_missing(self):
        self.assertEqual(missing_tests(["I `every_threat_that_is_handled`, `no_test_has_this_name`"]), ["no_test_has_this_name"])
