"""HTTP for everything here: connections made from a place, and small requests answered whole."""

import dataclasses
import http.client

from .network import authority


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A server as reached from a place."""

    place: object
    address: str
    port: int

    @property
    def authority(self):
        return authority(self.address, self.port)

    @property
    def url(self):
        return f"http://{self.authority}"

    def open(self, timeout_seconds=30):
        """A connection for any number of requests, made at the first."""
        return _Connection(self, timeout_seconds)

    def request(self, method, path, body=None, headers=None, timeout_seconds=30):
        """One request on a connection of its own; the whole answer."""
        return ask_once(self.open(timeout_seconds), method, path, body, headers)

    def get(self, path, headers=None, timeout_seconds=30):
        return self.request("GET", path, None, headers, timeout_seconds)


def ask_once(connection, method, path, body=None, headers=None):
    """One request; the whole answer. The connection is closed."""
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


@dataclasses.dataclass(frozen=True)
class Answer:
    """Status, headers (case-insensitive, repeated ones by get_all) and body."""

    status: int
    headers: object
    body: bytes


class _Connection(http.client.HTTPConnection):
    def __init__(self, endpoint, timeout_seconds):
        super().__init__(endpoint.address, endpoint.port, timeout=timeout_seconds)
        self._endpoint = endpoint

    def connect(self):
        self.sock = self._endpoint.place.connect(self._endpoint.address, self._endpoint.port, self.timeout)
