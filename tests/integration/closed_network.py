"""A network of its own in which every address is this machine, and none leads out: what connects where is seen on the wire.

All addresses of both families are local (`ip route add local`), so that a server on one port answers for each of them,
and a program that is led to any address reaches it. Names come from a file that the program sees as /etc/hosts.
"""

import dataclasses
import http.server
import ipaddress
import os
import socket
import subprocess
import threading

from simulations.cluster.network import Place, _inside

from .scripted_origin import AnsweringHandler

_ETH_P_ALL = 3
_TCP = 6
_SYN, _ACK = 0x02, 0x10


@dataclasses.dataclass(frozen=True)
class Seen:
    """One request as it came, with the address that was dialled."""

    address: str
    method: str
    target: str
    headers: object

    @property
    def path(self):
        return self.target.split("?")[0]

    @property
    def authorization(self):
        return self.headers.get("Authorization")


class ClosedNetwork:
    """Made with the workspace and gone with it. `names`: {host: addresses}, of all that a program there can resolve."""

    def __init__(self, workspace, name, names):
        self.namespace = f"shoal-{os.getpid()}-{name}"
        _run("ip", "netns", "add", self.namespace)
        workspace.callback(lambda: _run("ip", "netns", "del", self.namespace))
        for command in ("link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"):
            _run("ip", "-netns", self.namespace, *command.split())
        lines = [f"{address} {host}" for host, addresses in names.items() for address in addresses]
        self.hosts_file = workspace.file(f"{name}-hosts", "\n".join(["127.0.0.1 localhost", *lines]) + "\n")
        self.dialled = _Dialled(workspace, self.namespace)

    def place(self, name, address="127.0.0.1"):
        return _ClosedPlace(name, address, self.namespace, self.hosts_file)

    def serve(self, workspace, answer):
        """A server on one port of every address. `answer`: of a Seen (status, headers, body). Returns the port."""
        with _inside(self.namespace):
            listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=256)
        server = _Server(listener, answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        workspace.callback(server.shutdown)
        return listener.getsockname()[1]


class _ClosedPlace(Place):
    def __init__(self, name, address, namespace, hosts_file):
        super().__init__(name, address, namespace)
        self._hosts_file = hosts_file

    def command(self, argv):
        """With the file of names in the place of /etc/hosts; each step replaces itself by the next one."""
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return super().command(["unshare", "--mount", "sh", "-c", script, self._hosts_file, *argv])


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener, answer):
        super().__init__(("", 0), _handler(answer), bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = "closed", listener.getsockname()[1]


def _handler(answer):
    class Handler(AnsweringHandler):
        def answer(self):
            address = plain(self.connection.getsockname()[0])
            return answer(Seen(address, self.command, self.path, self.headers))

    return Handler


class _Dialled:
    """The addresses that TCP connections were begun to, seen on the wire: (address, port)."""

    def __init__(self, workspace, namespace):
        with _inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._socket.settimeout(0.2)
        self._lock = threading.Lock()
        self._found = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        workspace.callback(self._close)

    def take(self):
        """Those since the last time."""
        with self._lock:
            found, self._found = self._found, set()
        return found

    def _watch(self):
        while not self._ended.is_set():
            try:
                packet = self._socket.recv(65535)
            except TimeoutError:
                continue
            if syn := _begun(packet):
                with self._lock:
                    self._found.add(syn)

    def _close(self):
        self._ended.set()
        self._thread.join()
        self._socket.close()


def _begun(packet):
    """(address, port) of a packet that begins a connection, else None."""
    version = packet[0] >> 4
    if version == 4 and packet[9] == _TCP:
        header, address = (packet[0] & 15) * 4, packet[16:20]
    elif version == 6 and packet[6] == _TCP:
        header, address = 40, packet[24:40]
    else:
        return None
    if packet[header + 13] & (_SYN | _ACK) != _SYN:
        return None
    return plain(str(ipaddress.ip_address(address))), int.from_bytes(packet[header + 2:header + 4], "big")


def plain(address):
    """The IPv4 address within an IPv6 one, else the address."""
    found = ipaddress.ip_address(address)
    return str(getattr(found, "ipv4_mapped", None) or found)


def _run(*argv):
    subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30)
