"""Runs the integration tests: `python3 -m tests.integration [--programs DIR] [--nightly] [WORD...]`; WORDs choose tests by name."""

import argparse
import sys
import time
import unittest

from simulations.cluster.workspace import Interrupted, Workspace, interruptible

from . import case
from .discovery import chosen_tests, sentence


class _Result(unittest.TestResult):
    """One line a test, and for one that fails the reason and the ends of the logs."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.failed = 0
        self._started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()

    def addSuccess(self, test):
        self.passed += 1
        self._line("ok  ", test)

    def addSkip(self, test, reason):
        self._line("skip", test, f": {reason}")

    def addFailure(self, test, err):
        self._failed(test, err)

    def addError(self, test, err):
        self._failed(test, err)

    def addSubTest(self, test, subtest, err):
        if err:
            self._failed(subtest, err)

    def _failed(self, test, err):
        self.failed += 1
        self._line("FAIL", test)
        print(self._exc_info_to_string(err, test))
        workspace = getattr(getattr(test, "test_case", test), "workspace", None)
        if workspace:
            print(workspace.log_tails())
            print(f"--- {workspace.path} " + ("is kept" if workspace.keep else "is gone; --keep keeps it"), flush=True)

    def _line(self, word, test, more=""):
        print(f"{word} {sentence(test)}{more} ({time.monotonic() - self._started:.1f} s)", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.integration")
    parser.add_argument("--programs", default="build/dev", metavar="DIR", help="build directory (default build/dev)")
    parser.add_argument("--keep", action="store_true", help="keep every test's directory: logs, stores")
    parser.add_argument("--nightly", action="store_true", help="run the tests that take minutes, and only those")
    parser.add_argument("words", nargs="*", metavar="WORD", help="run only tests whose name contains one of these")
    options = parser.parse_args()
    result = _Result()
    try:
        with interruptible(), Workspace() as workspace:
            case.set_up_run(options.programs, workspace, options.keep)
            unittest.TestSuite(chosen_tests(options.words, options.nightly)).run(result)
    except Interrupted as interrupted:
        print(f"{interrupted}: everything is cleaned up")
        return interrupted.exit_code
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
