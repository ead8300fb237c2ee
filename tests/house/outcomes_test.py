"""What is counted of tests that fail once, always, or in numbers."""

import contextlib
import io
import signal
import unittest

from simulations.cluster.workspace import Interrupted

from ..outcomes import UNSTEADY, outcomes_of


def tests_of(failures):
    """A test for each number: it fails so many times, and then passes."""
    left = dict(enumerate(failures))

    class Failing(unittest.TestCase):
        def fail_while_left(self, number):
            left[number] -= 1
            self.assertLess(left[number], 0)

    for number in left:
        setattr(Failing, f"test_{number}", lambda self, number=number: self.fail_while_left(number))
    return [Failing(f"test_{number}") for number in left]


class OutcomesTest(unittest.TestCase):
    def counted(self, *failures):
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            outcomes = outcomes_of(tests_of(failures))
        self.assertEqual("FAIL" in told.getvalue(), any(failures), "every failure is told")
        return outcomes.passed, outcomes.failed

    def test_what_passes_is_run_once(self):
        self.assertEqual(self.counted(0, 0), (2, 0))

    def test_what_fails_once_passes_alone(self):
        self.assertEqual(self.counted(0, 1), (2, 0))

    def test_what_fails_again_has_failed(self):
        self.assertEqual(self.counted(0, 2, 1), (2, 1))

    def test_more_than_a_few_are_not_run_again(self):
        self.assertEqual(self.counted(0, *[1] * (UNSTEADY + 1)), (1, UNSTEADY + 1))

    def test_a_run_that_is_interrupted_ends_once_its_test_has_cleaned_up(self):
        ended = []

        class Interrupting(unittest.TestCase):
            def test_it(self):
                self.addCleanup(ended.append, "cleaned up")
                raise Interrupted(signal.SIGINT)

            def test_next(self):
                ended.append("the next test")

        with self.assertRaises(Interrupted):
            outcomes_of([Interrupting("test_it"), Interrupting("test_next")])
        self.assertEqual(ended, ["cleaned up"])
