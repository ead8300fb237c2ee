"""Tests that a document names: words behind F (tests.faults), I (tests.integration), S (the simulations' own) or U (the
sentences of unit tests), as in the table of faults."""

import glob
import os
import re

from .discovery import all_tests

_TESTS = os.path.dirname(os.path.abspath(__file__))
_NAMED = re.compile(r"\b([FISU]) ((?:`[^`]+`(?: \(nightly\))?(?:, )?)+)")


def named_in(text):
    """(kind, word) of each test that the text names."""
    return [(kind, word) for kind, words in _NAMED.findall(text) for word in re.findall(r"`([^`]+)`", words)]


def missing_tests(texts):
    """The words that are in no test's name."""
    names = {"F": _ids("tests.faults"), "I": _ids("tests.integration"), "S": _simulations(), "U": _sentences()}
    return [word for text in texts for kind, word in named_in(text) if not any(word in name for name in names[kind])]


def rows_of(document, heading):
    """The cells of each row of the first table under the heading, without its head."""
    section = document.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("|")][2:]


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
