"""What cannot start says why in one clear line and ends with the documented code: 2 for a bad configuration, else 1."""

import os
import shutil
import signal
import socket
import subprocess

from simulations.cluster.shoal import Agent, Tracker

from .case import Case

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Starting(Case):
    def programs_with(self, settings):
        """An agent and a tracker with these settings laid over good ones, not started."""
        agent = Agent(self.workspace, self.programs, self.place("agent"), self.upstreams(), settings=settings)
        tracker = Tracker(self.workspace, self.programs, self.place("tracker"), self.upstreams(), settings=settings)
        return agent, tracker

    def run_program(self, program, *more):
        return subprocess.run([*program.command, *more], capture_output=True, text=True, timeout=20, check=False)

    def assert_one_line(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def test_an_unknown_key_is_refused_by_name_and_place(self):
        for program in self.programs_with({"store": {"capasity": "1GiB"}}):
            self.assert_one_line(self.run_program(program), 2, "capasity", f"{program.name}.toml:")

    def test_a_bare_number_for_a_size_is_refused(self):
        for program in self.programs_with({"store": {"capacity": "50"}}):
            self.assert_one_line(self.run_program(program), 2, "capacity", "50GiB")

    def test_all_faults_are_reported_at_once(self):
        for program in self.programs_with({"store": {"capacity": "much"}, "log": {"level": "loud"}}):
            done = self.run_program(program)
            self.assertEqual(done.returncode, 2)
            self.assertIn("capacity", done.stderr)
            self.assertIn("level", done.stderr)

    def test_a_missing_configuration_file_is_named(self):
        for program in self.programs_with({}):
            command = [*program.command[:-1], "/nowhere/at/all.toml"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
            self.assert_one_line(done, 2, "/nowhere/at/all.toml")

    def test_a_bad_command_line_ends_with_2_and_one_line(self):
        for program in self.programs_with({}):
            for words in ([], ["--nope"], ["serve", "--nope"], ["steer"], ["serve", "--config"]):
                done = subprocess.run([program.command[0], *words], capture_output=True, text=True, timeout=20, check=False)
                self.assert_one_line(done, 2)

    def test_the_options_stand_before_serve_or_after(self):
        for program in self.programs_with({}):
            binary, _, option, path = program.command
            for words in ([option, path, "serve", "--check-config"], ["--check-config", option, path]):
                done = subprocess.run([binary, *words], capture_output=True, text=True, timeout=20, check=False)
                self.assertEqual((done.returncode, done.stdout), (0, "the configuration is good\n"), done.stderr)

    def test_a_check_names_missing_files_and_tells_what_is_doubtful(self):
        upstreams = {"upstreams": {"registry.test": {"url": "https://registry.test", "ca": "/nowhere/ca.pem"}}}
        for program in self.programs_with(upstreams):
            self.assert_one_line(self.run_program(program, "--check-config"), 2, "/nowhere/ca.pem", "[upstreams.", "] ca")
        agent, _ = self.programs_with({"registry": {"listen": "0.0.0.0:0"}})
        done = self.run_program(agent, "--check-config")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("every machine that reaches 0.0.0.0:0", done.stdout)

    def test_a_list_of_registries_at_the_wrong_place_is_refused_with_the_right_one(self):
        agent, _ = self.programs_with({"registry": {"allow": ["docker.io"]}})
        self.assert_one_line(self.run_program(agent), 2, "[registry] allow", "[upstreams]")

    def test_systemd_accepts_the_units_and_starts_no_bad_configuration_again(self):
        for name in ("shoal-agent", "shoal-tracker"):
            with open(f"{_ROOT}/systemd/{name}.service", encoding="ascii") as unit:
                text = unit.read()
            self.assertIn("\nType=notify\nNotifyAccess=main\n", text)
            self.assertIn("\nRestart=always\n", text)
            self.assertIn("\nRestartPreventExitStatus=2\n", text)
            if not shutil.which("systemd-analyze"):
                continue
            # The program is not installed here: systemd would find fault with that.
            path = self.workspace.file(f"{name}.service", text.replace(f"/usr/bin/{name}", "/bin/true"))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_good_configuration_is_confirmed_and_printed_again(self):
        for program in self.programs_with({}):
            self.assertEqual(self.run_program(program, "--check-config").returncode, 0)
            printed = self.run_program(program, "--print-config")
            self.assertEqual(printed.returncode, 0, printed.stderr)
            path = self.workspace.file(f"{program.name}-printed.toml", printed.stdout)
            again = subprocess.run([*program.command[:-1], path, "--print-config"], capture_output=True, text=True,
                                   timeout=20, check=False)
            self.assertEqual((again.returncode, again.stdout), (0, printed.stdout), again.stderr)

    def test_a_taken_port_is_named(self):
        agent = self.agents(1, [])[0]
        taken = agent.admin.authority
        for program in self.programs_with({"admin": {"listen": taken}}):
            self.assert_one_line(self.run_program(program), 1, taken)

    def test_a_store_that_cannot_be_written_is_named(self):
        path = self.workspace.file("a-file", "") + "/store"
        for program in self.programs_with({"store": {"path": path}}):
            self.assert_one_line(self.run_program(program), 1, path)

    def test_a_store_in_use_is_refused(self):
        agent = self.agents(1, [])[0]
        path = f"{self.workspace.path}/{agent.name}-store"
        self.assert_one_line(self.run_program(self.programs_with({"store": {"path": path}})[0]), 1, path)

    def test_the_version_is_told(self):
        for program in self.programs_with({}):
            done = subprocess.run([program.command[0], "--version"], capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 0)
            self.assertIn("shoal-", done.stdout)

    def test_the_service_manager_is_told_when_each_program_serves_and_when_it_stops(self):
        tracker = self.tracker(start=False)
        agent = Agent(self.workspace, self.programs, self.place("agent"), self.upstreams(), [tracker])
        for program, port in ((tracker, tracker.control), (agent, agent.registry)):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                path = f"{self.workspace.path}/{program.name}.notify"
                manager.bind(path)
                manager.settimeout(20)
                program.environment = {"NOTIFY_SOCKET": path}
                program.start(wait=False)
                self.assertEqual(manager.recv(100), b"READY=1")
                port.place.connect(port.address, port.port).close()
                self.assertEqual(program.admin.get("/readyz").status, 200)
                program.process.send(signal.SIGTERM)
                self.assertEqual(manager.recv(100), b"STOPPING=1")
                self.assertEqual(program.process.wait(20), 0)

    def test_sigterm_ends_both_programs_with_0(self):
        tracker, agents = self.cluster(1)
        self.assertEqual(agents[0].process.end(), 0)
        self.assertEqual(tracker.process.end(), 0)
