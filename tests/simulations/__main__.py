"""Runs the tests of the simulations: `python3 -m tests.simulations [WORD...]`; WORDs choose tests by name."""

import sys

from simulations.cluster.workspace import Interrupted, interruptible

from ..discovery import chosen_tests
from ..outcomes import outcomes_of


def main(words):
    try:
        with interruptible():
            result = outcomes_of(chosen_tests(__package__, words))
    except Interrupted as interrupted:
        return interrupted.exit_code
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
