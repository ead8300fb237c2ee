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
        names = {"F": _ids("tests.faults"), "I": _ids("tests.integration"), "S": _simulations(), "U": _sentences()}
        missing = []
        for row in rows:
            for kind, words in re.findall(r"\b([FISU]) ((?:`[^`]+`(?: \(nightly\))?(?:, )?)+)", row):
                missing += [word for word in re.findall(r"`([^`]+)`", words)
                            if not any(word in name for name in names[kind])]
        self.assertEqual(missing, [])


def _ids(package):
    return [test.id() for test in all_tests(package)]


def _simulations():
    """Not imported: they need Debian's Python."""
    return _found_in(os.path.join("simulations", "*.py"), r"def (test_\w+)")


def _sentences():
    """What the unit tests say of themselves."""
    return _found_in(os.path.join("unit", "*", "*.cpp"), r'TEST_CASE\("([^"]+)"')


def _found_in(files, pattern):
    found = []
    for path in glob.glob(os.path.join(_TESTS, files)):
        with open(path, encoding="utf-8") as file:
            found += re.findall(pattern, file.read())
    return found
