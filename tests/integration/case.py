"""What every integration test starts from: a time limit, a workspace, the shared origin, and the logs when it fails."""

import os
import signal
import threading
import time
import unittest

from simulations.cluster.images import digest_of
from simulations.cluster.network import Loopback
from simulations.cluster.processes import wait_until
from simulations.cluster.puller import Pull, PullFailed
from simulations.cluster.shoal import Agent, Programs, Tracker
from simulations.cluster.workspace import Workspace

from .library import REPOSITORY, Library

_END_SECONDS = 10  # of a program that was asked to end
PLANTED = b"canary"  # begins every secret that a test plants, and nothing else: no log and no store ever has it
NAME = "registry.test"  # the origin's other name: one that fits into an image's path

_run = {}


def set_up_run(programs_directory, workspace, keep):
    """Once, before the first test."""
    _run["keep"] = keep
    _run["programs"] = Programs(programs_directory)
    _run["network"] = Loopback()
    _run["library"] = Library(workspace, _run["network"])


class Case(unittest.TestCase):
    """Each test has its own tracker, agents and stores; docker-registry and the images are shared."""

    maxDiff = 2000
    limit_seconds = 120
    environment = None  # of the tracker and agents, beside our own
    nightly = None  # name of the nightly run that tests which take minutes belong to: `tests/run --nightly NAME`

    def setUp(self):
        self.programs = _run["programs"]
        self.network = _run["network"]
        self.library = _run["library"]
        self.origin = self.library.registry
        self.workspace = self.enterContext(Workspace(_run["keep"]))
        self.addCleanup(self._end_programs)
        signal.signal(signal.SIGALRM, self._too_long)
        signal.alarm(self.limit_seconds)
        self.addCleanup(signal.alarm, 0)
        self.origin.forget_requests()

    def _end_programs(self):
        """Every agent and tracker ends when asked to, with 0, and none ended by itself: sanitizers make that non-zero."""
        faults = []
        ours = [process for process in self.workspace.processes if process.program.startswith("shoal-")]
        expected = {process: (0,) if process.running() else (0, -signal.SIGKILL) for process in ours}
        for process in ours:  # all at once: with sanitizers each takes its time
            process.resume()
            process.send(signal.SIGTERM)
        for process in ours:
            code = process.wait(_END_SECONDS)
            if code is None:
                code = process.end()
            if code not in expected[process]:
                faults.append(f"{process.name} ended with {code}:\n{process.log_tail(40)}")
        faults += [f"{name} has {PLANTED}" for name, data in self._small_files() if PLANTED in data]
        self.assertEqual(faults, [], "\n".join(faults))

    def _small_files(self):
        """All that the programs wrote but layers: their logs, and what stands beside the layers in their stores."""
        for process in self.workspace.processes:
            if process.program.startswith("shoal-"):
                yield process.log_path, process.log().encode()
        for entry in os.scandir(self.workspace.path):
            for directory, _, names in os.walk(entry.path) if entry.name.endswith("-store") else ():
                for path in (os.path.join(directory, name) for name in names):
                    if os.path.isfile(path) and os.path.getsize(path) <= 64 << 10:
                        with open(path, "rb") as file:
                            yield path, file.read()

    def _too_long(self, *_):
        raise TimeoutError(f"the test took longer than {self.limit_seconds} s")

    def place(self, name):
        return self.network.add(name)

    def upstreams(self, url=None):
        """The origin under both of its names, reached at `url` or directly."""
        url = url or self.origin.endpoint.url
        return {self.origin.authority: {"url": url}, NAME: {"url": url}}

    def tracker(self, url=None, settings=None, start=True):
        tracker = Tracker(self.workspace, self.programs, self.place("tracker"), self.upstreams(url), settings=settings)
        tracker.environment = self.environment
        return tracker.start() if start else tracker

    def agents(self, count, trackers, url=None, settings=None):
        agents = [Agent(self.workspace, self.programs, self.place(f"agent{number}"), self.upstreams(url), trackers,
                        settings=settings) for number in range(1, count + 1)]
        for agent in agents:
            agent.environment = self.environment
            agent.start(wait=False)
        for agent in agents:
            agent.wait_ready()
        return agents

    def cluster(self, agents, url=None):
        """A tracker and agents, all ready."""
        tracker = self.tracker(url)
        return tracker, self.agents(agents, [tracker], url)

    def pull(self, agent, reference, stall_seconds=60):
        """A whole pull by the client written here; PullFailed when it does not end right."""
        return Pull(agent.registry, self.origin.authority, REPOSITORY, reference, stall_seconds=stall_seconds).run()

    def assert_pulled(self, pull, image):
        self.assertEqual(pull.manifest_digest, image.digest)
        self.assertEqual(pull.image_id, image.id)
        self.assertEqual(pull.blobs, image.blobs)

    def assert_copied(self, directory, image):
        """What `skopeo copy` leaves in a directory: the manifest byte by byte, and one right file a blob."""
        with open(f"{directory}/manifest.json", "rb") as file:
            self.assertEqual(file.read(), image.manifest)
        for digest, size in image.blobs.items():
            with open(f"{directory}/{digest.removeprefix('sha256:')}", "rb") as file:
                data = file.read()
            self.assertEqual((digest_of(data), len(data)), (digest, size))

    def assert_asked_once(self, image):
        self.assertEqual(self.origin.gets_by_blob(), {digest: 1 for digest in image.blobs})

    def forget_once_logged(self, image):
        """The origin writes its access log after it has answered: on a busy machine after the client has gone on."""
        wait_until(lambda: set(image.blobs) <= set(self.origin.gets_by_blob()), 30, "the origin has logged the pull")
        self.origin.forget_requests()

    def blob_path(self, digest, upstream=None):
        upstream = upstream or self.origin.authority
        return f"/v2/{REPOSITORY}/blobs/{digest}?ns={upstream}"

    def store_file(self, program, digest):
        """Where a program keeps a layer's bytes; it may still be making them durable."""
        path = os.path.join(self.workspace.path, f"{program.name}-store")
        return wait_until(lambda: _find(path, digest.removeprefix("sha256:")), 10, f"{program.name} holds {digest}")

    def wait_until_idle(self, agent, tracker=None):
        """No download is under way any more, nor a fetch of the tracker's."""
        if tracker:
            wait_until(lambda: not tracker.metrics()["shoal_tracker_store_reserved_bytes"], 60, "the tracker fetches nothing")
        wait_until(lambda: not agent.status()["pulls"], 60, f"{agent.name} has nothing under way")


def _find(path, name):
    for directory, _, files in os.walk(path):
        if name in files:
            return os.path.join(directory, name)
    return None


class Puller(threading.Thread):
    """A pull in the background; `outcome` is the Pull or the PullFailed."""

    def __init__(self, case, agent, reference, stall_seconds=60, upstream=None):
        super().__init__(daemon=True)
        self.agent = agent
        self.outcome = None
        self.seconds = None
        self._pull = Pull(agent.registry, upstream or case.origin.authority, REPOSITORY, reference,
                          stall_seconds=stall_seconds)
        self.start()

    def run(self):
        started = time.monotonic()
        try:
            self.outcome = self._pull.run()
        except PullFailed as failure:
            self.outcome = failure
        self.seconds = time.monotonic() - started

    @property
    def received_bytes(self):
        return self._pull.received_bytes

    def result(self, seconds=60):
        """The Pull; raises what it failed with, or TimeoutError."""
        outcome = self.ended(seconds)
        if isinstance(outcome, PullFailed):
            raise outcome
        return outcome

    def ended(self, seconds=60):
        """How it ended, right or not."""
        self.join(seconds)
        if self.is_alive():
            raise TimeoutError(f"the pull through {self.agent.name} has not ended within {seconds} s")
        return self.outcome
