"""What is rolled out to whom, over which links and when; and the file format, TOML, that says so.

simulations/README.md documents the keys. Everything is checked here: an unknown key or a wrong value is a ScenarioError
that names it. Sizes and rates are written as in cluster.units; nothing here knows how a scenario is run.
"""

import dataclasses
import math
import re
import tomllib

from ..cluster.units import parse_rate, parse_size
from .bound import Member

MOST_NODES = 200
_DEFAULT_TOTAL_RATE = 48 << 20  # over all nodes: shaped links of this sum keep two cores under 40 %


class ScenarioError(ValueError):
    """The scenario cannot be; the text names the key."""


@dataclasses.dataclass(frozen=True)
class OtherLinks:
    """Some of the nodes have another link than the rest."""

    nodes: int
    rate: int


@dataclasses.dataclass(frozen=True)
class Topology:
    """Rates in bytes per second, each way. Node K is in rack K mod racks; origin and hub are outside of all racks."""

    nodes: int
    rate: int
    origin_rate: int
    hub_rate: int
    racks: int = 0
    oversubscription: float = 1.0
    other_links: tuple = ()  # the last nodes have these

    def node_rates(self):
        others = [each.rate for each in self.other_links for _ in range(each.nodes)]
        return [self.rate] * (self.nodes - len(others)) + others

    def rack_of(self, number):
        """The rack of node `number` (from 0 on); empty when there are none."""
        return f"rack{number % self.racks + 1}" if self.racks else ""

    def rack_rates(self):
        """The uplink of each rack: its nodes' links together / oversubscription."""
        rates = {}
        for number, rate in enumerate(self.node_rates()):
            if self.racks:
                rates[self.rack_of(number)] = rates.get(self.rack_of(number), 0) + rate
        return {rack: round(total / self.oversubscription) for rack, total in rates.items()}


@dataclasses.dataclass(frozen=True)
class Image:
    """Layers in bytes. With `changed` set, the nodes hold the version before, which shares all but the last `changed`."""

    layers: tuple
    changed: int | None = None


@dataclasses.dataclass(frozen=True)
class Arrival:
    """`flash`: all at once. `staggered`: evenly over `seconds`. `batches`: this share of all nodes, the next when all of
    these are done."""

    pattern: str = "flash"
    seconds: float = 0.0
    share: float = 1.0

    def times(self, nodes):
        """Each node's start in seconds after the first's."""
        if self.pattern != "staggered" or nodes < 2:
            return [0.0] * nodes
        return [self.seconds * number / (nodes - 1) for number in range(nodes)]

    def batches(self, nodes):
        """Each node's batch, from 0 on."""
        if self.pattern != "batches":
            return [0] * nodes
        size = max(1, math.ceil(nodes * self.share - 1e-9))
        return [number // size for number in range(nodes)]

    def text(self):
        return {"flash": "all at once", "staggered": f"over {self.seconds:g} s",
                "batches": f"in batches of {self.share:.0%}"}[self.pattern]


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One situation, for any mode."""

    name: str
    topology: Topology
    image: Image
    warm: bool = False
    arrival: Arrival = Arrival()
    proved: bool = True  # links and machine are tried, so that a run may count

    def members(self, missing_bytes):
        """The nodes as the bound sees them."""
        times, batches = (each(self.topology.nodes) for each in (self.arrival.times, self.arrival.batches))
        return tuple(Member(missing_bytes, rate, self.topology.rack_of(number), times[number], batches[number])
                     for number, rate in enumerate(self.topology.node_rates()))

    def text(self):
        """In one line, for people."""
        topology, layers = self.topology, self.image.layers
        nodes = "one node" if topology.nodes == 1 else f"{topology.nodes} nodes"
        racks = f" in {topology.racks} racks at {topology.oversubscription:g}:1" if topology.racks else ""
        other = ", unequal links" if topology.other_links else ""
        what = f"{len(layers)} layers" if len(layers) > 1 else "one layer"
        changed = f", {self.image.changed} of them changed" if self.image.changed else ""
        return (f"{'warm' if self.warm else 'cold'}, {nodes}{racks}{other}, {what} of {sum(layers) / 2**20:.1f} MiB"
                f"{changed}, {self.arrival.text()}")


def default_rate(nodes):
    """A node's link when nobody says: what this machine can carry, shared."""
    return _DEFAULT_TOTAL_RATE // max(nodes, 2)


def make_topology(nodes, rate=None, origin_rate=None, hub_rate=None, **more):
    """With the defaults filled in; the origin's and the hub's links are as a node's."""
    rate = rate or default_rate(nodes)
    topology = Topology(nodes, rate, origin_rate or rate, hub_rate or rate, **more)
    check_topology(topology)
    return topology


def check_topology(topology):
    if not 1 <= topology.nodes <= MOST_NODES:
        raise ScenarioError(f"nodes: from 1 to {MOST_NODES}")
    if topology.racks and not 1 <= topology.racks <= topology.nodes:
        raise ScenarioError("racks: from 1 to the number of nodes")
    if topology.oversubscription < 1:
        raise ScenarioError("oversubscription: 1 or more")
    if topology.oversubscription != 1 and not topology.racks:
        raise ScenarioError("oversubscription: needs racks")
    if sum(each.nodes for each in topology.other_links) > topology.nodes:
        raise ScenarioError("links: more than there are nodes")


def parse_layers(texts):
    """["64MiB", "40x256KiB"] as sizes: COUNTxSIZE stands for that many."""
    sizes = []
    for text in texts:
        count, x, size = text.rpartition("x")
        if x and not (count.isdecimal() and 1 <= int(count) <= 1000):
            raise ValueError(f'"{text}": write for example "40x256KiB"')
        sizes += [parse_size(size)] * int(count or 1)
    if not sizes:
        raise ValueError("an image has at least one layer")
    return tuple(sizes)


def parse_arrival(text):
    """"flash", "staggered:10s", "batches:25%"."""
    if text == "flash":
        return Arrival()
    match = re.fullmatch(r"staggered:(\d+(?:\.\d+)?)s", text)
    if match and float(match[1]) > 0:
        return Arrival("staggered", seconds=float(match[1]))
    match = re.fullmatch(r"batches:(\d+(?:\.\d+)?)%", text)
    if match and 0 < float(match[1]) <= 100:
        return Arrival("batches", share=float(match[1]) / 100)
    raise ValueError(f'"{text}" is not understood; write "flash", "staggered:10s" or "batches:25%"')


def read_scenario(path):
    """As `parse_scenario`, of a file; its errors name it."""
    with open(path, encoding="utf-8") as file:
        try:
            return parse_scenario(file.read())
        except ScenarioError as error:
            raise ScenarioError(f"{path}: {error}") from error


def parse_scenario(text):
    """The Scenario of a file's text; ScenarioError for anything that is not understood."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(str(error)) from error
    top = _Keys("", tables)
    name = top.take("name", str)
    topology = _topology(_Keys("topology", top.take("topology", dict)))
    image = _image(_Keys("image", top.take("image", dict)))
    start = top.take("start", str, "cold")
    if start not in ("cold", "warm"):
        raise ScenarioError('start: "cold" or "warm"')
    arrival = top.parsed("arrival", parse_arrival, "flash")
    top.nothing_else()
    return Scenario(name, topology, image, start == "warm", arrival)


def _topology(keys):
    nodes = keys.take("nodes", int)
    rates = {key: keys.parsed(key, parse_rate, None) for key in ("rate", "origin_rate", "hub_rate")}
    others = []
    for row in keys.take("links", list, []):
        link = _Keys("topology.links", row)
        others.append(OtherLinks(link.take("nodes", int), link.parsed("rate", parse_rate)))
        link.nothing_else()
    racks, over = keys.take("racks", int, 0), float(keys.take("oversubscription", (int, float), 1.0))
    keys.nothing_else()
    return make_topology(nodes, **rates, racks=racks, oversubscription=over, other_links=tuple(others))


def _image(keys):
    layers = keys.parsed("layers", parse_layers, kind=list)
    changed = keys.take("changed_layers", int, None)
    if changed is not None and not 1 <= changed < len(layers):
        raise ScenarioError("image.changed_layers: from 1 to one less than there are layers")
    keys.nothing_else()
    return Image(layers, changed)


_NEEDED = object()


class _Keys:
    """A table being read: each key once, and none left over."""

    def __init__(self, path, table):
        if not isinstance(table, dict):
            raise ScenarioError(f"{path}: a table")
        self._path = path
        self._left = dict(table)

    def _named(self, key):
        return f"{self._path}.{key}" if self._path else key

    def take(self, key, kind, default=_NEEDED):
        if key not in self._left:
            if default is _NEEDED:
                raise ScenarioError(f"{self._named(key)}: missing")
            return default
        value = self._left.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ScenarioError(f"{self._named(key)}: of the wrong type")
        return value

    def parsed(self, key, parse, default=_NEEDED, kind=str):
        value = self.take(key, kind, default)
        if value is None:
            return None
        try:
            return parse(value)
        except (ValueError, AttributeError) as error:
            raise ScenarioError(f"{self._named(key)}: {error}") from error

    def nothing_else(self):
        if self._left:
            raise ScenarioError(f"{self._named(sorted(self._left)[0])}: no such key")
