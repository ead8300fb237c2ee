"""Nothing that is a secret is told: not by a log, a page, an answer, a store, a command line, the wire, or a crash."""

import os
import resource
import shutil
import signal
import subprocess
import time

from simulations.cluster.images import digest_of
from simulations.cluster.network import why_not_namespaces
from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent, Tracker

from .case import Case
from .closed_network import ClosedNetwork
from .memory import secrets_in_memory
from .overheard import Overheard
from .planted import (CALLERS, CLIENT_HEADER, CONFIGURED, HOSTS, IGNORED, MANIFEST, CommandLines, Planted, Registries, every_secret, forms_of,
                      image)

NOBODY = 65534
SHOWN = {"X-Shoal-Client": CLIENT_HEADER}  # by every client, to the endpoint alone
# A token until it ends, a helper's answer for some minutes, and what a variable of the environment has. Files are read again.
NEEDED = {"token", "client header", "password helper", "password outlet", "basic outlet"}
REFUSERS = ("refuser", "forbidder", "liar", "dead", "lost", "astray", "locked")


def found_in(data, secrets):
    """The names of those that stand in the bytes, in whatever form."""
    return {name for name, secret in secrets.items() if any(form in data for form in forms_of(secret))}


# As the release is linked. Else the dynamic loader saves registers on a stack, with whatever was copied by way of them.
_BOUND_AT_ONCE = {"LD_BIND_NOW": "1"}
_CORES_WITH_SANITIZERS = {"ASAN_OPTIONS": "disable_coredump=0"}  # of themselves they allow none


class Secrets(Case):
    def setUp(self):
        super().setUp()
        if reason := why_not_namespaces():
            self.skipTest(f"no network namespaces here: {reason}")
        self.closed = ClosedNetwork(self.workspace, "secrets", {name: [address] for name, address in HOSTS.items()})
        self.registries = Registries()
        self.port = self.registries.port = self.closed.serve(self.workspace, self.registries.answer)
        self.planted = Planted(self.workspace, self.port)
        self.said = []  # (what was asked, all that was answered)

    def agent(self, number, trackers=(), settings=None, place=None):
        place = place or self.closed.place(f"agent{number}", f"10.7.0.{number + 1}")
        settings = {"registry": {"client_header_file": self.planted.client_header_file()}, **(settings or {})}
        agent = Agent(self.workspace, self.programs, place, self.planted.upstreams(), trackers, settings=settings)
        agent.environment = self.planted.environment()
        return agent

    def ask(self, agent, upstream, what, method="GET", headers=None):
        path = f"/v2/lib/{upstream.removesuffix('.test')}/{what}?ns={upstream}&token=canary-client-query"
        try:
            answer = agent.registry.request(method, path, headers={"Accept": MANIFEST, **SHOWN, **IGNORED, **(headers or {})})
        except OSError as broken:  # wrong bytes end in a reset
            self.said.append((path, str(broken).encode()))
            return 0
        self.said.append((path, f"{answer.headers}".encode() + answer.body))
        return answer.status

    def pull(self, agent, name, headers=None):
        """All that a runtime asks for, and what it does not. Returns the statuses of the manifest and of the blobs."""
        blobs, manifest = image(name)
        statuses = [self.ask(agent, f"{name}.test", what, method, headers) for method, what in [
            ("HEAD", "manifests/v1"), ("GET", "manifests/v1"), ("GET", f"manifests/{digest_of(manifest)}"),
            *[(method, f"blobs/{digest}") for digest in blobs for method in ("HEAD", "GET")]]]
        for method, what in (("GET", "tags/list"), ("GET", f"referrers/{digest_of(manifest)}"), ("GET", "manifests/none"),
                             ("POST", "blobs/uploads/"), ("GET", "../odd")):
            self.ask(agent, f"{name}.test", what, method, headers)
        return statuses

    def pull_all(self, agent):
        for name in ("basic", "token", "file", "helper", "proxier", "outlet"):
            self.assertEqual(set(self.pull(agent, name)), {200}, name)
        for way in ("basic", "bearer"):
            self.assertEqual(set(self.pull(agent, "caller", {"Authorization": CALLERS[way]})), {200}, way)
        for way in ("wrong", "wrong token"):
            self.pull(agent, "caller", {"Authorization": CALLERS[way]})
            self.pull(agent, "basic", {"Authorization": CALLERS[way]})
        for name in REFUSERS:
            self.assertNotEqual(set(self.pull(agent, name)), {200}, name)
        self.ask(agent, "caller.test", "manifests/v1")
        self.ask(agent, "basic.test", "manifests/v1", headers={"X-Shoal-Client": CLIENT_HEADER + "-wrong"})
        agent.registry.request("GET", "/v2/?ns=caller.test", headers={"Authorization": CALLERS["wrong"], **SHOWN, **IGNORED})

    def files(self):
        """{name: bytes} of all that the programs wrote: logs, stores, whatever else stands beside them."""
        written = {}
        for directory, _, names in os.walk(self.workspace.path):
            for name in names:
                path = os.path.join(directory, name)
                if directory != self.planted.directory and os.path.isfile(path):
                    with open(path, "rb") as file:
                        written[os.path.relpath(path, self.workspace.path)] = file.read()
        return written

    def pages(self, agents, tracker):
        for program in (*agents, *([tracker] if tracker else [])):
            for path in ("/metrics", "/healthz", "/readyz", "/v1/status", "/nothing"):
                yield f"{program.name}{path}", program.admin.get(path).body
        for path in ("/v1/agents", "/v1/layers", "/v1/held", "/nothing") if tracker else ():
            yield f"tracker{path}", tracker.control.get(path).body

    def printed(self, program):
        """What a program prints of its configuration."""
        for question in ("--print-config", "--check-config"):
            command = program.place.command([program.command[0], question, *program.command[2:]])
            ran = subprocess.run(command, capture_output=True, timeout=30, env={**os.environ, **self.planted.environment()}, check=False)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            yield f"{program.name} {question}", ran.stdout + ran.stderr

    def assert_told_nowhere(self, places, secrets):
        told = {name: found for name, data in places if (found := found_in(data, secrets))}
        self.assertEqual(told, {})

    def tracker_at(self, address, environment=None):
        tracker = Tracker(self.workspace, self.programs, self.closed.place("tracker", address), self.planted.upstreams())
        tracker.environment = {**self.planted.environment(), **(environment or {})}
        return tracker.start()

    def test_a_callers_secret_goes_to_a_tracker_on_this_machine_alone(self):
        overheard, tracker = Overheard(self.workspace, self.closed.namespace), self.tracker_at("127.0.0.1")
        agent = self.agent(1, [tracker], place=self.closed.place("agent1")).start()
        for way in ("basic", "bearer"):
            self.assertEqual(set(self.pull(agent, "caller", {"Authorization": CALLERS[way]})), {200}, way)
        self.pull(agent, "caller", {"Authorization": CALLERS["wrong"]})
        secrets = every_secret()
        self.assert_told_nowhere([*self.pages([agent], tracker), *self.said, *self.files().items()], secrets)
        streams = overheard.streams()
        self.assertEqual(overheard.dropped(), 0)
        open_to = {self.port, agent.registry.port, tracker.control.port}
        self.assert_told_nowhere([(str(sorted(ports)), data) for ports, data in streams if not ports & open_to], secrets)
        control = b"".join(data for ports, data in streams if tracker.control.port in ports)
        self.assertLessEqual({"caller's basic"}, found_in(control, secrets))

    def test_no_secret_of_a_cluster_is_told_anywhere(self):
        overheard, lines = Overheard(self.workspace, self.closed.namespace), CommandLines(self.workspace)
        tracker = self.tracker_at("10.7.0.1")
        activity = os.path.join(self.workspace.directory("activity"), "log")
        agents = [self.agent(1, [tracker], {"log": {"activity": activity}}).start(),
                  self.agent(2, [tracker], {"log": {"format": "json", "activity": "stderr"}}).start()]
        for agent in agents:
            self.pull_all(agent)
        self.assertGreater(os.path.getsize(activity), 0)
        secrets = every_secret()
        used = {f"basic {name}" for name in (*CONFIGURED, "proxier", "outlet") if name != "dead"}
        used |= {"token", "query of store", *(f"caller's {way}" for way in CALLERS)}
        self.assertLessEqual(used, self.registries.shown())
        self.assertGreater(self.registries.tokens, 2)  # they were renewed
        places = [*self.pages(agents, tracker), *self.said, ("command lines", lines.text())]
        for program in (*agents, tracker):
            places += self.printed(program)
        self.assert_told_nowhere(places, secrets)
        self.assert_told_nowhere(self.files().items(), secrets)
        self.assert_wire_is_clean(overheard, agents, tracker, secrets)
        self.assert_key_is_kept(overheard, places, agents, tracker)

    def assert_wire_is_clean(self, overheard, agents, tracker, secrets):
        """Between the programs; runtimes and registries are told what is theirs."""
        wait_until(lambda: any(tracker.control.port in ports for ports, _ in overheard.streams()), 10, "the tracker is heard")
        open_to = {self.port, *(agent.registry.port for agent in agents)}
        streams = overheard.streams()
        between = [(str(sorted(ports)), data) for ports, data in streams if not ports & open_to]
        self.assertEqual(overheard.dropped(), 0)
        self.assert_told_nowhere(between, secrets)
        # It would have been heard: joins behind their masks, pieces of layers, and secrets where they may be.
        control = b"".join(data for ports, data in streams if tracker.control.port in ports)
        self.assertIn(b"lib/caller", control)
        pieces = b"".join(data for _, data in between)
        self.assertIn(b"a layer of basic. " * 3, pieces)
        self.assertLess({"basic basic", "caller's bearer", "token"}, found_in(b"".join(data for _, data in streams), secrets))

    def assert_key_is_kept(self, overheard, places, agents, tracker):
        """The swarm key: in its file at the tracker, and told to agents over the control channel."""
        with open(os.path.join(self.workspace.path, "tracker-store", "swarm.key"), encoding="ascii") as file:
            digits = file.read().strip()
        raw = bytes.fromhex(digits)
        forms = (raw, digits.encode(), digits.upper().encode())
        wire = [(str(sorted(ports)), data) for ports, data in overheard.streams() if tracker.control.port not in ports]
        written = [(name, data) for name, data in self.files().items() if name != "tracker-store/swarm.key"]
        told = {name for name, data in (*places, *wire, *written) for form in forms if form in data}
        self.assertEqual(told, set())
        self.assertTrue(any(raw in data for ports, data in overheard.streams() if tracker.control.port in ports))
        for agent in agents:
            self.assertTrue(agent.connected())

    def test_memory_keeps_no_secret_that_nothing_needs(self):
        """Nor would a core, which is the same: what a caller has shown is gone though its grant lives."""
        if os.getuid() != 0:
            self.skipTest("needs root, to read the memory of programs")
        tracker = self.tracker_at("127.0.0.1", _BOUND_AT_ONCE)
        agent = self.agent(1, [tracker], place=self.closed.place("agent1"))
        agent.environment = {**agent.environment, **_BOUND_AT_ONCE}
        agent.start()
        self.pull_all(agent)
        self.assertGreater(agent.metrics()["shoal_agent_access_grants"], 0)
        for program in (agent, tracker):
            kept = self.kept_in_memory(program)
            self.assertLessEqual({"password outlet", "token"}, kept, "they would have been found")
            self.assertEqual(kept - NEEDED, set(), program.name)

    @staticmethod
    def kept_in_memory(program):
        """A layer under way may still need its callers' credentials for a moment."""
        due = time.monotonic() + 10
        while (kept := secrets_in_memory(program.process.id)) - NEEDED and time.monotonic() < due:
            time.sleep(0.5)
        return kept

    def crash(self, settings=None):
        """An agent that has secrets in its memory ends by SIGABRT where a core dump would be written."""
        directory = self.workspace.directory("crash")
        agent = self.agent(1, settings=settings, place=_WithCores(self.closed.place("agent1"), directory))
        agent.environment = {**agent.environment, **_CORES_WITH_SANITIZERS}
        agent.start()
        self.assertEqual(set(self.pull(agent, "token")), {200})
        agent.process.send(signal.SIGABRT)
        ended = os.waitid(os.P_PID, agent.process.id, os.WEXITED | os.WNOWAIT)
        self.workspace.processes.remove(agent.process)
        self.assertEqual(ended.si_status, signal.SIGABRT)
        return ended.si_code, os.listdir(directory)

    def test_a_crash_leaves_no_core(self):
        self.assertEqual(self.crash(), (os.CLD_KILLED, []))
        self.assert_told_nowhere(self.files().items(), every_secret())

    def test_a_crash_leaves_a_core_where_the_configuration_wants_one(self):
        with open("/proc/sys/kernel/core_pattern", encoding="ascii") as file:
            if file.read().startswith("|"):
                self.skipTest("this machine's core dumps go to a program")
        code, files = self.crash({"process": {"core_dumps": True}})
        self.assertEqual(code, os.CLD_DUMPED)
        self.assertTrue(files)

    def test_the_memory_and_the_environment_of_a_program_are_closed_to_its_user(self):
        os.chmod(self.workspace.path, 0o755)
        for settings, is_open in (({}, False), ({"process": {"core_dumps": True}}, True)):
            place = _AsNobody(self.closed.place(f"agent-{is_open}"))
            agent = self.agent(1, settings=settings, place=place)
            self.give_to_nobody(agent)
            agent.environment = {**agent.environment, **_CORES_WITH_SANITIZERS}
            agent.start()
            for file in ("environ",) if is_open else ("environ", "mem", "maps"):
                self.assertEqual(self.may_nobody_open(agent, file), is_open, file)
            with open(f"/proc/{agent.process.id}/limits", encoding="ascii") as limits:
                line = next(line for line in limits if line.startswith("Max core file size"))
            self.assertEqual(line.split()[4] == "0", not is_open, line)

    def give_to_nobody(self, agent):
        shutil.chown(agent.store, NOBODY, NOBODY)
        for directory, _, names in os.walk(self.planted.directory):
            for name in names:
                os.chmod(os.path.join(directory, name), 0o755)

    @staticmethod
    def may_nobody_open(agent, file):
        script = f"open('/proc/{agent.process.id}/{file}', 'rb').close()"
        return subprocess.run(["setpriv", *_AsNobody.ARGUMENTS, "python3", "-c", script], capture_output=True, timeout=30,
                              check=False).returncode == 0


class _Wrapped:
    """A place, where programs start by way of another one."""

    def __init__(self, place):
        self._place = place

    def __getattr__(self, name):
        return getattr(self._place, name)


class _WithCores(_Wrapped):
    def __init__(self, place, directory):
        super().__init__(place)
        self._directory = directory

    def command(self, argv):
        limit = "unlimited" if resource.getrlimit(resource.RLIMIT_CORE)[1] == resource.RLIM_INFINITY else "hard"
        script = f'ulimit -S -c {limit} && cd "$0" && exec "$@"'
        return self._place.command(["sh", "-c", script, self._directory, *argv])


class _AsNobody(_Wrapped):
    ARGUMENTS = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")

    def command(self, argv):
        return self._place.command(["setpriv", *self.ARGUMENTS, "--", *self._limited(argv)])

    @staticmethod
    def _limited(argv):
        return ["sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh", *argv]
