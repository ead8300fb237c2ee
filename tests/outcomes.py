"""How tests ended, told as they end."""

import time
import unittest

from .discovery import sentence


class Outcomes(unittest.TestResult):
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
