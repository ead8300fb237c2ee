"""The end of the demo as a person reads it."""

import datetime

from ..cluster.units import rate_text, size_text


def show_report(options, stage, result, overlaps, faults, say):
    _show_nodes(result, say)
    _show_origin(stage, result, say)
    _show_overlaps(overlaps, say)
    _show_makespan(options, result, say)
    say("")
    if result["void"]:
        say(f"The times are VOID: the machine's CPUs were {result['cpu_share']:.0%} busy, so they measured the CPUs. "
            "Use a lower --rate or fewer --nodes.")
    for fault in faults:
        say(f"WRONG: {fault}")
    if not faults:
        say("RIGHT: every layer has its digest on every node, and the origin sent each blob once.")


def _show_nodes(result, say):
    say("")
    say(f"{'node':>8}  {'client':<10} {'seconds':>8} {'unpacked':>9} {'from peers':>12} {'from tracker':>13} "
        f"{'small layers':>13} {'from origin':>12}  layers")
    for node in result["per_node"]:
        received = node["received"]
        unpacked = _seconds(node["ready_seconds"]) if node["client"] == "containerd" else ""
        say(f"{node['name']:>8}  {node['client']:<10} {_seconds(node['seconds']):>8} {unpacked:>9} "
            f"{size_text(int(received['peers'])):>12} {size_text(int(received['seeder'])):>13} "
            f"{size_text(int(received['small'])):>13} {size_text(int(received['origin'])):>12}  {'WRONG' if node['faults'] else 'right'}")


def _show_origin(stage, result, say):
    gets = result["origin_gets_by_blob"].values()
    say("")
    say(f"origin:   sent {result['origin_multiple']:.3f} x the image of {size_text(result['image_bytes'])} "
        f"(access log: {sum(gets)} GETs for {len(gets)} blobs; the tracker read "
        f"{size_text(int(stage.tracker.seeded_bytes()))})")
    say(f"tracker:  sent {result['seeder_multiple']:.3f} x the image to agents")


def _show_overlaps(overlaps, say):
    for overlap in overlaps:
        order = "before" if overlap.seconds > 0 else "after"
        say(f"cut through: first piece of {overlap.digest[7:19]} with an agent at {_clock(overlap.first_piece_at)}, "
            f"{abs(overlap.seconds):.2f} s {order} the origin's last byte reached the tracker at "
            f"{_clock(overlap.origin_finished_at)}")


def _show_makespan(options, result, say):
    say(f"makespan: {_seconds(result['makespan_seconds'])} s until the last node had the last byte "
        f"(p50 {_seconds(result['p50_seconds'])} s, p99 {_seconds(result['p99_seconds'])} s)")
    terms = result["lower_bound_terms_seconds"]
    if not terms:
        say("          no lower bound: the links are not shaped here")
        return
    say(f"          lower bound {result['lower_bound_seconds']:.2f} s = max of F/origin {terms['origin']:.2f} s, "
        f"F/link {terms['link']:.2f} s, N*F/(tracker + N*link) {terms['together']:.2f} s")
    say(f"          with N = {options.nodes}, F = {size_text(result['image_bytes'])}, links and tracker "
        f"{rate_text(options.rate)}, origin {rate_text(options.origin_rate)}")
    if result["ratio"]:
        say(f"          ratio {result['ratio']:.3f}; the CPUs were {result['cpu_share']:.0%} busy")


def _seconds(value):
    return "-" if value is None else f"{value:.2f}"


def _clock(seconds_since_1970):
    return datetime.datetime.fromtimestamp(seconds_since_1970).strftime("%H:%M:%S.%f")[:-3]
