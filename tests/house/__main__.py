"""Runs the tests of the house rules: `python3 -m tests.house [WORD...]`; WORDs choose tests by name."""

import sys

from ..discovery import chosen_tests
from ..outcomes import run


def main(words):
    result = run(chosen_tests(__package__, words))
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
