"""A client that goes about as containerd's resolver and fetcher do, with the credential of a runtime.

Source: containerd 2.x, core/remotes/docker: resolver.go (HEAD of the tag at each host in turn), fetcher.go (GET by digest, the
next host after any failure), authorizer.go and auth/fetch.go (challenges; a token by POST, then by GET). As there, resolving
and fetching each begin without any authorization. Every byte is hashed.
"""

import base64
import concurrent.futures
import dataclasses
import http.client
import json
import re
import urllib.parse

from simulations.cluster.images import DOCKER_MANIFEST, INDEX, MANIFEST, digest_of
from simulations.cluster.puller import PullFailed

_ACCEPT = ", ".join((DOCKER_MANIFEST, "application/vnd.docker.distribution.manifest.list.v2+json", MANIFEST, INDEX, "*/*"))
_MOST_REDIRECTS = 10
_MOST_TRIES = 5
_POST_IS_UNKNOWN = (400, 401, 404, 405)  # statuses after which a token is asked for by GET


@dataclasses.dataclass(frozen=True)
class Got:
    status: int
    headers: object
    body: bytes
    host: str


@dataclasses.dataclass(frozen=True)
class Door:
    """A place where the runtime asks: a mirror (an agent) or the registry itself."""

    url: str
    mirror: bool


class Runtime:
    """Pulls images of a registry through `agent`, or from the registry itself without one."""

    def __init__(self, internet, registry, agent=None, credential=None, *, gets_tags=False):
        self._internet = internet
        self._agent = agent
        self._credential = credential
        self._gets_tags = gets_tags  # as docker and podman do where HEAD of a tag is refused
        self._name = registry.name
        self._own_name = registry.own_name
        own_door = Door(registry.door(), False)
        self._doors = [Door(agent.registry.url, True), own_door] if agent else [own_door]
        self.past_the_agent = []    # what it asked of the registry itself although it has an agent
        self.statuses = []          # (method, what, status) of the agent's answers

    def pull(self, repository, reference, architecture="amd64"):
        """The image's bytes: manifests and blobs by digest, all of them verified; PullFailed when one is missing."""
        digest = self._resolve(repository, reference)
        session = _Session(self, repository)
        data = {digest: self._fetch(session, "manifests", digest)}
        manifest = json.loads(data[digest])
        if "manifests" in manifest:
            digest = next(entry["digest"] for entry in manifest["manifests"]
                          if entry["platform"]["architecture"] == architecture)
            data[digest] = self._fetch(session, "manifests", digest)
            manifest = json.loads(data[digest])
        wanted = [manifest["config"], *manifest["layers"]]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            bodies = pool.map(lambda each: self._fetch(session, "blobs", each["digest"]), wanted)
            for descriptor, body in zip(wanted, bodies):
                if len(body) != descriptor["size"]:
                    raise PullFailed(f"{descriptor['digest']} has {len(body)} bytes, not {descriptor['size']}")
                data[descriptor["digest"]] = body
        return data

    def ask(self, method, repository, what, reference):
        """One question with all that authorization needs, at the first door."""
        return self._at(_Session(self, repository), self._doors[0], method, what, reference)

    def _resolve(self, repository, reference):
        session = _Session(self, repository)
        for method in ("HEAD", "GET") if self._gets_tags else ("HEAD",):
            for door in self._doors:
                got = self._at(session, door, method, "manifests", reference)
                if got and got.status == 200 and got.headers.get("Docker-Content-Digest"):
                    return got.headers["Docker-Content-Digest"]
        raise PullFailed(f"{reference} is nowhere: {self.statuses}")

    def _fetch(self, session, what, digest):
        for door in self._doors:
            got = self._at(session, door, "GET", what, digest)
            if got and got.status == 200:
                if digest_of(got.body) != digest:
                    raise PullFailed(f"wrong bytes in {digest} from {door.url}")
                return got.body
        raise PullFailed(f"{what} {digest} is nowhere: {self.statuses}")

    def _at(self, session, door, method, what, reference):
        """None when it cannot be had there, whatever the reason."""
        repository = session.repository if door.mirror else self._own_name(session.repository)
        path = f"/v2/{repository}/{what}/{reference}"
        if door.mirror:
            path += "?ns=" + urllib.parse.quote(self._name, safe="")
        elif self._agent:
            self.past_the_agent.append(f"{method} {path}")
        try:
            got = session.request(method, door.url + path)
        except (OSError, http.client.HTTPException, PullFailed) as error:
            self.statuses.append((method, what, repr(error)))
            return None
        self.statuses.append((method, what, got.status))
        return got

    def send(self, method, url, headers, body=None, authorize=None):
        """One request with the redirects behind it; `authorize(authority)` gives a header for each host."""
        for _ in range(_MOST_REDIRECTS):
            parts = urllib.parse.urlsplit(url)
            own = dict(headers)
            if authorize and (authorization := authorize(parts.netloc)):
                own["Authorization"] = authorization
            connection = self._connection(parts)
            try:
                connection.request(method, urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")), body, own)
                response = connection.getresponse()
                got = Got(response.status, response.headers, response.read(), parts.netloc)
            finally:
                connection.close()
            if got.status not in (301, 302, 303, 307, 308):
                return got
            url = urllib.parse.urljoin(url, got.headers["Location"])
        raise PullFailed(f"{url} redirects for ever")

    def _connection(self, parts):
        if self._agent and parts.netloc == self._agent.registry.authority:
            return self._agent.registry.open()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        connection = http.client.HTTPConnection(parts.hostname, port)
        connection.sock = self._internet.connect(parts.scheme, parts.hostname, port)
        return connection

    @property
    def credential(self):
        """(user, password), shown to whatever host asks, as `ctr -u` does; or None."""
        return self._credential


class _Session:
    """One authorizer: what each host asked for, and the authorization that it got. New for resolving and for fetching."""

    def __init__(self, runtime, repository):
        self._runtime = runtime
        self.repository = repository
        self._authorizations = {}

    def request(self, method, url):
        for attempt in range(_MOST_TRIES):
            got = self._runtime.send(method, url, {"Accept": _ACCEPT}, None, self._authorizations.get)
            if got.status != 401 or attempt == _MOST_TRIES - 1 or not self._answer_challenge(got, attempt):
                return got
        return got

    def _answer_challenge(self, got, attempt):
        """Whether another try makes sense. Bearer goes before Basic. With an `error` a new token is fetched, once a request."""
        challenges = sorted((_parsed(line) for line in got.headers.get_all("WWW-Authenticate") or []),
                            key=lambda challenge: challenge[0] != "bearer")
        for scheme, parameters in challenges:
            if scheme == "bearer":
                if got.host in self._authorizations and (attempt > 0 or "error" not in parameters):
                    return False
                self._authorizations[got.host] = "Bearer " + self._token(parameters)
                return True
            if scheme == "basic" and self._runtime.credential:
                before = self._authorizations.get(got.host)
                self._authorizations[got.host] = _basic(self._runtime.credential)
                return before != self._authorizations[got.host]
        return False

    def _token(self, parameters):
        scopes = sorted({*parameters.get("scope", "").split(), f"repository:{self.repository}:pull"})  # as containerd
        question = {"service": parameters.get("service", ""), "scope": " ".join(scopes)}
        credential = self._runtime.credential
        if credential:
            form = {"grant_type": "password", "client_id": "containerd-client", "username": credential[0],
                    "password": credential[1], **question}
            got = self._runtime.send("POST", parameters["realm"], {"Content-Type": "application/x-www-form-urlencoded"},
                                     urllib.parse.urlencode(form))
            if got.status == 200:
                return _token_in(got)
            if got.status not in _POST_IS_UNKNOWN:
                raise PullFailed(f"token by POST: {got.status}")
        query = urllib.parse.urlencode([("service", question["service"]), *(("scope", scope) for scope in scopes)])
        headers = {"Authorization": _basic(credential)} if credential else {}
        got = self._runtime.send("GET", f"{parameters['realm']}?{query}", headers)
        if got.status != 200:
            raise PullFailed(f"token by GET: {got.status}")
        return _token_in(got)


def _token_in(got):
    answer = json.loads(got.body)
    return answer.get("token") or answer["access_token"]


def _parsed(line):
    scheme, _, rest = line.partition(" ")
    return scheme.lower(), {name.lower(): value for name, value in re.findall(r'(\w+)="([^"]*)"', rest)}


def _basic(credential):
    return "Basic " + base64.b64encode(":".join(credential).encode()).decode()
