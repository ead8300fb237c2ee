"""What a rollout is judged by: the figures, and the faults that make the demo end non-zero."""

import dataclasses
import math

from ..cluster.bound import lower_bound

_SWARM_FROM_BYTES = 256 << 10  # smaller layers travel in one round trip, without a swarm
_BUSIEST_CPU_SHARE = 0.8       # above it the links were not what limited the rollout


@dataclasses.dataclass
class NodeResult:
    """Seconds from the start of the rollout; bytes by where the agent had them from."""

    name: str
    client: str
    seconds: float | None        # until the client had the last byte of the last layer
    ready_seconds: float | None  # containerd: unpacked too
    received: dict
    faults: list


@dataclasses.dataclass(frozen=True)
class Overlap:
    """A layer that flowed through: when its first piece was with an agent, and its last byte with the tracker."""

    digest: str
    first_piece_at: float  # seconds since 1970, from the agents' logs
    origin_finished_at: float  # from the tracker's log

    @property
    def seconds(self):
        return self.origin_finished_at - self.first_piece_at


def node_result(client, image, started_at):
    """Everything about one node, verified."""
    faults = client.faults(image)
    seconds = None if faults else client.received_at(image) - started_at
    ready = None if faults else client.ready_at() - started_at
    return NodeResult(client.agent.name, client.kind, seconds, ready, client.agent.received(), faults)


def find_overlaps(stage):
    """One Overlap for each layer that travelled in a swarm and has both events in the logs."""
    finished = {fields.get("digest"): time for time, fields in stage.tracker.events("origin last byte")}
    first = {}
    for agent in stage.agents:
        for time, fields in agent.events("first piece"):
            digest = fields.get("digest")
            first[digest] = min(time, first.get(digest, time))
    swarmed = [layer.digest for layer in stage.image.layers if layer.size > _SWARM_FROM_BYTES]
    return [Overlap(digest, first[digest], finished[digest])
            for digest in swarmed if digest in first and digest in finished]


def percentile(values, share):
    """The smallest value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def figures(options, stage, nodes, overlaps, cpu_share):
    """The demo's JSON; simulations/README.md documents the keys."""
    image_bytes = stage.image.size
    bound = lower_bound(image_bytes, options.nodes, options.rate, options.origin_rate, options.rate)
    seconds = [node.seconds for node in nodes if node.seconds is not None]
    makespan = max(seconds) if len(seconds) == len(nodes) else None
    gets = stage.registry.gets_by_blob()
    return {
        "nodes": options.nodes, "layers_bytes": [layer.size for layer in stage.image.layers],
        "image_bytes": image_bytes, "shaped": stage.shaped, "rate_bytes_per_second": options.rate,
        "origin_rate_bytes_per_second": options.origin_rate,
        "p50_seconds": percentile(seconds, 0.5) if seconds else None,
        "p99_seconds": percentile(seconds, 0.99) if seconds else None,
        "makespan_seconds": makespan,
        "lower_bound_seconds": bound.seconds if stage.shaped else None,
        "lower_bound_terms_seconds": dataclasses.asdict(bound) if stage.shaped else None,
        "ratio": makespan / bound.seconds if makespan and stage.shaped else None,
        "origin_multiple": stage.registry.blob_bytes_sent() / image_bytes,
        "seeder_multiple": sum(node.received["seeder"] for node in nodes) / image_bytes,
        "origin_gets_by_blob": {digest: gets.get(digest, 0) for digest in stage.image.blobs},
        "overlap_seconds": {overlap.digest: overlap.seconds for overlap in overlaps},
        "cpu_share": cpu_share, "void": stage.shaped and cpu_share > _BUSIEST_CPU_SHARE,
        "per_node": [dataclasses.asdict(node) for node in nodes],
    }


def find_faults(stage, result, overlaps):
    """Why this rollout is not right, one line each; empty when it is."""
    faults = [f"{program.name} ended by itself with {program.process.exit_code()}"
              for program in (stage.tracker, *stage.agents) if not program.process.running()]
    faults += [f"{node['name']}: {fault}" for node in result["per_node"] for fault in node["faults"]]
    faults += [f"the origin was asked {count} times for {digest}, not once"
               for digest, count in result["origin_gets_by_blob"].items() if count != 1]
    largest = max(stage.image.layers, key=lambda layer: layer.size)
    if largest.size > _SWARM_FROM_BYTES:
        overlap = next((each for each in overlaps if each.digest == largest.digest), None)
        if overlap is None:
            faults.append(f"the logs do not tell when pieces of {largest.digest} flowed")
        elif overlap.seconds <= 0 and stage.shaped:
            faults.append(f"no piece of {largest.digest} reached an agent before the origin had sent it all")
    return faults
