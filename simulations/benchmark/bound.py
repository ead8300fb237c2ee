"""The shortest time in which anybody could roll an image out over given links: limits as pure functions.

Sources: Kumar and Ross, "Peer-assisted file distribution: the minimum distribution time", HotWeb 2006 (origin, slowest node,
aggregate upload); cuts around each rack by the same argument; Mundinger, Weber and Weiss, "Optimal scheduling of peer-to-peer
file dissemination", J. Scheduling 11 (2008), for the ramp of store-and-forward. Bytes, bytes per second, seconds. Rates are
those of the links as shaped, headers included: what TCP takes of them is told apart (`tcp_seconds`).
"""

import dataclasses
import math

TCP_PAYLOAD_SHARE = 0.955  # of what a shaped link carries: Ethernet, IP and TCP headers and ACKs, measured with tbf

FORMULAS = {
    "origin": "unique bytes / what the sources can send",
    "slowest node": "max over nodes (missing bytes / its link)",
    "aggregate upload": "all missing bytes / (the sources' + the hub's + all nodes' upload)",
    "rack copy": "max over racks (unique bytes / the rack's uplink)",
    "rack share": "max over racks (its nodes' missing bytes / (the rack's uplink + its nodes' upload))",
}


@dataclasses.dataclass(frozen=True)
class Member:
    """One node: bytes that it misses, its link each way, its rack (or none), and when or after whom it starts."""

    missing_bytes: int
    rate: float
    rack: str = ""
    arrival: float = 0.0
    batch: int = 0


@dataclasses.dataclass(frozen=True)
class Rollout:
    """What the bound is of. `unique_bytes` must come from the sources: the origin, warm the hub as well."""

    unique_bytes: int
    source_rate: float       # upload of all who have the image at the start
    helper_rate: float       # upload of the hub while it has nothing at the start, else 0
    members: tuple
    rack_rates: dict = dataclasses.field(default_factory=dict)  # each rack's uplink, each way; sources are outside

    def batches(self):
        """The members of each batch, in order."""
        numbers = sorted({member.batch for member in self.members})
        return [tuple(member for member in self.members if member.batch == number) for number in numbers]


@dataclasses.dataclass(frozen=True)
class Bound:
    """Seconds by what limits; the largest is the bound. Over batches, the sum of each batch's."""

    terms: dict
    seconds: float
    limit: str

    @property
    def formula(self):
        return FORMULAS[self.limit]


def origin_seconds(unique_bytes, source_rate):
    """Every byte leaves the sources once."""
    return unique_bytes / source_rate


def slowest_node_seconds(members):
    """Every node receives what it misses, from its arrival on."""
    return max(member.arrival + member.missing_bytes / member.rate for member in members)


def aggregate_upload_seconds(members, uploading_rate):
    """Every copy is sent by somebody."""
    return sum(member.missing_bytes for member in members) / uploading_rate


def rack_copy_seconds(unique_bytes, rack_rate):
    """One copy at least enters a rack that has none."""
    return unique_bytes / rack_rate


def rack_share_seconds(missing_bytes, rack_rate, inside_rate):
    """Every copy in a rack came in or was sent inside."""
    return missing_bytes / (rack_rate + inside_rate)


def ramp_seconds(nodes, piece_bytes, rate):
    """What passing on whole pieces adds where all links are equal: floor(log2 N) pieces' time."""
    return math.floor(math.log2(nodes)) * piece_bytes / rate if nodes > 0 else 0.0


def tcp_seconds(seconds):
    """The same bound for payload in TCP."""
    return seconds / TCP_PAYLOAD_SHARE


def lower_bound(rollout):
    """The Bound of a rollout. A batch starts when the one before has ended, whose nodes then have everything."""
    batches = [_batch_terms(rollout, members, earlier)
               for members, earlier in _with_earlier(rollout.batches())]
    if len(batches) == 1:
        terms = batches[0]
        limit = max(terms, key=terms.get)
        return Bound(terms, terms[limit], limit)
    seconds = sum(max(terms.values()) for terms in batches)
    shares = {}
    for terms in batches:
        limit = max(terms, key=terms.get)
        shares[limit] = shares.get(limit, 0.0) + terms[limit]
    return Bound(shares, seconds, max(shares, key=shares.get))


def _with_earlier(batches):
    earlier = ()
    for members in batches:
        yield members, earlier
        earlier += members


def _batch_terms(rollout, members, earlier):
    present = members + earlier
    uploading = rollout.source_rate + rollout.helper_rate + sum(member.rate for member in present)
    terms = {"slowest node": slowest_node_seconds(members),
             "aggregate upload": aggregate_upload_seconds(members, uploading)}
    if not earlier:
        terms["origin"] = origin_seconds(rollout.unique_bytes, rollout.source_rate)
    for rack, rate in rollout.rack_rates.items():
        missing = sum(member.missing_bytes for member in members if member.rack == rack)
        if not missing:
            continue
        if not any(member.rack == rack for member in earlier):
            _raise_to(terms, "rack copy", rack_copy_seconds(rollout.unique_bytes, rate))
        inside = sum(member.rate for member in present if member.rack == rack)
        _raise_to(terms, "rack share", rack_share_seconds(missing, rate, inside))
    return terms


def _raise_to(terms, name, seconds):
    terms[name] = max(terms.get(name, 0.0), seconds)
