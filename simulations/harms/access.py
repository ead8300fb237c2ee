"""What it costs that the registry says who may have what: added time of a pull of what the node holds, and requests at the
registry while many nodes pull. The registry answers after 20 ms, and writes down every request."""

import concurrent.futures
import contextlib
import dataclasses
import os
import socket
import statistics
import threading
import time

from ..cluster.content import make_layer
from ..cluster.images import make_image
from ..cluster.nginx import Nginx
from ..cluster.processes import wait_until
from ..cluster.puller import Pull, PullFailed
from ..cluster.units import parse_rate
from ..cluster.web import Endpoint, ask_once
from .cluster import REPOSITORY, UPSTREAM, Plan, Programs
from .hosts import basic

NODES = (1, 12, 48)
ACCESS_HEAD = ("who pulls", "nodes", "requests of the first pull, all nodes at once", "copies",
               "requests of the next pull, by tag", "by digest", "pull of what is held ms (without the check)", "added ms", "failures")
_UNCHECKED = "unchecked.test"  # the same registry with `access = "node"`
_RATE = parse_rate("50Mbit")
_LAYER_BYTES = (50 << 10, 100 << 10, 1 << 20)
_ONE_WAY_SECONDS = 0.01
_TIMED_PULLS = 15
_SECONDS = 60
_MOST_PODS = 1000
PUBLIC, CONFIGURED, PODS = "anybody, a public image", "a credential in Shoal's files", "each pod with a credential of its own"


@dataclasses.dataclass
class Cost:
    """One table row. Requests are those that the registry and its login answered, refusals and token questions too."""

    who: str
    nodes: int
    first_requests: int = 0
    copies: float = 0.0
    tag_requests: int = 0
    digest_requests: int = 0
    checked_seconds: list = dataclasses.field(default_factory=list)
    unchecked_seconds: list = dataclasses.field(default_factory=list)
    failures: list = dataclasses.field(default_factory=list)

    def added_seconds(self):
        return statistics.median(self.checked_seconds) - statistics.median(self.unchecked_seconds)

    def row(self):
        if not self.checked_seconds or not self.unchecked_seconds:
            return (self.who, str(self.nodes), *["-"] * 6, f"**{len(self.failures)}**: {self.failures[0][:80]}")
        checked, unchecked = (statistics.median(each) * 1e3 for each in (self.checked_seconds, self.unchecked_seconds))
        return (self.who, str(self.nodes), str(self.first_requests), f"{self.copies:.2f}", str(self.tag_requests),
                str(self.digest_requests), f"{checked:.1f} ({unchecked:.1f})", f"{self.added_seconds() * 1e3:+.1f}",
                str(len(self.failures)))


def measure_access(machines, binaries, say, counts=NODES):
    """A row for each way to pull and number of nodes."""
    rows = []
    for count in counts:
        for who in (PUBLIC, CONFIGURED, PODS):
            with contextlib.ExitStack() as stack:
                cost = _Measurement(machines, binaries, who, count, stack).run()
            say(f"access, {count} nodes, {who}: {' | '.join(cost.row()[2:])}")
            rows.append(cost)
    return rows


class _Measurement:
    def __init__(self, machines, binaries, who, count, stack):
        self._machines = machines
        self._cost = Cost(who, count)
        self._pods = 0
        self._tag = f"access-{count}-{list((PUBLIC, CONFIGURED, PODS)).index(who)}"
        self._front = machines.remembered(f"front {who == PUBLIC}", lambda: _Front(machines, who != PUBLIC))
        url = f"http://{self._front.far.authority}"
        keys = {"url": url}
        if who == CONFIGURED:
            keys |= {"username_file": machines.workspace.file("pod-user", "pod0\n"),
                     "password_file": machines.workspace.file("pod-password", "secret-0\n")}
        plan = Plan(nodes=machines.more_nodes("access", max(NODES), _RATE)[:count], tracker_upstream=keys, agent_upstream=keys,
                    more_agent_upstreams={_UNCHECKED: {**keys, "access": "node"}})
        self._programs = stack.enter_context(Programs(machines, binaries, plan, self._tag))
        self._image = self._push()

    def _push(self):
        directory = self._machines.workspace.directory("layers")
        image = make_image([make_layer(directory, size, f"{self._tag}{place}") for place, size in enumerate(_LAYER_BYTES)])
        self._machines.registry.push_image(REPOSITORY, self._tag, image)
        return image

    def run(self):
        cost = self._cost
        self._machines.registry.forget_requests()
        cost.first_requests = self._counted(lambda: self._all_pull(self._tag))
        cost.copies = self._machines.registry.blob_bytes_sent() / self._image.size
        for agent in self._programs.agents:
            wait_until(lambda agent=agent: not agent.status()["pulls"], _SECONDS, f"{agent.name} is idle")
        cost.tag_requests = self._counted(lambda: self._all_pull(self._tag))
        cost.digest_requests = self._counted(lambda: self._all_pull(self._image.digest))
        agent = self._programs.agents[0]
        for _ in range(_TIMED_PULLS):
            cost.checked_seconds += self._pull(agent, UPSTREAM, self._image.digest)
            cost.unchecked_seconds += self._pull(agent, _UNCHECKED, self._image.digest)
        return cost

    def _counted(self, work):
        before = self._front.requests()
        work()
        time.sleep(0.5)  # the log is written after the answer
        return self._front.requests() - before

    def _all_pull(self, reference):
        with concurrent.futures.ThreadPoolExecutor(len(self._programs.agents)) as pool:
            list(pool.map(lambda agent: self._pull(agent, UPSTREAM, reference), self._programs.agents))

    def _pull(self, agent, upstream, reference):
        """Its seconds, as a list of one; none when it failed."""
        self._pods += 1
        shown = basic(f"pod{self._pods}", f"secret-{self._pods}") if self._cost.who == PODS else None
        try:
            return [Pull(_LoggedIn(agent.registry, shown), upstream, REPOSITORY, reference, stall_seconds=_SECONDS).run().seconds]
        except (PullFailed, OSError) as error:
            self._cost.failures.append(f"{agent.name}: {error}")
            return []


class _LoggedIn:
    """Stands where an Endpoint does. As containerd: the credential is shown once a challenge has asked for it, and from then on."""

    def __init__(self, endpoint, authorization):
        self._endpoint = endpoint
        self._authorization = authorization
        self._challenged = False

    def request(self, method, path, body=None, headers=None, timeout_seconds=30):
        answer = ask_once(self.open(timeout_seconds), method, path, body, headers)
        if answer.status == 401 and self._authorization and not self._challenged:
            self._challenged = True
            answer = ask_once(self.open(timeout_seconds), method, path, body, headers)
        return answer

    def open(self, timeout_seconds=30):
        connection = self._endpoint.open(timeout_seconds)
        if self._challenged:
            plain = connection.request
            connection.request = lambda method, path, body=None, headers=None: plain(
                method, path, body, {**(headers or {}), "Authorization": self._authorization})
        return connection


class _Front:
    """nginx before the registry, which writes a line for each request, and the distance before nginx: `far`."""

    def __init__(self, machines, private):
        self._log = os.path.join(machines.workspace.directory("fronts"), "private.log" if private else "public.log")
        users = machines.workspace.file("pods", "".join(f"pod{each}:{{PLAIN}}secret-{each}\n" for each in range(_MOST_PODS)))
        login = f'auth_basic "images"; auth_basic_user_file {users};' if private else ""
        front = Nginx(machines.workspace, machines.origin, "front-" + ("private" if private else "public"), lambda listen: (
            f"server {{ listen {listen}; access_log {self._log}; {login} "
            f"location / {{ proxy_pass {machines.registry.endpoint.url}; proxy_set_header Host $http_host; "
            "proxy_buffering off; } }"))
        self.far = _far(machines, front.endpoint)

    def requests(self):
        with open(self._log, encoding="utf-8") as log:
            return len(log.readlines())


def _far(machines, target):
    """The target as it is from 20 ms away: an Endpoint at the same place."""
    listening = machines.origin.listen()
    machines.workspace.callback(listening.close)
    threading.Thread(target=_accept, args=(listening, target), daemon=True).start()
    return Endpoint(machines.origin, target.address, listening.getsockname()[1])


def _accept(listening, target):
    with contextlib.suppress(OSError):
        while True:
            here = listening.accept()[0]
            threading.Thread(target=_relay, args=(here, target), daemon=True).start()


def _relay(here, target):
    with contextlib.suppress(OSError):
        here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        there = target.place.connect(target.address, target.port, _SECONDS)
        threading.Thread(target=_carry, args=(there, here), daemon=True).start()
        _carry(here, there)


def _carry(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(256 << 10):
            time.sleep(_ONE_WAY_SECONDS)
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
