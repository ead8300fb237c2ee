"""Places where programs run: network namespaces on a bridge with shaped links, or addresses of the loopback network.

Each namespace has one link, limited to its rate in both directions by `tbf burst 128k limit 512k`: smaller bursts cut the
kernel's large segments and cost three times the CPU. A rate counts whole Ethernet frames; TCP leaves about 0.955 of it.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import re
import socket
import subprocess

_PREFIX = "shoal"
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def authority(address, port):
    """HOST:PORT as in URLs and configurations: IPv6 addresses in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Place:
    """One node's network: its address, and its namespace where there is one."""

    def __init__(self, name, address, namespace=None, ports=None):
        self.name = name
        self.address = address
        self.namespace = namespace
        # What `free_port` gave away; places at one address share it.
        self._ports = set() if ports is None else ports
        # Where clients on the same node reach it. Without namespaces all nodes share 127.0.0.1.
        self.local_address = "127.0.0.1" if namespace else address

    def command(self, argv):
        """The command line that runs `argv` here."""
        return ["ip", "netns", "exec", self.namespace, *argv] if self.namespace else list(argv)

    def connect(self, address, port, timeout_seconds=10):
        """A TCP connection made from here."""
        with _inside(self.namespace):
            connection = socket.create_connection((address, port), timeout_seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def listen(self, port=0):
        """A listening socket here, on a free port unless one is named."""
        with _inside(self.namespace):
            return socket.create_server((self.address, port), family=socket.AF_INET6 if ":" in self.address else socket.AF_INET)

    def free_port(self):
        """A port that nobody listens on at this place's address, and none that was given away before."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        while True:
            with _inside(self.namespace), socket.socket(family) as probe:
                probe.bind((self.address, 0))
                port = probe.getsockname()[1]
            if port not in self._ports:
                self._ports.add(port)
                return port


class Loopback:
    """Places on 127.77.RUN.N, after 250 of them 127.78.RUN.N and so on: unshaped, all in one namespace. Each run of the
    machine has a RUN of its own."""

    shaped = False

    def __init__(self):
        self._run = os.getpid() % 250 + 1
        self._count = 0

    def add(self, name, _rate=None):
        block, number = divmod(self._count, 250)
        self._count += 1
        return Place(name, f"127.{77 + block}.{self._run}.{number + 1}")

    def close(self):
        """Nothing was made."""


class OneAddress:
    """Places that share one address and differ by port only, as programs on one machine do."""

    shaped = False

    def __init__(self, address):
        self._address = address
        self._ports = set()

    def add(self, name, _rate=None):
        return Place(name, self._address, ports=self._ports)

    def close(self):
        """Nothing was made."""


@dataclasses.dataclass(frozen=True)
class Link:
    """Both ends of one: a device of what hangs on it, and one of the switch that it leads to."""

    namespace: str
    device: str
    switch: str
    port: str

    def carried(self):
        """Bytes that went through so far (up, down), as the shapers count: frames with all their headers."""
        return _sent(self.namespace, self.device), _sent(self.switch, self.port)


class Namespaces:
    """Places in network namespaces of their own: veth, bridge, tbf on both ends of each link. All hang on one switch, or on
    switches below it that have links of their own (racks)."""

    shaped = True

    def __init__(self):
        remove_left_over_namespaces()
        self._limits = _more_neighbours()
        self._run = f"{_PREFIX}-{os.getpid()}"
        self._names = []
        self.links = {}  # by the name of the place or switch that hangs on it
        self._bridge = self._add_bridge("bridge")

    def add(self, name, rate, switch=None):
        """A new place whose link carries `rate` bytes per second each way (None: all it can), on a switch that
        `add_switch` made or on the first one."""
        number = len(self._names)
        namespace = f"{self._run}-{name}"
        address = f"10.77.{number // 250}.{number % 250 + 1}"
        self._add_namespace(namespace)
        self._connect(name, namespace, "eth0", switch or self._bridge, number, rate)
        self._in(namespace, f"addr add {address}/16 dev eth0", "link set lo up")
        return Place(name, address, namespace)

    def with_ipv6(self, place, alone):
        """The same place at an IPv6 address: beside its IPv4 address, or `alone` in its stead."""
        address = "fd77::" + ":".join(f"{int(part):x}" for part in place.address.split(".")[2:])
        self._in(place.namespace, f"addr add {address}/64 dev eth0 nodad")
        if alone:
            self._in(place.namespace, f"addr del {place.address}/16 dev eth0")
        return Place(place.name, address, place.namespace)

    def add_switch(self, name, rate):
        """A switch whose link to the first one carries `rate` bytes per second each way."""
        number = len(self._names)
        switch = self._add_bridge(name)
        self._connect(name, switch, "uplink", self._bridge, number, rate)
        self._in(switch, "link set uplink master br0")
        return switch

    def _add_bridge(self, name):
        namespace = f"{self._run}-{name}"
        self._add_namespace(namespace)
        self._in(namespace, "link add br0 type bridge", "link set br0 up")
        return namespace

    def _connect(self, name, namespace, device, switch, number, rate):
        port = f"to{number}"
        self._in(namespace, f"link add {device} type veth peer name {port} netns {switch}", f"link set {device} up")
        self._in(switch, f"link set {port} master br0", f"link set {port} up")
        if rate:
            shape(namespace, device, rate)
            shape(switch, port, rate)
        self.links[name] = Link(namespace, device, switch, port)

    def close(self):
        for namespace in reversed(self._names):
            _run("ip", "netns", "del", namespace)
        self._names.clear()
        for path, value in self._limits.items():
            _write(path, value)
        self._limits.clear()

    def _add_namespace(self, namespace):
        _run("ip", "netns", "add", namespace)
        self._names.append(namespace)

    @staticmethod
    def _in(namespace, *commands):
        subprocess.run(["ip", "-netns", namespace, "-batch", "-"], input="\n".join(commands), text=True, check=True,
                       capture_output=True)


def _more_neighbours():
    """Room in the kernel's one table of link addresses, which all namespaces share: 48 nodes that know each other have 2,304
    entries, and what finds no room is dropped, a SYN for instance. The limits as they were, by file; empty where they stay."""
    before = {}
    for family in ("ipv4", "ipv6"):
        for name, least in (("gc_thresh2", 16_384), ("gc_thresh3", 32_768)):
            path = f"/proc/sys/net/{family}/neigh/default/{name}"
            with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
                if int(value := file.read()) < least and _write(path, str(least)):
                    before[path] = value
    return before


def _write(path, value):
    """Whether it could be written: in a container it may not."""
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
    except OSError:
        return False
    return True


def why_not_namespaces():
    """None when namespaces with shaped links can be made here, else the reason in one line."""
    if os.geteuid() != 0:
        return "not root"
    network = None
    try:
        network = Namespaces()
        network.add("probe", 1_000_000)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", None) or error
        return str(detail).strip().replace("\n", "; ")
    finally:
        if network:
            network.close()
    return None


def remove_left_over_namespaces():
    """Removes namespaces of runs that were killed before they could clean up."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for namespace in (line.split()[0] for line in listed.splitlines() if line):
        match = re.match(rf"{_PREFIX}-(\d+)-", namespace)
        if match and not os.path.exists(f"/proc/{match[1]}"):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)


def shape(namespace, device, rate):
    """Limits what leaves a device to `rate` bytes per second, in place of the limit that it had."""
    _run("tc", "-netns", namespace, "qdisc", "replace", "dev", device, "root", "tbf", "rate", f"{rate * 8}bit", "burst",
         "128k", "limit", "512k")


def _sent(namespace, device):
    shown = _run("tc", "-netns", namespace, "-json", "-s", "qdisc", "show", "dev", device)
    return sum(queue["bytes"] for queue in json.loads(shown.stdout) if queue.get("root"))


def _run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True)


@contextlib.contextmanager
def _inside(namespace):
    """This thread in another namespace: sockets stay in the one they were made in."""
    if not namespace:
        yield
        return
    with open("/proc/thread-self/ns/net", encoding="ascii") as own, \
            open(f"/run/netns/{namespace}", encoding="ascii") as other:
        _enter(other)
        try:
            yield
        finally:
            _enter(own)


def _enter(namespace_file):
    if _libc.setns(namespace_file.fileno(), _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")
