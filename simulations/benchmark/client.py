"""The program that pulls on one node, `python3 -m simulations.benchmark.client SOCKET NODE DIRECTORY PLAN`, and the side of the
benchmark that starts it and hears from it.

Each client imports what it needs, says over a Unix socket that it is ready, waits for the word to go, pulls, and sends one
line of JSON: a Report. Times are of the monotonic clock, which all processes of the machine share.
"""

import dataclasses
import importlib
import json
import os
import resource
import selectors
import shutil
import socket
import sys
import threading
import time

_PROGRESS_STEP_SECONDS = 0.05
_READY_SECONDS = 60
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclasses.dataclass(frozen=True)
class Report:
    """How one node fared. `progress` is [(time, bytes so far)]; `failure` None when all is there and right."""

    started: float
    first_byte: float | None
    finished: float
    received_bytes: int
    progress: list
    failure: str | None
    cpu_seconds: float
    peak_bytes: int


class Clients:
    """The clients of all nodes, from the outside. Made on the main thread."""

    def __init__(self, workspace, nodes, plans, name):
        self._socket_path = os.path.join(workspace.path, f"{name}.socket")
        self._server = workspace.enter_context(socket.socket(socket.AF_UNIX))
        self._server.bind(self._socket_path)
        self._server.listen(len(nodes))
        self._server.settimeout(_READY_SECONDS)
        self._connections = {}
        self._reports = {}
        self._selector = workspace.enter_context(selectors.DefaultSelector())
        self.processes = {node.name: self._start(workspace, node, plan, name) for node, plan in zip(nodes, plans)}
        for _ in nodes:
            connection, _ = self._server.accept()
            workspace.enter_context(connection)
            file = workspace.enter_context(connection.makefile("rw", encoding="utf-8"))
            node = json.loads(file.readline())
            self._connections[node] = file
            self._selector.register(connection, selectors.EVENT_READ, node)

    def _start(self, workspace, node, plan, name):
        directory = workspace.directory(f"{name}-{node.name}")
        argv = [sys.executable, "-m", "simulations.benchmark.client", self._socket_path, node.name, directory,
                json.dumps(dataclasses.asdict(plan))]
        return workspace.start(f"{name}-{node.name}", argv, node.place, {"PYTHONPATH": _ROOT})

    def go(self, node):
        file = self._connections[node.name]
        file.write("go\n")
        file.flush()

    def wait(self, seconds):
        """Waits for reports; those that came by then, by node name: at least one more than before, or the time is over."""
        for key, _ in self._selector.select(max(seconds, 0)):
            line = self._connections[key.data].readline()
            self._selector.unregister(key.fileobj)
            report = Report(**json.loads(line)) if line else _died(self.processes[key.data])
            self._reports.setdefault(key.data, report)  # of one that was given up there is one
        return self._reports

    def give_up(self, nodes, why):
        """Ends the clients of those nodes that have not reported; the reports of all until now."""
        for node in nodes:
            if node.name not in self._reports:
                self.processes[node.name].kill()
                self._reports[node.name] = _failed(why)
        return self._reports


def _died(process):
    return _failed(f"the client ended: {process.log_tail(3)}")


def _failed(why):
    now = time.monotonic()
    return Report(now, None, now, 0, [], why, 0.0, 0)


class _Progress:
    """Counts payload; one entry at most every so often."""

    def __init__(self):
        self._lock = threading.Lock()
        self.total = 0
        self.first = None
        self.entries = []

    def count(self, size):
        now = time.monotonic()
        with self._lock:
            self.total += size
            if self.first is None:
                self.first = now
            if not self.entries or now - self.entries[-1][0] >= _PROGRESS_STEP_SECONDS:
                self.entries.append((now, self.total))


def _pull(puller, plan, directory):
    progress = _Progress()
    cpu_before = _cpu_seconds()
    started = time.monotonic()
    failure = None
    try:
        puller(plan["arguments"], directory, progress.count).run()
    except Exception as error:  # whatever it is, the benchmark must hear of it
        failure = f"{type(error).__name__}: {error}"
    finished = time.monotonic()
    progress.entries.append((finished, progress.total))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Report(started, progress.first, finished, progress.total, progress.entries, failure,
                  _cpu_seconds() - cpu_before, peak)


def _cpu_seconds():
    """Its own and that of programs that it started and that have ended."""
    both = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _main(socket_path, node, directory, plan_text):
    plan = json.loads(plan_text)
    module, _, name = plan["puller"].partition(":")
    puller = getattr(importlib.import_module(module), name)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(socket_path)
        with connection.makefile("rw", encoding="utf-8") as file:
            file.write(json.dumps(node) + "\n")
            file.flush()
            if file.readline() == "go\n":
                report = _pull(puller, plan, directory)
                file.write(json.dumps(dataclasses.asdict(report)) + "\n")
                file.flush()
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
