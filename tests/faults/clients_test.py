"""Clients that mean no good to the registry port, and one that does."""

import resource
import selectors
import socket
import time

from ..integration.case import Case

_CONNECTIONS = 5_000
_CLOSED_SECONDS = 15
_HONEST_SECONDS = 1.0  # with sanitizers, on a busy machine; 10 ms is what a quiet one is to show


class SlowHeaders(Case):
    def test_five_thousand_slow_headers_keep_no_honest_client_waiting(self):
        _, agents = self.cluster(1)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        registry = agents[0].registry
        slow = []
        self.addCleanup(lambda: [each.close() for each in slow])
        for _ in range(_CONNECTIONS):
            each = socket.create_connection((registry.address, registry.port), 10)
            each.sendall(b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            each.setblocking(False)
            slow.append(each)
        opened = time.monotonic()
        taken = sorted(self._seconds_of(registry.get, "/v2/", timeout_seconds=10) for _ in range(200))
        print(f"     an honest client: median {taken[100] * 1e3:.1f} ms, p99 {taken[197] * 1e3:.1f} ms")
        self.assertLess(taken[197], _HONEST_SECONDS)
        self.assertEqual(_closed_within(slow, opened + _CLOSED_SECONDS - time.monotonic()), _CONNECTIONS)

    def _seconds_of(self, get, *arguments, **options):
        started = time.monotonic()
        self.assertEqual(get(*arguments, **options).status, 200)
        return time.monotonic() - started


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
