"""shoal-tracker and shoal-agent as programs of a run: configuration file, readiness, log events and metrics."""

import datetime
import json
import os
import re

from .network import authority
from .processes import wait_until
from .web import Endpoint

_READY_SECONDS = 20
_FEWEST_PIECES = 1500
_VALUE = r'"(?:[^"\\]|\\.)*"|[^\s"]\S*|'  # of a field: quoted where it has spaces, or empty
_FIELD = rf"\w+=(?:{_VALUE})"
_NAMED_FIELD = rf"(\w+)=({_VALUE})"


def piece_length(layer_bytes):
    """As shared/layer/piece_layout.hpp has it: a power of two within its limits."""
    length = 16 << 10 if layer_bytes < 8 << 20 else 32 << 10
    while length < 1 << 20 and 2 * length * _FEWEST_PIECES <= layer_bytes:
        length *= 2
    return length


class Programs:
    """Where the two binaries are: the build directory of a preset."""

    def __init__(self, build_directory):
        self.agent = os.path.abspath(os.path.join(build_directory, "agent", "shoal-agent"))
        self.tracker = os.path.abspath(os.path.join(build_directory, "tracker", "shoal-tracker"))

    def missing(self):
        return [path for path in (self.agent, self.tracker) if not os.access(path, os.X_OK)]


class _Program:
    """What both have: a process, and health and metrics on an admin address."""

    environment = None  # variables beside our own

    def __init__(self, workspace, binary, place, name, config, admin_port):
        self.workspace = workspace
        self.place = place
        self.name = name
        self.admin = Endpoint(place, place.address, admin_port)
        self.command = [binary, "serve", "--config", workspace.file(name + ".toml", toml(config))]
        self._starts = 0
        self.process = None

    def start(self, wait=True):
        """Starts it (again, with the same store and ports) and waits until it says that it is ready."""
        self._starts += 1
        log_name = self.name if self._starts == 1 else f"{self.name}-start{self._starts}"
        self.process = self.workspace.start(log_name, self.command, self.place, self.environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        wait_until(self.ready, _READY_SECONDS, f"{self.name} is ready")

    def ready(self):
        if not self.process.running():
            raise RuntimeError(f"{self.name} ended with {self.process.exit_code()}:\n{self.process.log_tail()}")
        try:
            return self.admin.get("/readyz", timeout_seconds=5).status == 200
        except OSError:
            return False

    def metrics(self):
        """The metrics page as {'name{labels}': value}; empty when the program is gone."""
        if not self.process.running():
            return {}
        page = self.admin.get("/metrics", timeout_seconds=5).body.decode()
        rows = (line.rsplit(" ", 1) for line in page.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in rows}

    def events(self, event):
        """Log lines of one event: a list of (seconds since 1970, {field: value})."""
        found = []
        for line in self.process.log().splitlines():
            match = re.match(rf"(\S+) \w+ \w+: {re.escape(event)}((?: {_FIELD})*)$", line)
            if match:
                time = datetime.datetime.fromisoformat(match[1]).timestamp()
                found.append((time, {name: value.strip('"') for name, value in re.findall(_NAMED_FIELD, match[2])}))
        return found


class Tracker(_Program):
    """A tracker. `upstreams` is the table of that name: {name: {key: value}}."""

    def __init__(self, workspace, programs, place, upstreams, capacity="20GiB", settings=None):
        control, seeder, admin = (place.free_port() for _ in range(3))
        config = {
            "control": {"listen": authority(place.address, control), "plaintext": True},
            "seeder": {"listen": authority(place.address, seeder), "advertise": place.address},
            "upstreams": upstreams,
            "store": {"path": workspace.directory(f"{place.name}-store"), "capacity": capacity,
                      "min_free": "0B"},  # whatever else fills this machine's disk
            "admin": {"listen": authority(place.address, admin)},
            "log": {"level": "debug", "format": "text"},
        }
        super().__init__(workspace, programs.tracker, place, place.name, merged(config, settings), admin)
        self.control = Endpoint(place, place.address, control)
        self.seeder_port = seeder

    def known_agents(self):
        """What it says of its agents, connected or not."""
        return json.loads(self.control.get("/v1/agents", timeout_seconds=5).body)["agents"]

    def layers(self):
        """What it says of the layers that it seeds."""
        return json.loads(self.control.get("/v1/layers", timeout_seconds=5).body)["layers"]

    def seeded_bytes(self):
        """Bytes that this tracker read from the origin."""
        return sum(value for name, value in self.metrics().items() if name.startswith("shoal_tracker_origin_received_bytes_total"))


class Agent(_Program):
    """An agent of one node."""

    def __init__(self, workspace, programs, place, upstreams, trackers=(), capacity="20GiB", settings=None):
        registry, swarm, small, admin = (place.free_port() for _ in range(4))
        config = {
            "node": {"name": place.name},
            "registry": {"listen": authority(place.local_address, registry)},
            "upstreams": upstreams,
            "trackers": {"urls": [tracker.control.url for tracker in trackers], "plaintext": True},
            "swarm": {"listen": authority(place.address, swarm), "http_listen": authority(place.address, small),
                      "advertise": place.address},
            "store": {"path": workspace.directory(f"{place.name}-store"), "capacity": capacity,
                      "min_free": "0B"},  # whatever else fills this machine's disk
            "admin": {"listen": authority(place.address, admin)},
            "log": {"level": "debug", "format": "text"},
        }
        super().__init__(workspace, programs.agent, place, place.name, merged(config, settings), admin)
        self._has_trackers = bool(trackers)
        self.store = config["store"]["path"]
        self.registry = Endpoint(place, place.local_address, registry)
        self.swarm_address = authority(place.address, swarm)
        self.swarm_port, self.small_port = swarm, small

    def connected(self):
        """Whether all its trackers are."""
        up = self._trackers_up()
        return bool(up) and min(up) == 1

    def _trackers_up(self):
        return [value for name, value in self.metrics().items() if name.startswith("shoal_agent_tracker_up{")]

    def ready(self):
        """It would serve without a tracker too: whoever names trackers means one that is connected."""
        return super().ready() and (not self._has_trackers or max(self._trackers_up()) == 1)

    def received(self):
        """Bytes of layers by where they came from. Small layers come in one round trip, from an agent or the tracker."""
        metrics = self.metrics()
        return {"peers": metrics.get('shoal_agent_swarm_received_bytes_total{source="peers"}', 0),
                "seeder": metrics.get('shoal_agent_swarm_received_bytes_total{source="seeder"}', 0),
                "small": metrics.get("shoal_agent_small_received_bytes_total", 0),
                "origin": metrics.get("shoal_agent_origin_received_bytes_total", 0)}

    def status(self):
        return json.loads(self.admin.get("/v1/status", timeout_seconds=5).body)


def merged(config, settings):
    """The configuration with the tables of `settings` laid over it, key by key."""
    for table, keys in (settings or {}).items():
        config.setdefault(table, {}).update(keys)
    return config


def toml(tables):
    """Tables of strings, booleans, lists of strings, and tables of those, as TOML."""
    lines = []
    for table, keys in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items() if not isinstance(value, dict)]
        for name, inner in keys.items():
            if isinstance(inner, dict):
                lines.append(f"[{table}.{json.dumps(name)}]")
                lines += [f"{key} = {json.dumps(value)}" for key, value in inner.items()]
    return "\n".join(lines) + "\n"
