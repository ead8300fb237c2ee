"""The table of clients and scenarios in tests/README.md names tests that are there."""

import os
import re
import unittest

from ..discovery import all_tests

_README = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "README.md")


class Table(unittest.TestCase):
    def test_every_cell_of_the_table_of_clients_names_a_test(self):
        with open(_README, encoding="utf-8") as file:
            section = file.read().partition("## Client and scenario")[2]
        rows = [line.split("|")[2:-1] for line in section.splitlines() if line.startswith("|")][2:]
        words = [word for row in rows for cell in row for word in re.findall(r"`([^`]+)`", cell)]
        self.assertGreater(len(words), 40)
        names = [test.id() for test in all_tests(__package__)]
        self.assertEqual([word for word in words if not any(word in name for name in names)], [])
