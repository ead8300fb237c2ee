"""Secrets of every kind, planted in registries of every kind, and where each of them turns up."""

import base64
import dataclasses
import json
import os
import threading
import time
import urllib.parse

from simulations.cluster.images import digest_of

MANIFEST = "application/vnd.oci.image.manifest.v1+json"

HOSTS = {"basic.own.test": "11.0.0.10",     # asks for Basic; its credential is in files of its own
         "token.own.test": "11.0.0.11",     # asks for tokens, redirects blobs to a store with a query that is a secret
         "auth.own.test": "11.0.0.12",      # gives those tokens
         "store.far.test": "11.0.0.13",
         "file.own.test": "11.0.0.14",      # Basic, from an auth file
         "helper.own.test": "11.0.0.15",    # Basic, from a credential helper
         "proxy.near.test": "11.0.0.16",    # a proxy that is configured, with its credential
         "outlet.near.test": "11.0.0.17",   # the environment's proxy, with its credential
         "caller.own.test": "11.0.0.18",    # takes what its callers show, and nothing of ours
         "refuser.own.test": "11.0.0.19",   # refuses the configured credential
         "forbidder.own.test": "11.0.0.20",  # says 403 to it
         "liar.own.test": "11.0.0.21",      # sends wrong bytes to whoever shows it
         "dead.own.test": "11.0.0.22",      # nothing listens there
         "lost.own.test": "11.0.0.23",      # redirects blobs to a store that is gone, with a query that is a secret
         "astray.own.test": "11.0.0.24",    # redirects them to an address that may not be asked, with such a query
         "locked.own.test": "11.0.0.25"}    # its token server refuses the credential
CONFIGURED = ("basic", "token", "file", "helper", "refuser", "forbidder", "liar", "dead", "lost", "astray", "locked")


def password(name):
    return f"canary-{name}-pw:{name}#7%"


def basic(name):
    return "Basic " + base64.b64encode(f"{name}-user:{password(name)}".encode()).decode()


CALLERS = {"basic": basic("caller"), "bearer": "Bearer canary.caller-bearer.e30", "wrong": basic("stranger"),
           "wrong token": "Bearer canary.stranger-bearer.e30"}
IGNORED = {"Cookie": "canary-cookie", "X-Api-Key": "canary-header-value", "Proxy-Authorization": basic("nobody")}
CLIENT_HEADER = "canary-client-header-0123456789"
QUERIES = {name: f"X-Amz-Credential=canary-{name}-id&X-Amz-Signature=canary-{name}-signature" for name in ("store", "lost", "astray")}


def every_secret():
    """{name: text}: what may be shown to one host alone."""
    names = (*CONFIGURED, "proxier", "outlet")
    secrets = {f"password {name}": password(name) for name in (*names, "caller", "stranger", "nobody")}
    secrets |= {f"basic {name}": basic(name).removeprefix("Basic ") for name in names}
    secrets |= {f"caller's {name}": text.partition(" ")[2] for name, text in CALLERS.items()}
    secrets |= {f"caller's {name}": text.removeprefix("Basic ") for name, text in IGNORED.items()}
    secrets |= {f"query of {name}": query.rpartition("=")[2] for name, query in QUERIES.items()}
    return secrets | {"token": "canary.token", "client's query": "canary-client-query", "client header": CLIENT_HEADER}


def forms_of(secret):
    """The bytes that would give it away: as it is, in a URL, as hexadecimal digits, and within base64 of more."""
    raw = secret.encode()
    forms = {raw, urllib.parse.quote(secret, safe="").encode(), raw.hex().encode()}
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + raw).rstrip(b"=")
        forms.add(coded[(0, 2, 3)[shift]:-1])
    return forms


def image(name):
    """A registry's own image, so that none is held when the next one is asked: {digest: bytes} and its manifest."""
    layer = (f"a layer of {name}. " * 20_000).encode()  # large enough for a swarm
    config = json.dumps({"architecture": "amd64", "os": "linux", "of": name}).encode()
    blobs = {digest_of(data): data for data in (layer, config)}

    def described(data, kind):
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest_of(data), "size": len(data)}

    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described(config, "config.v1+json"),
                           "layers": [described(layer, "layer.v1.tar")]}).encode()
    return blobs, manifest


@dataclasses.dataclass
class Registries:
    """Answers as all of HOSTS; keeps what each was shown."""

    port: int = 0
    tokens: int = 0
    seen: list = dataclasses.field(default_factory=list)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    uses: dict = dataclasses.field(default_factory=dict)

    def answer(self, seen):
        name = next((host for host, address in HOSTS.items() if address == seen.address), "nowhere").split(".")[0]
        with self.lock:
            self.seen.append(f"{seen.target}\n{seen.headers}")
            special = {"auth": self.auth, "store": self.store, "proxy": self.proxy, "outlet": self.proxy, "token": self.token,
                       "lost": self.redirecting, "astray": self.redirecting, "locked": self.locked}
            return special.get(name, self.asking)(name, seen)

    def shown(self):
        """Secrets that the hosts, for which they are, have seen."""
        text = "\n".join(self.seen)
        return {name for name, secret in every_secret().items() if secret in text}

    def asking(self, name, seen):
        """Asks for Basic, and refuses or lies as its name says."""
        right = {"caller": (CALLERS["basic"], CALLERS["bearer"]), "refuser": ()}.get(name, (basic(name),))
        said = json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": "log in"}]}).encode()
        if seen.authorization not in right:
            return 401, {"WWW-Authenticate": f'Basic realm="{name}"'}, said
        if name == "forbidder" and seen.path != "/v2/":  # a careless one says again what it was shown
            return 403, {}, said.replace(b"UNAUTHORIZED", b"DENIED").replace(b"log in", f"not {seen.authorization}".encode())
        return self.content(name, seen)

    def token(self, name, seen):
        token = (seen.authorization or "").removeprefix("Bearer ")
        self.uses[token] = self.uses.get(token, 0) + 1
        if not token.startswith("canary.token") or self.uses[token] > 4:  # they end early, and are renewed
            url = f"http://auth.own.test:{self.port}/token"
            scope = "repository:lib/token:pull"
            return 401, {"WWW-Authenticate": f'Bearer realm="{url}",service="s",scope="{scope}"'}, b"{}"
        if "/blobs/" in seen.path:
            return 307, {"Location": f"http://store.far.test:{self.port}/{seen.path.rsplit('/')[-1]}?{QUERIES['store']}"}, b""
        return self.content(name, seen)

    def auth(self, _name, seen):
        if seen.authorization != basic("token"):
            return 401, {}, b"{}"
        self.tokens += 1
        return 200, {"Content-Type": "application/json"}, json.dumps({"token": f"canary.token{self.tokens}.e30"}).encode()

    def locked(self, name, seen):
        if seen.path.startswith("/token"):
            return 403, {}, b"{}"
        return 401, {"WWW-Authenticate": f'Bearer realm="http://locked.own.test:{self.port}/token",service="s"'}, b"{}"

    def redirecting(self, name, seen):
        if "/blobs/" in seen.path and seen.authorization == basic(name):
            place = "store.far.test:1" if name == "lost" else f"127.0.0.77:{self.port}"
            return 307, {"Location": f"http://{place}/{seen.path.rsplit('/')[-1]}?{QUERIES[name]}"}, b""
        return self.asking(name, seen)

    def store(self, _name, seen):
        return self.content("token", seen)

    def proxy(self, name, seen):
        user = {"proxy": "proxier", "outlet": "outlet"}[name]
        if seen.headers.get("Proxy-Authorization") != basic(user):
            return 407, {"Proxy-Authenticate": 'Basic realm="proxy"'}, b""
        return self.content(user, seen)

    @staticmethod
    def content(name, seen):
        blobs, manifest = image(name)
        if seen.path == "/v2/":
            return 200, {}, b"{}"
        if "/manifests/" in seen.path:
            return 200, {"Content-Type": MANIFEST, "Docker-Content-Digest": digest_of(manifest)}, manifest
        body = blobs.get(seen.path.rsplit("/", 1)[-1])
        if body and name == "liar":
            body = body[:-1] + b"!"
        return (200, {"Content-Type": "application/octet-stream"}, body) if body else (404, {}, b"{}")


class Planted:
    """The files with the secrets, in a directory that the programs read and nothing else is looked for in."""

    def __init__(self, workspace, port):
        self._workspace = workspace
        self.directory = workspace.directory("planted")
        self.port = port

    def _file(self, name, text):
        return self._workspace.file(f"planted/{name}", text)

    def _pair(self, name, prefix=""):
        return {f"{prefix}username_file": self._file(f"{name}-user", f"{name}-user\n"),
                f"{prefix}password_file": self._file(f"{name}-password", password(name) + "\n")}

    def _at(self, host):
        return f"http://{host}:{self.port if host != 'dead.own.test' else 1}"

    def upstreams(self):
        tables = {f"{name}.test": {"url": self._at(f"{name}.own.test"), **self._pair(name)} for name in CONFIGURED}
        tables["file.test"] = {"url": self._at("file.own.test"), "auth_file": self._auth_file()}
        tables["helper.test"] = {"url": self._at("helper.own.test"), "credential_helper": self._helper()}
        tables["caller.test"] = {"url": self._at("caller.own.test")}
        tables["proxier.test"] = {"url": "http://registry.unknown.test", "proxy": self._at("proxy.near.test"),
                                  **self._pair("proxier", "proxy_")}
        tables["outlet.test"] = {"url": "http://registry.elsewhere.test"}
        return tables

    def client_header_file(self):
        return self._file("client-header", f"X-Shoal-Client: {CLIENT_HEADER}\n")

    def environment(self):
        user = urllib.parse.quote(f"outlet-user:{password('outlet')}", safe=":").replace("pw:", "pw%3A")
        return {"HTTP_PROXY": f"http://{user}@outlet.near.test:{self.port}", "NO_PROXY": "own.test,far.test,near.test,127.0.0.0/8"}

    def _auth_file(self):
        coded = basic("file").removeprefix("Basic ")
        return self._file("config.json", json.dumps({"auths": {f"file.own.test:{self.port}": {"auth": coded}}}))

    def _helper(self):
        answer = json.dumps({"Username": "helper-user", "Secret": password("helper")})
        path = self._file("docker-credential-planted", f"#!/bin/sh\necho '{answer}' >&2\nsleep 0.2\necho '{answer}'\n")
        os.chmod(path, 0o755)
        return path


class CommandLines:
    """The command lines of all processes, looked at all the time."""

    def __init__(self, workspace):
        self._seen = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        workspace.callback(self.end)

    def end(self):
        self._ended.set()
        self._thread.join()

    def text(self):
        return b"\n".join(self._seen)

    def _watch(self):
        while not self._ended.is_set():
            for number in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{number}/cmdline", "rb") as file:
                        self._seen.add(file.read())
                except OSError:
                    pass  # it has ended
            time.sleep(0.02)
