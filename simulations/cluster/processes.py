"""Programs of one run: started with a log file of their own, ended by id, and ended by the kernel if this program is killed."""

import os
import re
import signal
import subprocess
import time

_LONGEST_LINE = 400  # of a log's tail, in characters


def _environment():
    """This program's own, without what would configure the programs of a run."""
    proxies = {"http_proxy", "https_proxy", "no_proxy"}
    return {name: value for name, value in os.environ.items() if name.lower() not in proxies and not name.startswith("SHOAL_")}


class Process:
    """One running program. Start it from the main thread only: the kernel ties its end to the thread that started it."""

    def __init__(self, name, argv, log_path, place=None, environment=None):
        self.name = name
        self.program = os.path.basename(argv[0])
        self.log_path = log_path
        # setpriv and `ip netns exec` replace themselves by the program, so the id is the program's own.
        wrapped = ["setpriv", "--pdeathsig", "TERM", "--", *(place.command(argv) if place else argv)]
        with open(log_path, "ab") as log:
            self._popen = subprocess.Popen(wrapped, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                           env={**_environment(), **(environment or {})}, start_new_session=True)

    @property
    def id(self):
        return self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def exit_code(self):
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._popen.poll()

    def wait(self, seconds):
        """The exit code, or None when it is still running after that time."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def send(self, signal_number):
        if self.running():
            self._popen.send_signal(signal_number)

    def pause(self):
        """Freezes it, as a hung machine would be: connections stay open, nothing answers."""
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def kill(self):
        """Without a warning, as a crash."""
        self.send(signal.SIGKILL)
        self._popen.wait()

    def end(self, grace_seconds=10):
        """Politely, then not."""
        self.resume()
        self.send(signal.SIGTERM)
        if self.wait(grace_seconds) is None:
            self.kill()
        return self.exit_code()

    def cpu_seconds(self):
        """User and system time so far; 0 when it is gone."""
        try:
            with open(f"/proc/{self.id}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def log_tail(self, lines=15):
        plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.log())
        return "\n".join(line[:_LONGEST_LINE] for line in plain.splitlines()[-lines:])


def wait_until(condition, seconds, what, step_seconds=0.02):
    """Returns the condition's first true value; TimeoutError naming `what` when none comes."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(step_seconds)
