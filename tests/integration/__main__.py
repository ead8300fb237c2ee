"""Runs the integration tests: `python3 -m tests.integration [--programs DIR] [--nightly] [WORD...]`; WORDs choose tests by name."""

import argparse
import sys
import unittest

from simulations.cluster.workspace import Interrupted, Workspace, interruptible

from ..discovery import chosen_tests
from ..outcomes import Outcomes
from . import case


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.integration")
    parser.add_argument("--programs", default="build/dev", metavar="DIR", help="build directory (default build/dev)")
    parser.add_argument("--keep", action="store_true", help="keep every test's directory: logs, stores")
    parser.add_argument("--nightly", action="store_true", help="run the tests that take minutes, and only those")
    parser.add_argument("words", nargs="*", metavar="WORD", help="run only tests whose name contains one of these")
    options = parser.parse_args()
    result = Outcomes()
    try:
        with interruptible(), Workspace() as workspace:
            case.set_up_run(options.programs, workspace, options.keep)
            unittest.TestSuite(chosen_tests(__package__, options.words, options.nightly)).run(result)
    except Interrupted as interrupted:
        print(f"{interrupted}: everything is cleaned up")
        return interrupted.exit_code
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
