"""Runs the tests of a package that work on the real programs."""

import argparse

from simulations.cluster.workspace import Interrupted, Workspace, interruptible

from .discovery import chosen_tests
from .integration import case
from .outcomes import outcomes_of


def main(package):
    """The exit code; the last line printed is "N passed, N failed"."""
    parser = argparse.ArgumentParser(prog=f"python3 -m {package}")
    parser.add_argument("--programs", default="build/dev", metavar="DIR", help="build directory (default build/dev)")
    parser.add_argument("--keep", action="store_true", help="keep every test's directory: logs, stores")
    parser.add_argument("--nightly", metavar="NAME", help="the tests of this nightly run, and only those")
    parser.add_argument("words", nargs="*", metavar="WORD", help="run only tests whose name contains one of these")
    options = parser.parse_args()
    try:
        with interruptible(), Workspace() as workspace:
            case.set_up_run(options.programs, workspace, options.keep)
            result = outcomes_of(chosen_tests(package, options.words, options.nightly))
    except Interrupted as interrupted:
        print(f"{interrupted}: everything is cleaned up")
        return interrupted.exit_code
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0
