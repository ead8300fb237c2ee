"""The machines of a run, and the programs that one situation puts on them."""

import contextlib
import dataclasses
import shutil
import subprocess
import tomllib

from ..cluster.content import make_layer
from ..cluster.images import make_image
from ..cluster.nginx import Nginx
from ..cluster.processes import wait_until
from ..cluster.registry import Registry
from ..cluster.shoal import Agent, Tracker
from ..cluster.units import parse_rate
from ..cluster.web import Endpoint

UPSTREAM = "registry.test"
REPOSITORY = "harm/app"
LINK = parse_rate("200Mbit")
_LAYER_BYTES = (100 << 10, 100 << 10, 4 << 20, 16 << 20)
_IMAGES = 14
_PASSWORD = "correct-horse"
USER = "puller"
_NODES = 3
_CONNECTED_SECONDS = 20


@dataclasses.dataclass
class Plan:
    """What a situation starts. The settings are tables laid over the usual configuration; `agents` is for the agent of the
    first node, whose pulls are measured, unless `all_agents`."""

    trackers: int = 1
    agent_settings: dict = dataclasses.field(default_factory=dict)
    all_agents: bool = True
    tracker_settings: dict = dataclasses.field(default_factory=dict)
    agent_upstream: dict | None = None   # beside the origin's own address
    tracker_upstream: dict | None = None
    more_agent_upstreams: dict = dataclasses.field(default_factory=dict)   # tables by name
    tracker_urls: list | None = None     # instead of the trackers that run
    namespace: str = UPSTREAM            # what the client asks for
    authorization: str | None = None     # of the client
    connected: bool = True               # whether the agents' connections to all trackers are waited for
    store_bytes: dict = dataclasses.field(default_factory=dict)   # size of a store's own file system, by name of its machine
    store_inodes: dict = dataclasses.field(default_factory=dict)
    swarm_address: str | None = None     # listen on it instead of the node's, without advertise
    nodes: list | None = None            # instead of the usual three
    started: bool = True                 # the agents too


class Machines:
    """Network, origin and images: made once. The origin is docker-registry; TLS, a password and a rate limit stand before
    it in nginx, each at a port of its own."""

    def __init__(self, workspace, network):
        self.workspace = workspace
        self.network = network
        self.origin = network.add("origin", LINK)
        self.hub = [network.add(f"hub{number}", LINK) for number in (1, 2)]
        self.nodes = [network.add(f"node{number + 1}", LINK) for number in range(_NODES)]
        self.link = LINK
        self._kept = {}
        self.registry = Registry(workspace, self.origin)
        directory = workspace.directory("layers")
        self.images = []
        for number in range(_IMAGES):
            image = make_image([make_layer(directory, size, 10 * number + place) for place, size in enumerate(_LAYER_BYTES)])
            self.registry.push_image(REPOSITORY, f"v{number}", image)
            self.images.append(image)
        self.certificate = self._certificate()
        self.with_tls = self._front("tls", self._tls)
        self.with_password = self._front("password", self._with_password)

    def remembered(self, name, make):
        """What `make` gave for this name, made once."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def more_nodes(self, name, count, rate):
        return self.remembered(f"nodes {name}", lambda: [self.network.add(f"{name}{number + 1}", rate) for number in range(count)])

    def _certificate(self):
        directory = self.workspace.directory("certificate")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=origin",
                        "-addext", f"subjectAltName=IP:{self.origin.address}", "-keyout", f"{directory}/key", "-out",
                        f"{directory}/certificate"], check=True, capture_output=True)
        return directory

    def _front(self, name, http):
        return Nginx(self.workspace, self.origin, f"front-{name}", http)

    def _tls(self, listen):
        return (f"server {{ listen {listen} ssl; ssl_certificate {self.certificate}/certificate; "
                f"ssl_certificate_key {self.certificate}/key; "
                f"location / {{ proxy_pass {self.registry.endpoint.url}; proxy_set_header Host $http_host; "
                "proxy_buffering off; } }")

    def _with_password(self, listen):
        hashed = subprocess.run(["openssl", "passwd", "-apr1", _PASSWORD], check=True, capture_output=True, text=True).stdout
        users = self.workspace.file("users", f"{USER}:{hashed}")
        return (f'server {{ listen {listen}; auth_basic "images"; auth_basic_user_file {users}; '
                f"location / {{ proxy_pass {self.registry.endpoint.url}; proxy_set_header Host $http_host; "
                "proxy_buffering off; } }")

    @property
    def password(self):
        return _PASSWORD


class Programs:
    """The trackers and agents of one situation, with empty stores. A context: they end with it."""

    def __init__(self, machines, binaries, plan, label):
        self.machines = machines
        self.plan = plan
        self._stack = contextlib.ExitStack()
        self._label = label
        self._workspace = _Part(machines.workspace, self._stack, label)
        with contextlib.ExitStack() as undo:
            undo.push(self._stack.__exit__)
            self._start(binaries)
            undo.pop_all()

    def _start(self, binaries):
        plan, machines = self.plan, self.machines
        url = machines.registry.endpoint.url
        tables = {UPSTREAM: plan.tracker_upstream if plan.tracker_upstream is not None else {"url": url}}
        self.trackers = [Tracker(self._workspace, binaries, place, {k: v for k, v in tables.items() if v},
                                 settings=plan.tracker_settings)
                         for place in machines.hub[:plan.trackers]]
        upstream = plan.agent_upstream if plan.agent_upstream is not None else {"url": url}
        self.agents = []
        for number, place in enumerate(plan.nodes or machines.nodes):
            settings = plan.agent_settings if plan.all_agents or number == 0 else {}
            agent = Agent(self._workspace, binaries, place, self._agent_upstreams(upstream), self.trackers,
                          settings=self._agent_settings(settings, place))
            self.agents.append(agent)
        for program in (*self.trackers, *self.agents):
            self._own_file_system(program)
        for tracker in self.trackers:
            tracker.start()
        if plan.started:
            self._start_agents()

    def _agent_upstreams(self, upstream):
        return {**({UPSTREAM: upstream} if upstream else {}), **self.plan.more_agent_upstreams}

    def _start_agents(self):
        plan = self.plan
        for agent in self.agents:
            agent.start(wait=False)
        for agent in self.agents:
            wait_until(lambda agent=agent: answers(agent.registry), _CONNECTED_SECONDS, f"{agent.name} answers")
        if plan.connected:
            for tracker in self.trackers:
                wait_until(lambda tracker=tracker: len(tracker.known_agents()) == len(self.agents), _CONNECTED_SECONDS,
                           "all are connected")

    def _agent_settings(self, settings, place):
        settings = {table: dict(keys) for table, keys in settings.items()}
        if self.plan.tracker_urls is not None:
            settings["trackers"] = {"urls": self.plan.tracker_urls, "plaintext": True}
        if self.plan.swarm_address:
            settings["swarm"] = {"listen": f"{self.plan.swarm_address}:0"}
        return settings

    def _own_file_system(self, program):
        name = program.place.name
        path = self._workspace.directory(f"{name}-store")
        options = []
        if name in self.plan.store_bytes:
            options.append(f"size={self.plan.store_bytes[name]}")
        if name in self.plan.store_inodes:
            options.append(f"nr_inodes={self.plan.store_inodes[name]}")
        if options:
            subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", path], check=True, capture_output=True)
            self._stack.callback(subprocess.run, ["umount", "-l", path], check=False, capture_output=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)


class _Part:
    """A workspace inside the run's, whose programs and files go when its situation ends."""

    def __init__(self, workspace, stack, label):
        self._workspace = workspace
        self._stack = stack
        self._label = label
        self.keep = workspace.keep
        if not workspace.keep:
            stack.callback(shutil.rmtree, workspace.directory(label), ignore_errors=True)

    def directory(self, name):
        return self._workspace.directory(f"{self._label}/{name}")

    def file(self, name, text):
        return self._workspace.file(f"{self._label}/{name}", text)

    def start(self, name, argv, place=None, environment=None):
        process = self._workspace.start(f"{self._label}/{name}", argv, place, environment)
        self._stack.callback(process.end)
        return process


def seen_from(place, endpoint):
    """The same server, asked from another machine."""
    return Endpoint(place, endpoint.address, endpoint.port)


def answers(endpoint):
    try:
        return endpoint.get("/v2/", timeout_seconds=2).status == 200
    except OSError:
        return False


def listen_port(program, table, key):
    """The port of one of a program's own `listen` keys, read from its configuration file."""
    with open(program.command[-1], "rb") as file:
        return int(tomllib.load(file)[table][key].rsplit(":", 1)[1])
