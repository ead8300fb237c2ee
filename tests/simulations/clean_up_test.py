"""Whenever the benchmark is ended, and however: no process, namespace, mount or file of it is left."""

import glob
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import uuid

from simulations.cluster.processes import wait_until

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_GONE_SECONDS = 20
_STAGE_SECONDS = 120


def _marked(mark):
    """The command lines of all processes that have the mark in their environment, by process id."""
    found = {}
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/environ", "rb") as file:
                if mark.encode() not in file.read():
                    continue
            with open(f"/proc/{number}/cmdline", "rb") as file:
                found[int(number)] = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass  # it ended meanwhile
    return found


def _traces():
    """What a run could leave: mounts, names of network namespaces, files."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        mounts = {line.split()[1] for line in file if "shoal" in line or "netns" in line}
    named = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return mounts | set(named.splitlines()) | set(glob.glob("/run/shoal-*"))


class _Case(unittest.TestCase):
    mode = "direct"

    def setUp(self):
        self._mark = f"BENCHMARK_MARK={uuid.uuid4()}"  # names with SHOAL_ configure the programs, and are kept from them
        self._before = _traces()
        self._temporary = self.enterContext(tempfile.TemporaryDirectory())
        name, _, value = self._mark.partition("=")
        self._program = subprocess.Popen(
            [sys.executable, "-m", "simulations.benchmark", "--mode", self.mode, "--nodes", "3", "--layers", "8MiB",
             "--rate", "4Mbit", "--unproved"], cwd=_ROOT, env={**os.environ, name: value, "TMPDIR": self._temporary}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self._end)

    def _end(self):
        if self._program.poll() is None:
            self._program.kill()
        self._program.communicate()

    def _reaches(self, word, count):
        wait_until(lambda: sum(word in line for line in _marked(self._mark).values()) >= count, _STAGE_SECONDS, f"{count} x {word}")

    def _assert_nothing_left(self):
        wait_until(lambda: not _marked(self._mark), _GONE_SECONDS, "all processes are gone")
        self.assertEqual(_traces() - self._before, set())
        self.assertEqual(os.listdir(self._temporary), [])


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class CleanUp(_Case):
    def test_killed_at_its_start_it_leaves_nothing(self):
        self._reaches("simulations.benchmark", 1)
        self._program.kill()
        self._assert_nothing_left()

    def test_killed_while_the_origin_starts_it_leaves_nothing(self):
        self._reaches("docker-registry", 1)
        self._program.kill()
        self._assert_nothing_left()

    def test_killed_while_nodes_pull_it_leaves_nothing(self):
        self._reaches("benchmark.client", 3)
        self._program.kill()
        self._assert_nothing_left()

    def test_its_inner_process_killed_it_leaves_nothing_and_says_so(self):
        self._reaches("benchmark.client", 3)
        with open(f"/proc/{self._program.pid}/task/{self._program.pid}/children", encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)
        self.assertEqual(self._program.wait(_GONE_SECONDS), 128 + signal.SIGKILL)
        self._assert_nothing_left()

    def test_asked_to_end_while_nodes_pull_it_ends_and_leaves_nothing(self):
        self._reaches("benchmark.client", 3)
        self._program.terminate()
        self.assertEqual(self._program.wait(_GONE_SECONDS), 128 + signal.SIGTERM)
        self.assertIn("cleaned up", self._program.stdout.read())
        self._assert_nothing_left()


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class ProgramsThatEnd(_Case):
    mode = "bittorrent"

    def test_nobody_waits_for_a_program_that_was_killed(self):
        self._reaches("benchmark.client", 3)
        peer = next(number for number, line in _marked(self._mark).items() if "bittorrent_peer" in line)
        os.kill(peer, signal.SIGKILL)
        self.assertEqual(self._program.wait(_GONE_SECONDS), 1)
        self.assertIn("ended by itself with -9", self._program.stdout.read())
        self._assert_nothing_left()
