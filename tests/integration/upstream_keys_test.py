"""What an operator says of a registry, with real parts around: proxies, proxy caches, client certificates, sources of
credentials, and keys from the environment."""

import base64
import json
import os
import shutil
import subprocess

from simulations.cluster.nginx import Nginx, why_not_nginx
from simulations.cluster.processes import wait_until
from simulations.cluster.puller import Pull, PullFailed
from simulations.cluster.shoal import Agent, Tracker

from .case import NAME, Case
from .forward_proxy import ForwardProxy
from .library import REPOSITORY

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PASSWORD = "hunter2 and more"   # of the registry
_PROXY_PASSWORD = "s3sam:@/open"  # of the proxy
_FRONT = """\
  server {{
    listen {listen}{ssl};
    proxy_set_header Host {origin};
    proxy_http_version 1.1;
    {settings}
    location / {{ proxy_pass http://{origin}; }}
    {locations}
  }}
"""


class UpstreamKeys(Case):
    def front(self, settings="", locations="", tls=None):
        """nginx before the origin; `tls` is the directory of its certificate."""
        if reason := why_not_nginx():
            self.skipTest(reason)
        if tls:
            settings += f"ssl_certificate {tls}/server.pem; ssl_certificate_key {tls}/server.key;"
        origin = self.origin.authority
        return Nginx(self.workspace, self.place("front"), "front",
                     lambda listen: _FRONT.format(listen=listen, ssl=" ssl" if tls else "", origin=origin,
                                                  settings=settings, locations=locations)).endpoint

    def private_front(self):
        """nginx that asks for a user and a password."""
        users = self.workspace.file("users", f"me:{{PLAIN}}{_PASSWORD}\n")
        return self.front(f'auth_basic "registry"; auth_basic_user_file {users};')

    def agent(self, name, upstream, environment=None, trackers=(), settings=None):
        agent = Agent(self.workspace, self.programs, self.place(name), {NAME: upstream}, trackers, settings=settings)
        agent.environment = environment
        return agent.start()

    def pull_as(self, agent, image, tag, repository=REPOSITORY):
        pull = Pull(agent.registry, NAME, repository, tag).run()
        self.assert_pulled(pull, image)

    def secret(self, name, text):
        return self.workspace.file(name, text)

    def told(self, program, event):
        """The fields of its first line of this event: the log is written after the answer has left."""
        return wait_until(lambda: program.events(event), 10, f"{program.name} logs {event}")[0][1]

    def assert_logs(self, program, text):
        wait_until(lambda: text in program.process.log(), 10, f"{program.name} logs {text}")

    def assert_not_told(self, *secrets):
        """In no log, and in no metric or status."""
        for process in self.workspace.processes:
            for secret in secrets:
                self.assertNotIn(secret, process.log(), process.name)

    def output(self, program, *more, environment=None, code=0):
        done = subprocess.run([*program.command, *more], capture_output=True, text=True, timeout=20, check=False,
                              env={**os.environ, **(environment or {})})
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout


class Proxies(UpstreamKeys):
    def proxy(self, host, endpoint, credential=None):
        return ForwardProxy(self.workspace, {host: (endpoint.address, endpoint.port)}, credential)

    def test_a_registry_that_only_its_proxy_reaches_is_pulled_from(self):
        image = self.library.medium()
        proxy = self.proxy("registry.invalid:80", self.origin.endpoint, f"me:{_PROXY_PASSWORD}")
        keys = {"url": "http://registry.invalid", "proxy": proxy.url,
                "proxy_username_file": self.secret("proxy_user", "me\n"),
                "proxy_password_file": self.secret("proxy_password", f"{_PROXY_PASSWORD}\n")}
        tracker = Tracker(self.workspace, self.programs, self.place("tracker"), {NAME: keys}).start()
        agent = self.agent("agent", keys, trackers=[tracker])
        self.pull_as(agent, image, "medium")
        self.assert_asked_once(image)
        self.assertTrue(proxy.asked)
        self.assertTrue(all(asked.target.startswith("http://registry.invalid/v2/") for asked in proxy.asked))
        self.assertEqual({asked.proxy_authorization for asked in proxy.asked}, {proxy.expected})
        self.assert_not_told(_PROXY_PASSWORD, proxy.expected.split()[1])

    def test_a_proxy_without_its_password_is_told_as_such(self):
        self.library.small()
        proxy = self.proxy("registry.invalid:80", self.origin.endpoint, "me:other")
        agent = self.agent("agent", {"url": "http://registry.invalid", "proxy": proxy.url})
        with self.assertRaises(PullFailed):
            Pull(agent.registry, NAME, REPOSITORY, "small").run()
        self.assert_logs(agent, "asks for a credential")
        self.assertIn(proxy.authority, agent.process.log())
        self.assertEqual(self.origin.gets_by_blob(), {})

    def test_a_proxy_that_is_down_is_told_by_its_name(self):
        proxy = self.proxy("registry.invalid:80", self.origin.endpoint)
        proxy.close()
        agent = self.agent("agent", {"url": "http://registry.invalid", "proxy": proxy.url})
        with self.assertRaises(PullFailed):
            Pull(agent.registry, NAME, REPOSITORY, "small").run()
        told = self.told(agent, "registry unreachable")
        self.assertIn(proxy.authority, told["cause"])
        self.assertIn("is the proxy up", told["next"])

    def test_the_environment_names_the_proxy_and_its_user_and_the_exceptions(self):
        image = self.library.medium()
        proxy = self.proxy("registry.invalid:80", self.origin.endpoint, f"me:{_PROXY_PASSWORD}")
        url = proxy.url.replace("http://", "http://me:s3sam%3A%40%2Fopen@")
        through = self.agent("through", {"url": "http://registry.invalid"}, {"HTTP_PROXY": url})
        self.pull_as(through, image, "medium")
        self.assertEqual({asked.proxy_authorization for asked in proxy.asked}, {proxy.expected})
        asked = len(proxy.asked)
        for name, environment in (("excepted", {"http_proxy": url, "no_proxy": ".invalid"}), ("other", {"HTTPS_PROXY": url})):
            with self.assertRaises(PullFailed):
                Pull(self.agent(name, {"url": "http://registry.invalid"}, environment).registry, NAME, REPOSITORY, "medium").run()
        with self.assertRaises(PullFailed):
            without = self.agent("without", {"url": "http://registry.invalid", "proxy": ""}, {"HTTP_PROXY": url})
            Pull(without.registry, NAME, REPOSITORY, "medium").run()
        local = self.agent("local", {"url": self.origin.endpoint.url}, {"HTTP_PROXY": url})
        self.pull_as(local, image, "medium")
        self.assertEqual(len(proxy.asked), asked)
        self.assertNotIn("s3sam", self.output(through, "--print-config", environment={"HTTP_PROXY": url}))
        self.assert_not_told(_PROXY_PASSWORD, "s3sam", proxy.expected.split()[1])

    def test_a_registry_on_https_is_reached_through_connect_and_verified(self):
        image = self.library.medium()
        tls = self.certificates()
        front = self.front(tls=tls)
        proxy = self.proxy("registry.test:443", front, "me:secret")
        url = proxy.url.replace("http://", "http://me:secret@")
        agent = self.agent("agent", {"url": "https://registry.test", "ca": f"{tls}/ca.pem"}, {"HTTPS_PROXY": url})
        self.pull_as(agent, image, "medium")
        self.assertEqual({(asked.method, asked.target) for asked in proxy.asked}, {("CONNECT", "registry.test:443")})
        self.assertEqual({asked.proxy_authorization for asked in proxy.asked}, {proxy.expected})
        stranger = self.agent("stranger", {"url": "https://registry.test"}, {"HTTPS_PROXY": url})
        with self.assertRaises(PullFailed):
            Pull(stranger.registry, NAME, REPOSITORY, "medium").run()
        self.assert_logs(stranger, "issuer unknown")

    def certificates(self):
        """A directory with ca.pem, and server.pem for registry.test and client.pem that it has issued, each with its key."""
        directory = self.workspace.directory("tls")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.openssl(directory, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca")
        for name in ("server", "client"):
            self.openssl(directory, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
            extensions = self.workspace.file(f"tls/{name}.cnf", "subjectAltName=DNS:registry.test\n")
            self.openssl(directory, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                         "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", "-extfile", extensions)
        return directory

    def openssl(self, directory, *words):
        subprocess.run(["openssl", *words], check=True, timeout=30, cwd=directory, capture_output=True)

    def test_a_registry_that_asks_for_a_certificate_gets_the_one_that_is_configured(self):
        image = self.library.medium()
        tls = self.certificates()
        front = self.front(f"ssl_client_certificate {tls}/ca.pem; ssl_verify_client on;", tls=tls)
        proxy = self.proxy("registry.test:443", front)
        keys = {"url": "https://registry.test", "ca": f"{tls}/ca.pem", "proxy": proxy.url}
        known = self.agent("known", {**keys, "client_certificate": f"{tls}/client.pem", "client_key": f"{tls}/client.key"})
        self.pull_as(known, image, "medium")
        with self.assertRaises(PullFailed):
            Pull(self.agent("unknown", keys).registry, NAME, REPOSITORY, "medium").run()


class ProxyCaches(UpstreamKeys):
    def test_a_proxy_cache_under_a_path_gives_images_and_pages_of_tags_under_their_own_name(self):
        image = self.library.small()
        for tag in ("a", "b", "c"):
            self.library.also_as(f"hub-proxy/{REPOSITORY}", tag, image)
        keys = {"url": self.origin.endpoint.url, "path_prefix": "hub-proxy"}
        agent = self.agent("agent", keys)
        self.pull_as(agent, image, "a")
        path, tags = f"/v2/{REPOSITORY}/tags/list?n=1&ns={NAME}", []
        while path:
            answer = agent.registry.get(path)
            self.assertEqual(answer.status, 200)
            tags += json.loads(answer.body)["tags"]
            link = answer.headers.get("Link", "")
            self.assertNotIn("hub-proxy", link)
            path = link[1:].partition(">")[0]
        self.assertEqual(sorted(tags), ["a", "b", "c"])  # docker-registry 2.8 has an order of its own

    def test_a_path_before_v2_and_a_prefix_behind_it_go_together(self):
        image = self.library.medium()
        front = self.front(locations=f"location /docker/v2/hub-proxy/ {{ proxy_pass {self.origin.endpoint.url}/v2/; }}\n"
                                     "location /v2/ { return 404; }")
        agent = self.agent("agent", {"url": f"{front.url}/docker", "path_prefix": "hub-proxy"})
        self.pull_as(agent, image, "medium")


class Credentials(UpstreamKeys):
    def helper(self, text):
        """A docker-credential-test in a directory of its own, which writes down what it was asked."""
        directory = self.workspace.directory("helpers")
        path = self.workspace.file("helpers/docker-credential-test",
                                   f'#!/bin/sh\necho "$1 $(cat) $PPID" >> {directory}/runs\n{text}\n')
        os.chmod(path, 0o700)
        return directory

    def runs(self, directory):
        with open(f"{directory}/runs", encoding="ascii") as file:
            return [line.split() for line in file]

    def answer(self, password=_PASSWORD):
        return "echo '" + json.dumps({"ServerURL": "x", "Username": "me", "Secret": password}) + "'"

    def test_an_auth_file_of_podman_opens_a_private_registry(self):
        image, front = self.library.medium(), self.private_front()
        entry = base64.b64encode(f"me:{_PASSWORD}".encode()).decode()
        path = self.secret("auth.json", json.dumps({"auths": {f"{front.authority}/{REPOSITORY}": {"auth": entry}}}))
        agent = self.agent("agent", {"url": front.url, "auth_file": path})
        self.assertIn("good", self.output(agent, "--check-config"))
        self.pull_as(agent, image, "medium")
        self.assert_not_told(_PASSWORD, entry)

    def test_a_credential_helper_opens_a_private_registry_for_a_cluster_once_each(self):
        image, front = self.library.medium(), self.private_front()
        directory = self.helper(self.answer())
        environment = {"PATH": f"{directory}:{os.environ['PATH']}"}
        keys = {"url": front.url, "credential_helper": "test"}
        tracker = Tracker(self.workspace, self.programs, self.place("tracker"), {NAME: keys})
        tracker.environment = environment
        tracker.start()
        agent = self.agent("agent", keys, environment, [tracker])
        self.pull_as(agent, image, "medium")
        runs = self.runs(directory)
        self.assertTrue(runs)
        self.assertEqual({tuple(run[:2]) for run in runs}, {("get", front.authority)})
        self.assertEqual(len({run[2] for run in runs}), len(runs), "a program asks its helper once")
        self.assert_not_told(_PASSWORD)

    def test_a_helper_of_the_auth_file_renews_a_credential_that_ended(self):
        image, front = self.library.medium(), self.private_front()
        directory = self.helper(f"[ -e {self.workspace.path}/renewed ] && {self.answer()} || {self.answer('ended')}")
        path = self.secret("config.json", json.dumps({"credHelpers": {front.authority: "test"}}))
        agent = self.agent("agent", {"url": front.url, "auth_file": path}, {"PATH": f"{directory}:{os.environ['PATH']}"})
        with self.assertRaises(PullFailed):
            Pull(agent.registry, NAME, REPOSITORY, "medium").run()
        self.workspace.file("renewed", "")
        # At the next question, but not more than once in ten seconds.
        wait_until(lambda: self.pulls(agent, image), 30, "the renewed credential is used", 1)

    def pulls(self, agent, image):
        try:
            self.pull_as(agent, image, "medium")
        except PullFailed:
            return False
        return True

    def test_a_helper_that_fails_is_told_with_what_to_run_and_counted(self):
        front = self.private_front()
        directory = self.helper("echo hunter2; echo hunter2 >&2; exit 5")
        agent = self.agent("agent", {"url": front.url, "credential_helper": f"{directory}/docker-credential-test"})
        with self.assertRaises(PullFailed):
            Pull(agent.registry, NAME, REPOSITORY, "medium").run()
        told = self.told(agent, "credential helper failed")
        self.assertIn("exits with 5", told["cause"])
        self.assertIn(f"echo {front.authority} | {directory}/docker-credential-test get", told["next"])
        self.assertGreaterEqual(agent.metrics()["shoal_agent_origin_failed_helpers_total"], 1)
        self.assert_not_told("hunter2")

    def test_a_helper_that_hangs_holds_up_no_other_registry_and_no_end(self):
        image, front = self.library.medium(), self.private_front()
        directory = self.helper("sleep 1000")
        agent = Agent(self.workspace, self.programs, self.place("agent"),
                      {"private.test": {"url": front.url, "credential_helper": f"{directory}/docker-credential-test"},
                       NAME: {"url": self.origin.endpoint.url}}).start()
        connection = agent.registry.open()
        self.addCleanup(connection.close)
        connection.request("GET", f"/v2/{REPOSITORY}/manifests/medium?ns=private.test")
        wait_until(lambda: os.path.exists(f"{directory}/runs"), 20, "the helper runs")
        self.pull_as(agent, image, "medium")
        self.assertEqual(agent.process.end(grace_seconds=15), 0)

    def test_systemd_accepts_the_documented_drop_in(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        with open(f"{_ROOT}/docs/operating.md", encoding="utf-8") as page:
            drop_in = page.read().partition("```ini\n")[2].partition("```")[0]
        self.assertIn("LoadCredential=", drop_in)
        with open(f"{_ROOT}/systemd/shoal-agent.service", encoding="ascii") as unit:
            text = unit.read().replace("/usr/bin/shoal-agent", "/bin/true")
        path = self.workspace.file("shoal-agent.service", text)
        self.workspace.file("shoal-agent.service.d/credential_helper.conf", drop_in)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Environment(UpstreamKeys):
    def test_a_node_is_named_and_finds_its_tracker_by_the_environment(self):
        image = self.library.medium()
        tracker = self.tracker()
        place = self.place("agent")
        agent = Agent(self.workspace, self.programs, place, self.upstreams(), settings={"node": {"name": "of-the-file"}})
        agent.environment = {"SHOAL_NODE_NAME": "of-the-environment", "SHOAL_NODE_ZONE": "rack7",
                             "SHOAL_TRACKERS_URLS": tracker.control.url, "SHOAL_TRACKERS_PLAINTEXT": "true",
                             "SHOAL_AGENT_PORT_7070_TCP": "tcp://10.0.0.1:7070"}
        agent.start()
        known = wait_until(tracker.known_agents, 20, "the tracker knows the agent")
        self.assertEqual([(each["node"], each["zone"]) for each in known], [("of-the-environment", "rack7")])
        self.assert_pulled(self.pull(agent, "medium"), image)
        self.assertEqual(agent.events("doubtful configuration"), [])
        printed = self.output(agent, "--print-config", environment=agent.environment)
        self.assertIn('# From SHOAL_NODE_NAME.\nname = "of-the-environment"\n', printed)
        self.assertIn('# From SHOAL_TRACKERS_URLS.\n', printed)

    def test_every_key_that_is_printed_has_its_variable(self):
        """Each printed value, given as a variable, is taken without a word; the tables of registries have none."""
        agent = Agent(self.workspace, self.programs, self.place("agent"), self.upstreams())
        tracker = Tracker(self.workspace, self.programs, self.place("tracker"), self.upstreams())
        for program in (agent, tracker):
            variables = _variables(self.output(program, "--print-config"))
            self.assertGreater(len(variables), 10)
            self.assertIn("SHOAL_LOG_LEVEL", variables)
            printed = self.output(program, "--print-config", environment=variables)
            self.assertEqual(printed.count("# From SHOAL_"), len(variables))
            self.assertNotIn("is no key's", self.output(program, "--check-config", environment=variables))

    def test_a_wrong_value_and_a_wrong_name_say_what_to_write(self):
        agent = Agent(self.workspace, self.programs, self.place("agent"), self.upstreams())
        done = subprocess.run([*agent.command], capture_output=True, text=True, timeout=20, check=False,
                              env={**os.environ, "SHOAL_STORE_CAPACITY": "50"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("[store] capacity (SHOAL_STORE_CAPACITY)", done.stderr)
        self.assertIn("50GiB", done.stderr)
        told = self.output(agent, "--check-config", environment={"SHOAL_NODE_NAMES": "x"})
        self.assertIn("SHOAL_NODE_NAMES is no key's; is it one of SHOAL_NODE_NAME", told)


def _variables(printed):
    """What --print-config shows, as the environment: without the tables of registries."""
    variables, section = {}, ""
    for line in printed.splitlines():
        if line.startswith("["):
            section = line[1:-1]
        elif "=" in line and not line.startswith("#") and "\"" not in section:
            key, _, value = line.partition(" = ")
            read = json.loads(value)
            text = ",".join(read) if isinstance(read, list) else str(read).lower() if isinstance(read, bool) else str(read)
            variables["SHOAL_" + f"{section}_{key}".upper().replace(".", "_").replace("-", "_")] = text
    return variables
