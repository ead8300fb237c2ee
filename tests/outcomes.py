"""How tests ended, told as they end."""

import time
import unittest

from simulations.cluster.workspace import Interrupted

from .discovery import sentence

UNSTEADY = 2  # tests of one suite that may fail once: more have a cause that running them alone would hide


def run(tests):
    """Raises Interrupted once the test that it came in has cleaned up."""
    result = Outcomes()
    unittest.TestSuite(tests).run(result)
    if result.interrupted:
        raise result.interrupted
    return result


def outcomes_of(tests):
    """Runs them. What failed is run again alone, for a machine that others use too can be slow for seconds; both are told."""
    result = run(tests)
    if 0 < len(result.failed_tests) <= UNSTEADY:
        print("what failed, again and alone:")
        again = run(type(test)(test.id().rpartition(".")[2]) for test in result.failed_tests)
        result.passed += again.passed
        result.failed = again.failed
    return result


class Outcomes(unittest.TestResult):
    """One line a test, and for one that fails the reason and the ends of the logs."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.failed = 0
        self.failed_tests = []
        self.interrupted = None
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
        if isinstance(err[1], Interrupted):
            self.interrupted = err[1]
            self.stop()
        else:
            self._failed(test, err)

    def addSubTest(self, test, subtest, err):
        if err:
            self._failed(subtest, err)

    def _failed(self, test, err):
        self.failed += 1
        test_case = getattr(test, "test_case", test)
        if test_case not in self.failed_tests:
            self.failed_tests.append(test_case)
        self._line("FAIL", test)
        print(self._exc_info_to_string(err, test))
        workspace = getattr(test_case, "workspace", None)
        if workspace:
            print(workspace.log_tails())
            print(f"--- {workspace.path} " + ("is kept" if workspace.keep else "is gone; --keep keeps it"), flush=True)

    def _line(self, word, test, more=""):
        print(f"{word} {sentence(test)}{more} ({time.monotonic() - self._started:.1f} s)", flush=True)
