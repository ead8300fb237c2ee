"""Standard error that stalls or is closed: logging must hold up neither a pull, nor a health check, nor the end."""

import fcntl
import os
import signal
import subprocess
import time

from simulations.cluster.images import digest_of
from simulations.cluster.shoal import Agent, Tracker

from .case import Case
from .scripted_origin import ScriptedOrigin

_PULLS = 300  # their lines are more than a pipe holds


class _Started:
    """A program started with a standard error of its own; what simulations.cluster.shoal asks of a process."""

    def __init__(self, command, **arguments):
        self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **arguments)
        self.id = self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def exit_code(self):
        return self._popen.poll()

    def log_tail(self):
        return "(its log is in a pipe)"

    def end(self, signal_number=signal.SIGTERM, seconds=10):
        """The exit code; minus SIGKILL's number when it did not end by itself within that time."""
        self._popen.send_signal(signal_number)
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()


class StandardError(Case):
    def setUp(self):
        super().setUp()
        self.scripted = ScriptedOrigin(self.workspace)
        self.upstream = {self.scripted.authority: {"url": self.scripted.url}}

    def unread_pipe(self, full=False):
        """The writing end of a small pipe that stays unread."""
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        if full:
            os.write(writer, b"." * fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ))
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        return writer

    def started(self, program, **arguments):
        program.process = _Started(program.command, **arguments)
        self.addCleanup(lambda: program.process.running() and program.process.end(signal.SIGKILL))
        return program

    def tracker_and_agent(self, **arguments):
        """Both started, ready."""
        tracker = Tracker(self.workspace, self.programs, self.place("tracker"), self.upstream)
        agent = Agent(self.workspace, self.programs, self.place("agent"), self.upstream, [tracker])
        for program in (tracker, agent):
            self.started(program, **arguments).wait_ready()
        return tracker, agent

    def test_a_reader_that_stalls_holds_up_neither_pulls_nor_health_nor_the_end(self):
        bodies = [f"layer {number}".encode() * 100 for number in range(_PULLS)]
        self.scripted.answers = {f"/v2/lib/app/blobs/{digest_of(body)}": (200, {}, body) for body in bodies}
        programs = self.tracker_and_agent(stderr=self.unread_pipe())
        agent = programs[1]
        for body in bodies:
            path = f"/v2/lib/app/blobs/{digest_of(body)}?ns={self.scripted.authority}"
            answer = agent.registry.get(path, timeout_seconds=10)
            self.assertEqual((answer.status, answer.body), (200, body))
        for program in programs:
            self.assertEqual(program.admin.get("/healthz", timeout_seconds=5).status, 200)
            self.assertIn(f"shoal_{type(program).__name__.lower()}_log_dropped_lines_total", program.metrics())
            self.assertEqual(program.process.end(), 0)

    def test_a_program_that_cannot_start_ends_though_nobody_reads_why(self):
        settings = {"log": {"level": "loud"}}
        for kind in (Agent, Tracker):
            program = kind(self.workspace, self.programs, self.place("one"), self.upstream, settings=settings)
            started = time.monotonic()
            done = subprocess.run(program.command, stderr=self.unread_pipe(full=True), timeout=20, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertLess(time.monotonic() - started, 10)

    def test_a_crash_ends_a_program_though_nobody_reads_its_log(self):
        for program in self.tracker_and_agent(stderr=self.unread_pipe(full=True)):
            self.assertEqual(program.process.end(signal.SIGABRT), -signal.SIGABRT)

    def test_standard_descriptors_that_are_closed_become_dev_null(self):
        for kind in (Agent, Tracker):
            program = kind(self.workspace, self.programs, self.place("one"), self.upstream)
            program.command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *program.command]
            self.started(program).wait_ready()
            opened = [os.readlink(f"/proc/{program.process.id}/fd/{number}") for number in range(3)]
            self.assertEqual(opened, ["/dev/null"] * 3)
            self.assertEqual(program.process.end(), 0)
