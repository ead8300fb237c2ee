"""One cell of the matrix: who asks for what, where, and in which state; what the origin's rule makes of it; what was seen."""

import dataclasses
import http.client
import json
import zlib

from simulations.cluster.images import digest_of

SERVED, REFUSED, CLOSED, WITHHELD, EITHER = "served", "refused", "closed", "withheld", "either"


@dataclasses.dataclass(frozen=True)
class Client:
    """A caller. `right`: it reads the private repository, and has pulled the held content on the warm nodes."""

    name: str
    authorization: str | None = None
    right: bool = False

    @property
    def headers(self):
        return {"Authorization": self.authorization} if self.authorization else {}


@dataclasses.dataclass(frozen=True)
class Expected:
    """SERVED; REFUSED with the origin's own status; CLOSED: 503, no byte; WITHHELD: no byte, whatever the status."""

    what: str
    status: int = 0

    def __str__(self):
        return f"{self.what} with {self.status}" if self.status else self.what


@dataclasses.dataclass(frozen=True)
class Seen:
    status: int
    headers: object
    body: bytes
    fault: str = ""

    def __str__(self):
        return self.fault or f"{self.status} {dict(self.headers).get('Content-Length')} {self.body[:60]!r}"


@dataclasses.dataclass(frozen=True)
class Cell:
    client: Client
    upstream: str
    repository: str
    state: str      # of the content: held, arriving, new
    kind: object    # content.Kind
    node: str
    mode: str
    origin: str     # up, down, slow, revoking

    def __str__(self):
        return (f"client {self.client.name} | {self.repository}: {self.kind.name}, {self.state} | node {self.node} | "
                f"access {self.mode} | origin {self.origin}")

    def is_chosen(self, share):
        """One of `share` cells, always the same ones."""
        return zlib.crc32(str(self).encode()) % share == 0

    def ask(self, endpoint, timeout_seconds=40, named="ns"):
        """`named`: how the request says which registry it means."""
        path, more = {"ns": (f"/v2/{self.repository}/{self.kind.path}?ns={self.upstream}", {}),
                      "path": (f"/v2/{self.upstream}/{self.repository}/{self.kind.path}", {}),
                      "header": (f"/v2/{self.repository}/{self.kind.path}", {"OCI-Namespace": self.upstream})}[named]
        headers = {**self.kind.headers, **self.client.headers, **more}
        try:
            answer = endpoint.request(self.kind.method, path, None, headers, timeout_seconds)
        except http.client.IncompleteRead as cut:
            return Seen(0, {}, cut.partial, f"cut off after {len(cut.partial)} bytes")
        except (OSError, http.client.HTTPException) as error:
            return Seen(0, {}, b"", repr(error))
        return Seen(answer.status, answer.headers, answer.body)

    def expected(self, status, is_public):
        """`status`: what the origin's rule has for this caller now."""
        if self.mode == "node" and self._is_here():
            return Expected(SERVED)
        if self.origin == "down":
            return self._expected_while_down(is_public)
        if status < 400:
            return Expected(SERVED)
        return Expected(EITHER if self.mode == "node" else REFUSED, status)

    def _is_here(self):
        """The node itself has what the name alone says."""
        return self.state == "held" and self.node != "second" and self.kind.by_digest

    def _expected_while_down(self, is_public):
        if self.mode == "node" and self.state == "held":
            return Expected(EITHER)  # another node may have it
        asks_nobody = self.state == "held" and self.kind.by_digest
        if is_public and not self.client.authorization and self.state == "held":
            return Expected(SERVED if asks_nobody else EITHER)
        if self.client.right and not is_public and self.state == "held":
            live = self.node in ("first", "lost")  # a grant is in memory, and of one node
            return Expected((SERVED if asks_nobody else EITHER) if live else CLOSED)
        return Expected(WITHHELD)

    def fault(self, expected, seen):
        """What is wrong with the answer; None when nothing is."""
        if expected.what == SERVED:
            return self._fault_of_served(seen)
        if expected.what == EITHER:
            return None if seen.status >= 400 else self._fault_of_served(seen)
        if gives := self.gives(seen):
            return gives
        if expected.what == REFUSED and seen.status != expected.status:
            return "another status than the origin's"
        if expected.what == REFUSED and seen.status == 401 and not seen.headers.get("WWW-Authenticate"):
            return "401 without the origin's challenge"
        if expected.what == CLOSED and seen.status != 503:
            return "closed with another status than 503"
        return None if seen.status >= 400 else f"no answer: {seen}"

    def gives(self, seen):
        """Whether something of the content went out: a byte of it, or that it is here."""
        if 0 < seen.status < 400:
            return f"let in with {seen.status}"
        if self.leaks(seen):
            return "bytes of the content in a refusal"
        told = seen.headers.get("Content-Length")
        if self.kind.wanted and told == str(len(self.kind.wanted)) and told != str(len(seen.body)):
            return "the content's length in a refusal"
        return None

    def leaks(self, seen):
        """Whether bytes of the content are in what was answered, whatever the status says."""
        wanted = self.kind.wanted
        if not wanted or not seen.body:
            return False
        is_part = len(seen.body) < 24 and self.kind.span is not None and seen.status in (200, 206) and seen.body == self.kind.body()
        return is_part or any(part in seen.body for part in _parts(wanted))

    def _fault_of_served(self, seen):
        if seen.fault:
            return seen.fault
        whole_of_parts = self.kind.parts and seen.status == 200  # several ranges may be too many for one answer
        if seen.status != self.kind.status and not whole_of_parts:
            return f"{seen.status} instead of {self.kind.status}"
        if self.kind.wanted is None:
            return None if _is_json(seen.body) else "no list"
        if not self.kind.is_body(seen.body):
            return f"{len(seen.body)} other bytes ({digest_of(seen.body)[:20]})"
        if self.kind.method == "HEAD" and seen.headers.get("Content-Length") != str(len(self.kind.wanted)):
            return f"Content-Length {seen.headers.get('Content-Length')} of {len(self.kind.wanted)}"
        return None


def _parts(wanted):
    step = max(24, len(wanted) // 500)  # a part of the content holds one of these
    return [wanted[start:start + 24] for start in range(0, len(wanted), step) if len(wanted) - start >= 24]


def _is_json(body):
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
