"""Results as results.summary makes them, with round figures: what the tests of tables and pictures start from."""


def report(mode="shoal", scenario="one layer", **other):
    """One result that counts: 2 nodes, 1 GiB delivered, the last node after 12 s, the bound 10 s."""
    return {
        "mode": mode, "scenario": scenario, "situation": "cold, 2 nodes", "void": False, "reasons": [], "failures": [],
        "runs": 3, "runs_counted": 3, "p50_seconds": 11.0, "p90_seconds": 12.0, "p99_seconds": 12.0, "max_seconds": 12.0,
        "makespan_seconds": 12.0, "first_byte_p50_seconds": 0.25, "first_byte_max_seconds": 0.5,
        "lower_bound_seconds": 10.0, "tcp_bound_seconds": 10.47, "ramp_seconds": 0.125, "ratio": 1.2, "tcp_ratio": 1.146,
        "limited_by": "origin", "formula": "unique bytes / what the sources can send", "origin_multiple": 1.0,
        "origin_requests": 4, "hub_multiple": 1.25, "seeder_multiple": 1.125, "hub_role": "tracker",
        "copies_into_racks": {}, "duplicate_bytes": 0, "delivered_gib": 1.0,
        "overhead": 1.0625, "cpu_share": 0.5, "machine_cpu_seconds_per_gib": 20.0,
        "roles": {"origin": {"cpu_seconds_per_gib": 1.5, "peak_bytes": 32 << 20}},
        "ranges": {"makespan_seconds": [11.5, 12.5], "ratio": [1.15, 1.25], "origin_multiple": [1.0, 1.0]},
        "per_node": [_node("node1", 0.0, 11.0), _node("node2", 1.0, 11.0)], **other}


def void(mode, reason, **other):
    return report(mode, **{"void": True, "reasons": [reason], "runs_counted": 0, "ranges": {}, **other})


def _node(name, start, seconds):
    """First byte half a second after its start, then as much in each second."""
    steps = [[start + 0.5, 0], *([start + 0.5 + (seconds - 0.5) * share / 4, share * 25] for share in (1, 2, 3, 4))]
    return {"name": name, "rack": "", "rate_bytes_per_second": 1_000_000, "start_seconds": start, "seconds": seconds,
            "first_byte_seconds": start + 0.5, "progress": steps}
