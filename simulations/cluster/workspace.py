"""The temporary directory of one run and everything that must be gone after it, however it ends."""

import contextlib
import os
import shutil
import signal
import tempfile

from .processes import Process


class Workspace(contextlib.ExitStack):
    """Use as `with Workspace() as workspace`. What was started or made last goes first."""

    def __init__(self, keep=False):
        super().__init__()
        self.keep = keep
        self.path = tempfile.mkdtemp(prefix="shoal-")
        self.processes = []
        self.callback(self._remove)

    def _remove(self):
        if not self.keep:
            shutil.rmtree(self.path, ignore_errors=True)

    def directory(self, name):
        path = os.path.join(self.path, name)
        os.makedirs(path, exist_ok=True)
        return path

    def file(self, name, text):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self, name, argv, place=None, environment=None):
        """Starts a program whose log is NAME.log; it is ended with the workspace."""
        process = Process(name, argv, os.path.join(self.path, name + ".log"), place, environment)
        self.processes.append(process)
        self.callback(process.end)
        return process

    def log_tails(self, lines=15):
        """The ends of all logs, for the report of a failure."""
        return "\n".join(f"--- {process.name}\n{process.log_tail(lines)}" for process in self.processes)


class Interrupted(BaseException):
    """The run was asked to end by a signal."""

    def __init__(self, signal_number):
        super().__init__(signal.Signals(signal_number).name)
        self.exit_code = 128 + signal_number


@contextlib.contextmanager
def interruptible():
    """Turns the first SIGINT, SIGTERM or SIGHUP into Interrupted; later ones cannot break the cleaning up."""

    def interrupt(number, _frame):
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, interrupt) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
