"""Runs the tests of the simulations: `python3 -m tests.simulations [WORD...]`; WORDs choose tests by name."""

import importlib
import pkgutil
import sys
import time
import unittest

from simulations.cluster.workspace import Interrupted, interruptible

from . import __path__ as here


class _Result(unittest.TestResult):
    """One line a test, and for one that fails the reason."""

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
        print(self._exc_info_to_string(err, test), flush=True)

    def _line(self, word, test, more=""):
        print(f"{word} {_sentence(test)}{more} ({time.monotonic() - self._started:.1f} s)", flush=True)


def _sentence(test):
    return test.id().rpartition(".test_")[2].replace("_", " ")


def _chosen(words):
    for module in pkgutil.iter_modules(here):
        if module.name.endswith("_test"):
            loaded = importlib.import_module(f"{__package__}.{module.name}")
            for group in unittest.defaultTestLoader.loadTestsFromModule(loaded):
                yield from (test for test in group
                            if not words or any(word in _sentence(test) or word in test.id() for word in words))


def main(words):
    result = _Result()
    try:
        with interruptible():
            unittest.TestSuite(_chosen(words)).run(result)
    except Interrupted as interrupted:
        return interrupted.exit_code
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
