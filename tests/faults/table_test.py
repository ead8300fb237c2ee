"""The table of faults in tests/README.md names tests that are there."""

import os
import unittest

from ..named_tests import missing_tests, rows_of

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Table(unittest.TestCase):
    def test_every_row_of_the_table_of_faults_names_tests(self):
        with open(os.path.join(_TESTS, "README.md"), encoding="utf-8") as file:
            rows = rows_of(file.read(), "Faults")
        self.assertGreater(len(rows), 20)
        self.assertEqual(missing_tests(row[2] for row in rows), [])
