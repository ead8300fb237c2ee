"""Clients that mean no good to the registry port, and one that does."""

import http.client
import os
import resource
import selectors
import socket
import time

from simulations.cluster.images import digest_of
from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent
from simulations.cluster.web import Endpoint, ask_once

from ..integration.case import Case
from .unread_answers import NOBODY, UnreadAnswers

_CONNECTIONS = 5_000
_MOST_PLACES = 4_096  # of the registry port
_CLOSED_SECONDS = 15
_HONEST_SECONDS = 5.0  # with sanitizers and beside other tests; without room made for them they wait for 10 s and more


class ManyClients(Case):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def places(self):
        """Connections of an agent's registry port: the limit of descriptors may leave fewer (descriptor_budget.cpp)."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        return min(_MOST_PLACES, (hard - 64) // 8)

    def seconds_of(self, get, *arguments, **options):
        started = time.monotonic()
        self.assertEqual(get(*arguments, **options).status, 200)
        return time.monotonic() - started


class SlowHeaders(ManyClients):
    def test_five_thousand_slow_headers_keep_no_honest_client_waiting(self):
        _, agents = self.cluster(1)
        registry = agents[0].registry
        slow = []
        self.addCleanup(lambda: [each.close() for each in slow])
        for _ in range(_CONNECTIONS):
            each = socket.create_connection((registry.address, registry.port), 10)
            each.sendall(b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            each.setblocking(False)
            slow.append(each)
        opened = time.monotonic()
        taken = sorted(self.seconds_of(registry.get, "/v2/", timeout_seconds=10) for _ in range(200))
        print(f"     an honest client: median {taken[100] * 1e3:.1f} ms, p99 {taken[197] * 1e3:.1f} ms")
        self.assertLess(taken[197], _HONEST_SECONDS)
        self.assertEqual(_closed_within(slow, opened + _CLOSED_SECONDS - time.monotonic()), _CONNECTIONS)


class UnreadAnswersOfMany(ManyClients):
    """As many connections as the port has places, all with an answer that their clients do not read, opened again whenever one is closed."""

    def setUp(self):
        super().setUp()
        if os.getuid() != 0:
            self.skipTest("needs root, to be two users")
        self.image = self.library.large()
        self.agent = self.agents(1, [])[0]
        self.registry = self.agent.registry
        self.pull(self.agent, "large")
        self.layer = max(self.image.blobs, key=self.image.blobs.get)
        self.small = min(self.image.blobs, key=self.image.blobs.get)

    def hold(self, path, user=None):
        held = UnreadAnswers(self.registry, path, self.places(), user)
        self.addCleanup(held.end)
        return held

    def closed_as(self, state):
        return self.agent.metrics()[f'shoal_agent_registry_closed_for_room_total{{state="{state}"}}']

    def answers_three_at_a_time(self, times=20):
        """Three honest clients after each other, again and again; the longest that one of them waited."""
        taken = sorted(self.seconds_of(self.registry.get, path, timeout_seconds=10) for _ in range(times)
                       for path in ("/v2/", self.blob_path(self.small), "/v2/"))
        print(f"     an honest client: median {taken[len(taken) // 2] * 1e3:.0f} ms, longest {taken[-1] * 1e3:.0f} ms")
        return taken[-1]

    def test_readers_of_another_user_that_do_not_read_keep_no_client_waiting(self):
        slow = self.registry.open(60)
        self.addCleanup(slow.close)
        slow.request("GET", self.blob_path(self.layer))
        answer = slow.getresponse()
        begun = answer.read(1)  # an honest client that unpacks for a while
        self.hold(self.blob_path(self.layer), NOBODY)
        self.assertLess(self.answers_three_at_a_time(), _HONEST_SECONDS)
        self.assertEqual(digest_of(begun + answer.read()), self.layer, "who read slowly and has few connections reads on")
        self.assertGreater(self.closed_as("stalled"), 0)
        told = self.agent.events("connection closed to make room")
        self.assertEqual([fields["address"] for _, fields in told], [f"uid {NOBODY}"])

    def test_twice_as_many_readers_of_another_user_keep_no_client_waiting(self):
        for _ in range(2):
            self.hold(self.blob_path(self.layer), NOBODY)
        self.assertLess(self.answers_three_at_a_time(5), _HONEST_SECONDS)

    def test_readers_of_the_same_user_that_do_not_read_keep_no_client_waiting(self):
        self.hold(self.blob_path(self.layer))
        self.assertLess(self.answers_three_at_a_time(), _HONEST_SECONDS)
        self.assertGreater(self.closed_as("stalled"), 0)

    def test_idle_connections_of_any_user_keep_no_client_waiting(self):
        for user in (NOBODY, None):
            held = self.hold("/v2/", user)
            self.assertLess(self.answers_three_at_a_time(), _HONEST_SECONDS)
            held.end()
        self.assertGreater(self.closed_as("silent"), 0)

    def test_all_are_served_again_when_they_have_gone(self):
        self.hold(self.blob_path(self.layer), NOBODY).end()
        self.answers_three_at_a_time()
        closed = self.closed_as("stalled")
        self.assertLess(self.answers_three_at_a_time(), _HONEST_SECONDS)
        self.assertEqual(self.closed_as("stalled"), closed)


class AtEveryAddress(ManyClients):
    """Those that do not read are at the IPv4 address and at the IPv6 address; honest clients there and at the socket file."""

    def setUp(self):
        super().setUp()
        if os.getuid() != 0:
            self.skipTest("needs root, to be two users")
        self.path = os.path.join(self.workspace.directory("run"), "registry.sock")
        place = self.place("agent")
        port = place.free_port()
        self.doors = [Endpoint(place, address, port) for address in ("127.0.0.1", "::1")]
        listen = [f"127.0.0.1:{port}", f"[::1]:{port}"]
        self.agent = Agent(self.workspace, self.programs, place, self.upstreams(),
                           settings={"registry": {"listen": listen, "socket": self.path}})
        self.agent.registry = self.doors[0]
        self.agent.start()
        image = self.library.medium()
        self.pull(self.agent, "medium")
        self.layer = max(image.blobs, key=image.blobs.get)

    def longest(self):
        asks = [door.get for door in self.doors] + [self.get_by_file]
        taken = [self.seconds_of(ask, "/v2/", timeout_seconds=10) for _ in range(10) for ask in asks]
        print(f"     an honest client: longest at each address {[round(max(taken[i::len(asks)]) * 1e3) for i in range(len(asks))]} ms")
        return max(taken)

    def get_by_file(self, path, timeout_seconds):
        return ask_once(_FileConnection(self.path, timeout_seconds), "GET", path)

    def test_readers_that_do_not_read_keep_no_client_waiting_at_any_address(self):
        for door in self.doors:
            held = UnreadAnswers(door, self.blob_path(self.layer), self.places() // 2 + 1, NOBODY)
            self.addCleanup(held.end)
        self.assertLess(self.longest(), _HONEST_SECONDS)


class _FileConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout_seconds):
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class WaitingOfMany(ManyClients):
    """As many connections as the port has places, whose answers wait for a registry that says nothing."""

    def test_one_user_that_waits_on_all_places_keeps_another_user_waiting_for_a_moment(self):
        self.assert_others_are_served(NOBODY)

    def test_several_users_that_wait_on_all_places_keep_another_user_waiting_for_a_moment(self):
        self.assert_others_are_served(NOBODY, NOBODY - 1, NOBODY - 2)

    def assert_others_are_served(self, *users):
        if os.getuid() != 0:
            self.skipTest("needs root, to be two users")
        silent = self.place("silent").listen()
        self.addCleanup(silent.close)
        address, port = silent.getsockname()
        agent = self.agents(1, [], settings={"upstreams": {"silent.test": {"url": f"http://{address}:{port}"}}})[0]
        for user in users:
            held = UnreadAnswers(agent.registry, self.blob_path("sha256:" + 64 * "0", "silent.test"), self.places() // len(users) + 1, user)
            self.addCleanup(held.end)
        taken = [self.seconds_of(agent.registry.get, "/v2/", timeout_seconds=10) for _ in range(10)]
        print(f"     an honest client: longest {max(taken) * 1e3:.0f} ms")
        self.assertLess(max(taken), _HONEST_SECONDS)
        state = 'shoal_agent_registry_closed_for_room_total{state="busy"}'
        wait_until(lambda: agent.metrics()[state] > 0, 10, "one of them was closed")


def _closed_within(connections, seconds):
    """How many of them the other side has ended by then."""
    due, closed = time.monotonic() + seconds, 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while closed < len(connections) and time.monotonic() < due:
            for key, _ in selector.select(0.2):
                try:
                    key.fileobj.recv(4096)
                except OSError:
                    pass  # reset: ended as well
                selector.unregister(key.fileobj)
                closed += 1
    return closed
