"""The table of faults in tests/README.md names tests that are there."""

import glob
import os
import re
import unittest

from ..discovery import all_tests

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Table(unittest.TestCase):
    def test_every_row_of_the_table_of_faults_names_tests(self):
        with open(os.path.join(_TESTS, "README.md"), encoding="utf-8") as file:
            section = file.read().partition("## Faults")[2].partition("\n## ")[0]
        rows = [line.split("|")[3] for line in section.splitlines() if line.startswith("|")][2:]
        self.assertGreater(len(rows), 20)
        names = {"F": _ids("tests.faults"), "I": _ids("tests.integration"), "U": _sentences()}
        missing = []
        for row in rows:
            for kind, words in re.findall(r"\b([FIU]) ((?:`[^`]+`(?: \(nightly\))?(?:, )?)+)", row):
                missing += [word for word in re.findall(r"`([^`]+)`", words)
                            if not any(word in name for name in names[kind])]
        self.assertEqual(missing, [])


def _ids(package):
    return [test.id() for test in all_tests(package)]


def _sentences():
    """What the unit tests say of themselves."""
    found = []
    for path in glob.glob(os.path.join(_TESTS, "unit", "*", "*.cpp")):
        with open(path, encoding="utf-8") as file:
            found += re.findall(r'TEST_CASE\("([^"]+)"', file.read())
    return found
