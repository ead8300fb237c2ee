"""Ranges as clients use them: containerd's chunks against held, arriving and lost layers, wrong bytes, stalled clients."""

import concurrent.futures
import hashlib
import http.client
import os
import re
import socket
import threading
import time

from simulations.cluster.processes import wait_until

from .case import Case
from .faulty_origin import FaultyOrigin, Rule
from .library import REPOSITORY

_CHUNK = 8 << 20           # concurrent_layer_fetch_buffer of containerd's own example
_AT_ONCE = 4               # max_concurrent_downloads
_HEADERS_WITHIN = 5.0      # seconds; containerd 2.3 gives up at 30
_RECEIVE_BUFFER = 256 << 10  # the kernel's own grows with how slowly this machine reads; the agent's share is measured


class Chunks:
    """A layer fetched as containerd 2.1 and later do in chunks: open-ended ranges, each closed when it has its share."""

    def __init__(self, endpoint, path, size):
        self._endpoint, self._path, self._size = endpoint, path, size
        self._lock = threading.Lock()
        self.statuses = {}       # by first byte
        self.slowest_head = 0.0  # seconds

    def fetch(self, first, length=_CHUNK):
        """The bytes from `first` on, and then the end of the connection, whatever else it would bring."""
        connection = self._endpoint.open(60)
        started = time.monotonic()
        try:
            connection.connect()
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            connection.request("GET", self._path, headers={"Range": f"bytes={first}-"})
            response = connection.getresponse()
            with self._lock:
                self.statuses[first] = response.status
                self.slowest_head = max(self.slowest_head, time.monotonic() - started)
            if response.status == 206:
                expected = f"bytes {first}-{self._size - 1}/{self._size}"
                assert response.headers["Content-Range"] == expected, response.headers["Content-Range"]
            return response.read(min(length, self._size - first))
        finally:
            connection.close()

    def fetch_from(self, begin, meanwhile=lambda: None):
        """Everything behind `begin`, four chunks at once and out of order. `meanwhile` runs behind the first round."""
        starts = list(range(begin, self._size, _CHUNK))
        for index in range(1, len(starts) - 1, 3):  # 0, 8, 24, 16 ... as observed
            starts[index], starts[index + 1] = starts[index + 1], starts[index]
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = dict(zip(starts[:_AT_ONCE], pool.map(self.fetch, starts[:_AT_ONCE])))
            meanwhile()
            parts.update(zip(starts[_AT_ONCE:], pool.map(self.fetch, starts[_AT_ONCE:])))
        return b"".join(parts[start] for start in sorted(parts))


class ChunkedPulls(Case):
    def setUp(self):
        super().setUp()
        self.image = self.library.image("chunked", self.library.layer(60 << 20, False, seed=5))
        self.layer = self.image.layers[0]
        self.slow = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")

    def chunks(self, agent):
        return Chunks(agent.registry, self.blob_path(self.layer.digest), self.layer.size)

    def learn_sizes(self, agent):
        """The manifest goes before, as in every pull."""
        answer = agent.registry.get(f"/v2/{REPOSITORY}/manifests/{self.image.digest}?ns={self.origin.authority}")
        self.assertEqual(answer.status, 200)

    def assert_right(self, data):
        self.assertEqual("sha256:" + hashlib.sha256(data).hexdigest(), self.layer.digest)

    def assert_upstream_bytes(self):
        """What left the origin, at most a tenth over the image."""
        def sent():
            return self.origin.blob_bytes_sent()
        wait_until(lambda: sent() >= self.layer.size, 10, "the origin has logged what it sent")
        self.assertLessEqual(sent(), 1.1 * self.image.size)

    def test_a_held_layer_comes_in_chunks_and_little_is_sent_in_vain(self):
        _, agents = self.cluster(1)
        self.pull(agents[0], "chunked")
        self.store_file(agents[0], self.layer.digest)
        self.wait_until_idle(agents[0])
        before = _written_bytes(agents[0])
        chunks = self.chunks(agents[0])
        self.assert_right(chunks.fetch_from(0))
        self.assertEqual(set(chunks.statuses.values()), {206})
        self.assertLess(chunks.slowest_head, _HEADERS_WITHIN)
        sent = _written_bytes(agents[0]) - before
        self.assertGreaterEqual(sent, self.layer.size)
        print(f"chunks of a held layer: {sent / self.layer.size:.3f} x the layer was sent")
        self.assertLess(sent, 1.25 * self.layer.size)
        self.assert_upstream_bytes()

    def test_an_arriving_layer_is_first_200_and_then_comes_in_chunks_behind_a_break(self):
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", rate=12 << 20)]
        _, agents = self.cluster(1, self.slow.url)
        self.learn_sizes(agents[0])
        chunks = self.chunks(agents[0])
        begin = chunks.fetch(0, 10_000_000)
        self.assertEqual(chunks.statuses[0], 200)
        rest = chunks.fetch_from(len(begin))
        self.assertEqual({status for first, status in chunks.statuses.items() if first}, {206})
        self.assertLess(chunks.slowest_head, _HEADERS_WITHIN + 1)
        self.assert_right(begin + rest)
        self.assert_upstream_bytes()

    def test_an_arriving_layer_is_read_on_in_one_stream(self):
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", rate=30 << 20)]
        _, agents = self.cluster(1, self.slow.url)
        chunks = self.chunks(agents[0])
        data = chunks.fetch(0, self.layer.size)
        self.assertEqual(chunks.statuses, {0: 200})
        self.assert_right(data)
        self.assert_upstream_bytes()

    def test_a_layer_lost_between_two_chunks_goes_on_with_206(self):
        _, agents = self.cluster(1)
        self.pull(agents[0], "chunked")
        path = self.store_file(agents[0], self.layer.digest)
        self.wait_until_idle(agents[0])
        chunks = self.chunks(agents[0])
        self.assert_right(chunks.fetch_from(0, meanwhile=lambda: os.remove(path)))
        self.assertEqual(set(chunks.statuses.values()), {206})
        self.assertLess(chunks.slowest_head, _HEADERS_WITHIN + 1)
        self.assert_upstream_bytes()

    def test_headers_come_within_five_seconds_though_the_origin_takes_longer_for_its_first_byte(self):
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", body_after=7)]
        _, agents = self.cluster(1, self.slow.url)
        self.learn_sizes(agents[0])
        for header in ({}, {"Range": "bytes=1000000-"}):
            started = time.monotonic()
            connection = agents[0].registry.open(60)
            connection.request("GET", self.blob_path(self.layer.digest), headers=header)
            response = connection.getresponse()
            self.assertEqual(response.status, 206 if header else 200)
            self.assertLess(time.monotonic() - started, _HEADERS_WITHIN + 1)
            connection.close()
        self.assert_right(agents[0].registry.get(self.blob_path(self.layer.digest), timeout_seconds=60).body)

    def test_clients_that_stop_reading_hold_up_nobody(self):
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", rate=20 << 20)]
        _, agents = self.cluster(1, self.slow.url)
        self.learn_sizes(agents[0])
        stalled = [self.stalled_client(agents[0]) for _ in range(8)]
        for limit in (40, 20):  # while it arrives, 3 s at the origin's rate; then held. They would stall for minutes
            started = time.monotonic()
            data = self.chunks(agents[0]).fetch(1, self.layer.size)
            self.assertLess(time.monotonic() - started, limit)
            self.assertEqual(len(data), self.layer.size - 1)
            self.store_file(agents[0], self.layer.digest)
        for connection in stalled:  # none of them was cut: each has its head and more to come
            connection.settimeout(5)
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200 "))

    def stalled_client(self, agent):
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((agent.registry.address, agent.registry.port))
        path = self.blob_path(self.layer.digest)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {agent.registry.authority}\r\n\r\n".encode())
        return connection


class Parts(Case):
    """Readers of parts, as stargz, SOCI and nydus are: a mount must not wait for a layer."""

    def setUp(self):
        super().setUp()
        self.image = self.library.image("parts", self.library.layer(20 << 20, False, seed=8))
        self.layer = self.image.layers[0]
        self.slow = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", rate=2 << 20)]  # all of it takes 10 s
        with open(self.layer.path, "rb") as file:
            self.right = file.read()

    def part(self, agent, first, last):
        """The bytes, checked, and the seconds that they took."""
        started = time.monotonic()
        answer = agent.registry.get(self.blob_path(self.layer.digest), headers={"Range": f"bytes={first}-{last}"})
        self.assertEqual((answer.status, answer.body), (206, self.right[first:last + 1]), (first, last))
        self.assertEqual(answer.headers["Content-Range"], f"bytes {first}-{last}/{self.layer.size}")
        return time.monotonic() - started

    def whole_fetches(self):
        return sum(method == "GET" and path.split("?")[0].endswith(self.layer.digest) and not header
                   for method, path, header in list(self.slow.requests))

    def read_as_stargz(self, agent, count):
        """Its order: two bytes, HEAD, then stretches of files. The slowest of them, in seconds."""
        slowest = self.part(agent, 0, 1)
        head = agent.registry.request("HEAD", self.blob_path(self.layer.digest))
        self.assertEqual(int(head.headers["Content-Length"]), self.layer.size)
        for number in range(count):
            first = (number * 7919 + 3) * 64 << 10
            first %= self.layer.size - (64 << 10)
            slowest = max(slowest, self.part(agent, first, first + (64 << 10) - 1))
        return slowest

    def assert_read_lazily(self, agent):
        self.assertLess(self.read_as_stargz(agent, 20), 2)
        self.assertEqual(self.whole_fetches(), 0)
        read = 20 * (64 << 10) + 2
        self.assertEqual(agent.metrics()["shoal_agent_part_received_bytes_total"], read)
        self.assertLessEqual(self.slow.sent_bytes(self.layer.digest), 1.2 * read)

    def test_parts_of_a_layer_that_nobody_has_come_at_once_and_the_rest_is_not_fetched(self):
        _, agents = self.cluster(1, self.slow.url)
        self.assert_read_lazily(agents[0])

    def test_an_agent_without_trackers_reads_parts_at_once_too(self):
        self.assert_read_lazily(self.agents(1, [], self.slow.url)[0])

    def test_a_lazy_reader_that_reads_more_than_a_quarter_gets_the_layer_fetched_once_and_never_waits_for_it(self):
        _, agents = self.cluster(1, self.slow.url)
        self.assertLess(self.read_as_stargz(agents[0], 100), 3)
        wait_until(lambda: self.whole_fetches() == 1, 5, "the tracker fetches the layer")
        self.store_file(agents[0], self.layer.digest)
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", status=503)]
        self.assertLess(self.read_as_stargz(agents[0], 40), 2)
        self.assertEqual(self.whole_fetches(), 1)

    def test_parts_of_a_layer_that_another_node_holds_come_from_there_and_nothing_else_is_fetched(self):
        self.slow.rules = []
        _, agents = self.cluster(2, self.slow.url)
        agents[1].registry.get(self.blob_path(self.layer.digest))
        self.store_file(agents[1], self.layer.digest)
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", rate=64 << 10)]
        self.part(agents[0], 0, 1)
        wait_until(lambda: agents[0].status()["pulls"], 5, "the agent is in the swarm")
        self.assertLess(self.read_as_stargz(agents[0], 20), 1)
        metrics = agents[0].metrics()
        self.assertLess(metrics["shoal_agent_part_received_bytes_total"], 5 * (64 << 10))
        self.assertLess(metrics['shoal_agent_swarm_received_bytes_total{source="peers"}']
                        + metrics['shoal_agent_swarm_received_bytes_total{source="seeder"}'], self.layer.size * 3 / 4)
        self.assertEqual(self.whole_fetches(), 1)
        self.assertNotIn(" warning ", agents[0].process.log())

    def test_chunks_with_an_end_cost_one_copy_of_the_layer(self):
        """As SOCI fetches in parallel: the first from 0."""
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", rate=10 << 20)]
        _, agents = self.cluster(1, self.slow.url)
        size = 4 << 20
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            first = pool.submit(self.part, agents[0], 0, size - 1)
            wait_until(lambda: agents[0].status()["pulls"] or first.done(), 10, "the layer is being fetched")
            rest = [pool.submit(self.part, agents[0], start, min(start + size, self.layer.size) - 1)
                    for start in range(size, self.layer.size, size)]
            for part in (first, *rest):
                part.result()
        self.assertLessEqual(self.slow.sent_bytes(self.layer.digest), 1.1 * self.layer.size)

    def test_parts_come_from_the_cluster_when_the_origin_is_down_and_another_node_holds_the_layer(self):
        _, agents = self.cluster(2, self.slow.url)
        self.slow.rules = []
        self.pull(agents[0], "parts")
        self.store_file(agents[0], self.layer.digest)
        self.slow.rules = [Rule(".*", status=503)]
        self.part(agents[1], 1000, 1999)


class WrongBytes(Case):
    """The origin's bytes are wrong; nothing that a reader of the whole gets of them may look complete."""

    def setUp(self):
        super().setUp()
        self.image = self.library.image("wrong", self.library.layer(2 << 20, False, seed=6))
        self.layer = self.image.layers[0]
        self.bad = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        with open(self.layer.path, "rb") as file:
            self.right = file.read()

    def complete(self, agent, header):
        """The body if the answer is complete, else None."""
        connection = agent.registry.open(30)
        try:
            connection.request("GET", self.blob_path(self.layer.digest), headers={"Range": header})
            response = connection.getresponse()
            body = response.read()
            return body if response.status in (200, 206) else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def test_no_answer_to_a_reader_of_the_whole_is_complete_before_the_digest_matched(self):
        self.bad.rules = [Rule(f"GET .*{self.layer.digest}", rate=2 << 20, corrupt_at=1000)]
        headers = (f"bytes=0-{self.layer.size - 1}", "bytes=1000-", "bytes=0-")
        agents = self.agents(len(headers), [], self.bad.url)  # none has seen the layer
        for agent, header in zip(agents, headers):
            with self.subTest(header):
                self.assertIsNone(self.complete(agent, header))

    def test_behind_a_wrong_attempt_the_next_answer_is_right(self):
        self.bad.rules = [Rule(f"GET .*{self.layer.digest}", times=1, rate=2 << 20, corrupt_at=1000)]
        agent = self.agents(1, [], self.bad.url)[0]
        self.assertIsNone(self.complete(agent, "bytes=1-"))
        self.assertEqual(self.complete(agent, "bytes=1-"), self.right[1:])


def _written_bytes(agent):
    """What the agent's write and sendfile calls have moved since its start."""
    with open(f"/proc/{agent.process.id}/io", encoding="ascii") as file:
        return int(re.search(r"wchar: (\d+)", file.read())[1])
