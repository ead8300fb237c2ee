"""Registries that lead elsewhere: 500 generated redirects and realms, and no connection outside of what is allowed."""

import dataclasses
import ipaddress
import json
import random

from simulations.cluster.network import why_not_namespaces
from simulations.cluster.shoal import Agent

from .case import Case
from .closed_network import ClosedNetwork

CASES = 500
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BODY = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
                   "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                              "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}}).encode()

PUBLIC, NETWORK, MACHINE, LINK = "public", "network", "machine", "link"
REGISTRIES = {PUBLIC: "11.0.0.1", NETWORK: "10.1.2.3", MACHINE: "127.0.0.1"}

# What a URL may call a host, and the addresses that it may mean.
HOSTS = {
    "11.0.0.7": ["11.0.0.7"], "[2a00::7]": ["2a00::7"], "far.test": ["11.0.0.8"], "FAR.test": ["11.0.0.8"],
    "10.9.9.9": ["10.9.9.9"], "172.16.0.9": ["172.16.0.9"], "192.168.5.5": ["192.168.5.5"], "100.64.1.1": ["100.64.1.1"],
    "[fd12::9]": ["fd12::9"], "[::ffff:10.9.9.9]": ["10.9.9.9"], "near.test": ["10.9.9.10"], "near.test.": ["10.9.9.10"],
    "127.0.0.2": ["127.0.0.2"], "127.1": ["127.0.0.1"], "2130706434": ["127.0.0.2"], "0x7f000002": ["127.0.0.2"],
    "0177.0.0.2": ["127.0.0.2"], "[::1]": ["::1"], "[::ffff:127.0.0.2]": ["127.0.0.2"], "[::ffff:7f00:2]": ["127.0.0.2"],
    "localhost": ["127.0.0.1"], "LOCALHOST": ["127.0.0.1"], "here.test": ["127.0.0.9"], "here6.test": ["::1"],
    "169.254.169.254": ["169.254.169.254"], "2852039166": ["169.254.169.254"], "0xa9fea9fe": ["169.254.169.254"],
    "169.254.43518": ["169.254.169.254"], "[::ffff:169.254.169.254]": ["169.254.169.254"], "meta.test": ["169.254.169.254"],
    "meta.test.": ["169.254.169.254"], "[fd00:ec2::254]": ["fd00:ec2::254"], "meta6.test": ["fd00:ec2::254"],
    "100.100.100.200": ["100.100.100.200"], "168.63.129.16": ["168.63.129.16"], "0.0.0.0": ["0.0.0.0"], "[::]": ["::"],
    "0": ["0.0.0.0"], "224.0.0.1": ["224.0.0.1"], "255.255.255.255": ["255.255.255.255"],
    "both.test": ["11.0.0.9", "169.254.169.254"], "mixed.test": ["11.0.0.10", "127.0.0.3"],
    "[64:ff9b::a9fe:a9fe]": ["64:ff9b::a9fe:a9fe"], "[2002:7f00:1::]": ["2002:7f00:1::"], "[fe80::1]": ["fe80::1"],
}
NAMES = {host.rstrip(".").lower(): addresses for host, addresses in HOSTS.items() if ".test" in host}
REACHES = {
    PUBLIC: {"11.0.0.1", "11.0.0.7", "11.0.0.8", "11.0.0.9", "11.0.0.10", "2a00::7"},
    NETWORK: {"10.1.2.3", "10.9.9.9", "10.9.9.10", "172.16.0.9", "192.168.5.5", "100.64.1.1", "fd12::9"},
    MACHINE: {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.9", "::1", "2002:7f00:1::"},
}
PREFIXES = ("http://", "http://", "http://", "https://", "HTTP://", "//", "ftp://", "http:/", "http://me:pw@", "http:\\\\", "/\\",
            " http://")
KINDS = ("redirect", "head", "twice", "realm", "realm moved", "blob")


@dataclasses.dataclass(frozen=True)
class Astray:
    """One case: how the registry of that reach leads to `url`."""

    number: int
    registry: str
    kind: str
    url: str
    addresses: tuple
    is_plain: bool  # nothing odd but the host

    def may_be_served(self):
        return self.is_plain and all(address in allowed(self.registry) for address in self.addresses)


def allowed(registry):
    """The addresses that a registry of this reach may lead to, among those that occur here."""
    return REACHES[PUBLIC] | REACHES[registry] | {REGISTRIES[registry]}


def is_usual(host):
    """A name, or an address as everybody writes it."""
    try:
        return ":ffff:" not in host and bool(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return host.lower() == "localhost" or host.endswith(".test")


def cases(port):
    """The same ones in each run but for the port. The query is one that nobody may repeat."""
    chance = random.Random(18)
    for number in range(CASES):
        host = chance.choice(list(HOSTS))
        prefix = chance.choice(PREFIXES)
        at = chance.choice((f":{port}",) * 6 + ("", ":22", ":81"))
        url = f"{prefix}{host}{at}/there/{number}?signature=canary-{number}"
        is_plain = prefix in ("http://", "HTTP://", "//") and at == f":{port}" and is_usual(host)
        yield Astray(number, chance.choice(list(REGISTRIES)), chance.choice(KINDS), url, tuple(HOSTS[host]), is_plain)


class LedAstray(Case):
    """The agent is asked for each, and what it connects to is read from the wire."""

    limit_seconds = 300

    def setUp(self):
        super().setUp()
        if reason := why_not_namespaces():
            self.skipTest(f"no network namespaces here: {reason}")
        self.closed = ClosedNetwork(self.workspace, "astray", {**NAMES, "registry.test": [REGISTRIES[PUBLIC]]})
        self.cases = {}
        self.port = self.closed.serve(self.workspace, self.answer)

    def answer(self, seen):
        """As all the servers of this world: a registry by its path, and whatever it leads to."""
        number = int(seen.path.rsplit("/", 1)[1].replace("sha256:", ""), 16 if "sha256" in seen.path else 10)
        case = self.cases[number]
        if seen.path.startswith("/there/"):
            return (200, {"Content-Type": "application/json"}, b'{"token":"t"}') if case.kind.startswith("realm") else \
                (200, {"Content-Type": MANIFEST}, BODY)
        if seen.path.startswith("/moved/") or (seen.path.startswith("/v2/") and case.kind in ("redirect", "head", "blob")):
            return 307, {"Location": case.url}, b""
        if case.kind == "twice":
            return 307, {"Location": f"http://11.0.0.7:{self.port}/moved/{number}"}, b""
        if seen.authorization == "Bearer t":
            return 200, {"Content-Type": MANIFEST}, BODY
        realm = case.url.strip() if case.kind == "realm" else f"/moved/{number}"
        return 401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="s"'}, b"{}"

    def agent(self, **keys):
        hosts = {PUBLIC: "registry.test", NETWORK: REGISTRIES[NETWORK], MACHINE: REGISTRIES[MACHINE]}
        upstreams = {f"{reach}.reg.test": {"url": f"http://{host}:{self.port}", **keys} for reach, host in hosts.items()}
        return Agent(self.workspace, self.programs, self.closed.place("agent"), upstreams).start()

    def ask(self, agent, case):
        what = f"blobs/sha256:{case.number:064x}" if case.kind == "blob" else f"manifests/{case.number}"
        method = "HEAD" if case.kind in ("head", "blob") else "GET"
        return agent.registry.request(method, f"/v2/lib/a{case.number}/{what}?ns={case.registry}.reg.test",
                                      headers={"Accept": MANIFEST})

    def test_a_host_that_the_operator_names_may_have_any_address(self):
        targets = ["10.9.9.9", "here.test", "169.254.169.254"]
        for kind in ("redirect", "realm"):
            for number, host in enumerate(targets):
                self.cases[number] = Astray(number, PUBLIC, kind, f"http://{host}:{self.port}/there/{number}", (), True)
            named = [f"{host}:{self.port}" for host in targets]
            agent = self.agent(**{"redirects" if kind == "redirect" else "realms": named})
            for case in self.cases.values():
                self.assertEqual(self.ask(agent, case).status, 200, case)
            self.assertLessEqual({"10.9.9.9", "127.0.0.9", "169.254.169.254"},
                                 {address for address, _ in self.closed.dialled.take()}, kind)
            agent.process.end()

    def test_no_redirect_and_no_realm_leads_to_an_address_that_is_not_allowed(self):
        self.cases = {case.number: case for case in cases(self.port)}
        agent = self.agent()
        own = {agent.registry.port, agent.admin.port}
        served, refused, seen = 0, 0, set()
        for registry in REGISTRIES:
            self.closed.dialled.take()
            for case in self.cases.values():
                if case.registry != registry:
                    continue
                answer = self.ask(agent, case)
                dialled = {address for address, port in self.closed.dialled.take() if port not in own}
                self.assertLessEqual(dialled, allowed(registry), case)
                seen |= dialled
                self.assertNotIn(b"canary", answer.body, case)
                if case.may_be_served():
                    self.assertEqual(answer.status, 200, case)
                    served += 1
                refused += not set(case.addresses) & allowed(registry)
        self.assertLessEqual({*REGISTRIES.values(), "11.0.0.7", "10.9.9.9", "127.0.0.2"}, seen)
        self.assertGreater(served, 20)
        self.assertGreater(refused, 100)
        self.assertNotIn("canary-", agent.process.log())
        self.assertGreater(agent.metrics()["shoal_agent_origin_refused_hosts_total"], 50)
        self.assertTrue(agent.events("redirect not followed") and agent.events("token server not asked"))
