"""A registry as a container runtime reaches it with a mirror configured: every request goes to the mirror first, and to the
registry itself when the mirror cannot be reached, answers with an error, or breaks a body off."""

import base64
import http.client
import threading

from ..cluster.web import ask_once


def basic(user, password):
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Mirrored:
    """Stands where an Endpoint does. `authorization` is sent where a challenge asks for it, and to the registry always.
    A mirror's head is waited for as containerd does, 30 s."""

    def __init__(self, mirror, registry, authorization=None):
        self.mirror = mirror
        self.registry = registry
        self.authorization = authorization
        self.past_mirror = 0  # requests that the registry answered
        self._broken = set()  # paths whose body the mirror broke off
        self._lock = threading.Lock()

    def request(self, method, path, body=None, headers=None, timeout_seconds=30):
        return ask_once(self.open(timeout_seconds), method, path, body, headers)

    def open(self, timeout_seconds=30):
        return _Connection(self, timeout_seconds)

    def note_past(self):
        with self._lock:
            self.past_mirror += 1

    def note_broken(self, path):
        with self._lock:
            self._broken.add(path)

    def is_broken(self, path):
        with self._lock:
            return path in self._broken


class _Connection:
    """One request, at the mirror or behind it."""

    def __init__(self, hosts, timeout_seconds):
        self._hosts = hosts
        self._timeout_seconds = timeout_seconds
        self._open = None

    def request(self, method, path, body=None, headers=None):
        self._asked = (method, path, body, dict(headers or {}))

    def getresponse(self):
        if not self._hosts.is_broken(self._asked[1]):
            response = self._at_mirror()
            if response:
                return _Watched(response, self._hosts, self._asked[1])
        self._hosts.note_past()
        return self._ask(self._hosts.registry, self._hosts.authorization)

    def _at_mirror(self):
        try:
            response = self._ask(self._hosts.mirror, None)
            challenged = response.status == 401 and response.headers.get("WWW-Authenticate")
            if challenged and self._hosts.authorization:
                self.close()
                response = self._ask(self._hosts.mirror, self._hosts.authorization)
        except (OSError, http.client.HTTPException):
            response = None
        if response and response.status < 400:
            return response
        self.close()
        return None

    def _ask(self, endpoint, authorization):
        method, path, body, headers = self._asked
        if authorization:
            headers = {**headers, "Authorization": authorization}
        self._open = endpoint.open(self._timeout_seconds)
        self._open.request(method, path, body, headers)
        return self._open.getresponse()

    def close(self):
        if self._open:
            self._open.close()
        self._open = None


class _Watched:
    """A response of the mirror: a body that breaks off is remembered, so that the rest comes from the registry."""

    def __init__(self, response, hosts, path):
        self._response = response
        self._hosts = hosts
        self._path = path
        self.status = response.status
        self.headers = response.headers

    def read(self, size=None):
        return self._response.read() if size is None else self._response.read(size)

    def read1(self, size):
        try:
            data = self._response.read1(size)
        except (OSError, http.client.HTTPException):
            self._hosts.note_broken(self._path)
            raise
        if not data and self._response.length:
            self._hosts.note_broken(self._path)
        return data
