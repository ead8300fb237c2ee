"""Runs the integration tests: `python3 -m tests.integration [--programs DIR] [--nightly NAME] [WORD...]`; WORDs choose tests by name."""

import sys

from ..suite import main

if __name__ == "__main__":
    sys.exit(main(__package__))
