"""An internet of one test: a network namespace where each host has its real name, an address of its own and a certificate.

Agents and tracker run inside with /etc/hosts and a CA of their own, so that `docker.io` needs no more configuration than in
the world. There is no way out of the namespace. The hosts' addresses are public ones (44.128.0.0/16 is given to amateur
radio for tests), so that rules about private addresses treat them as they treat a registry's.
"""

import base64
import contextlib
import os
import re
import shutil
import ssl
import subprocess
import threading

from simulations.cluster.network import Place, remove_left_over_namespaces

from .exchange import Server

_NAMES = "/etc/netns"  # `ip netns exec` puts /etc/netns/NAMESPACE/hosts in place of /etc/hosts


class Internet:
    """Hosts are made by `host`; places of agents and trackers by `add`, as those of a Loopback are."""

    shaped = False

    def __init__(self, workspace):
        remove_left_over_namespaces()
        _remove_left_over_names()
        self._workspace = workspace
        self._directory = workspace.directory("internet")
        self._namespace = f"shoal-{os.getpid()}-internet"
        self._names = os.path.join(_NAMES, self._namespace)
        self._addresses = {}
        self._places = 0
        self._ports = set()
        self._lock = threading.Lock()
        self.seen = []      # Seen of every request that a host was asked, as they came
        self.secrets = {}   # which hosts may see it, by secret
        self.sent = {}      # bytes of blobs that left a host, by digest
        workspace.callback(self.close)
        self._make()

    def _make(self):
        subprocess.run(["ip", "netns", "add", self._namespace], check=True, capture_output=True)
        subprocess.run(["ip", "-netns", self._namespace, "link", "set", "lo", "up"], check=True, capture_output=True)
        os.makedirs(self._names, exist_ok=True)
        self._write_names("127.0.0.1 localhost\n")
        self.ca = os.path.join(self._directory, "ca.pem")
        self._openssl("ca", "Test CA", "basicConstraints=critical,CA:TRUE")
        self._trust = ssl.create_default_context(cafile=self.ca)
        # What OpenSSL trusts when a program names nothing else.
        self.environment = {"SSL_CERT_FILE": self.ca}

    def close(self):
        subprocess.run(["ip", "netns", "del", self._namespace], check=False, capture_output=True)
        shutil.rmtree(self._names, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir(_NAMES)  # unless it is somebody's

    def add(self, _name, _rate=None):
        """A place for an agent or a tracker, on an address of the loopback network."""
        self._places += 1
        place = Place(_name, f"127.77.0.{self._places}", self._namespace, self._ports)
        place.local_address = place.address
        return place

    def place_of(self, name, is_private=False):
        """The place of the host of this name, which gets an address with its first use."""
        if name not in self._addresses:
            address = f"{'10.44' if is_private else '44.128'}.0.{len(self._addresses) + 1}"
            subprocess.run(["ip", "-netns", self._namespace, "addr", "add", f"{address}/32", "dev", "lo"], check=True,
                           capture_output=True)
            self._addresses[name] = address
            self._write_names(f"{address} {name}\n")
        return Place(name, self._addresses[name], self._namespace)

    def host(self, name, answer, port=443, *, tls=True, is_private=False, asks_for_certificates=False):
        """A host that answers each request with `answer(request)`; several of one name differ by port."""
        context = self._certified(name) if tls else None
        if asks_for_certificates:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        server = Server(self, name, self.place_of(name, is_private).listen(port), answer, context)
        self._workspace.callback(server.close)
        return server

    @property
    def client_certificate(self):
        """What a client may show; its key is beside it."""
        path = os.path.join(self._directory, "client.pem")
        if not os.path.exists(path):
            self._certified("client")
            self._trust.load_cert_chain(path, path + ".key")
        return path

    def connect(self, scheme, name, port, timeout_seconds=30):
        """A connection to a host by its name, as a client on any node makes it."""
        if name not in self._addresses:
            raise OSError(f"nobody is called {name}")
        connection = self.place_of(name).connect(self._addresses[name], port, timeout_seconds)
        return self._trust.wrap_socket(connection, server_hostname=name) if scheme == "https" else connection

    def keep_secret(self, text, *hosts):
        """From here on only these hosts may see `text`."""
        with self._lock:
            self.secrets.setdefault(text, set()).update(hosts)
        return text

    def count_sent(self, digest, count):
        with self._lock:
            self.sent[digest] = self.sent.get(digest, 0) + count

    def forget(self):
        """`seen` and `sent` start anew; secrets stay secret."""
        self.seen = []
        self.sent = {}

    def leaks(self):
        """Where a secret was seen by a host that it is not for: (host, request)."""
        return [(seen.host, f"{seen.method} {seen.target}") for seen in list(self.seen)
                for secret, hosts in list(self.secrets.items()) if seen.host not in hosts and seen.shows(secret)]

    def secrets_in(self, text):
        """The secrets that can be read in a text, by themselves or as Basic writes them."""
        return [secret for secret in self.secrets if secret in text or _encoded(secret) in text]

    def _write_names(self, text):
        with open(os.path.join(self._names, "hosts"), "a", encoding="ascii") as file:
            file.write(text)

    def _certified(self, name):
        path = os.path.join(self._directory, name + ".pem")
        if not os.path.exists(path):
            self._openssl(name, name, f"subjectAltName=DNS:{name}", "-CA", self.ca, "-CAkey", self.ca + ".key")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, path + ".key")
        return context

    def _openssl(self, file, subject, extension, *more):
        path = os.path.join(self._directory, file + ".pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", f"/CN={subject[:60]}", "-addext", extension, "-keyout", path + ".key", "-out", path,
                        *more], check=True, capture_output=True, timeout=30)


def _encoded(text):
    return base64.b64encode(text.encode()).decode().rstrip("=")


def _remove_left_over_names():
    """What runs that were killed left in /etc/netns."""
    for name in os.listdir(_NAMES) if os.path.isdir(_NAMES) else []:
        match = re.fullmatch(r"shoal-(\d+)-internet", name)
        if match and not os.path.exists(f"/proc/{match[1]}"):
            shutil.rmtree(os.path.join(_NAMES, name), ignore_errors=True)
