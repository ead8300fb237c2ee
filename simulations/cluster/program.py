"""The frame of a program that measures on one machine: it works in a workspace, and always says how it ended."""

import subprocess
import sys

from .workspace import Interrupted, Workspace, interruptible


def say(text):
    print(text, flush=True)


def in_workspace(work, what, keep=False, failures=()):
    """What `work(workspace)` returns. When `what` cannot go on, for one of `failures` or what any system call or program
    may bring, or is interrupted, the program says so and ends, with everything cleaned up."""
    try:
        with interruptible(), Workspace(keep) as workspace:
            try:
                return work(workspace)
            except (OSError, RuntimeError, subprocess.CalledProcessError, *failures) as error:
                say(f"{what} cannot go on: {error}")
                say(workspace.log_tails(5))
                sys.exit(1)
    except Interrupted as interrupted:
        say(f"{interrupted}: everything is cleaned up")
        sys.exit(interrupted.exit_code)
