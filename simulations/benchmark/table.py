"""Results (results.summary) for a reader: tables as text and as Markdown.

A void result never shows a figure: it shows why it is void.
"""

import dataclasses

from ..cluster.units import size_text

_NONE = "-"


@dataclasses.dataclass(frozen=True)
class Column:
    """A heading, and the cell of one result."""

    heading: str
    cell: object


def _number(key, digits=2):
    return lambda result: _NONE if result[key] is None else f"{result[key]:.{digits}f}"


def _with_range(key, digits=2):
    """The median, and behind it the range where more than one run counts."""
    def cell(result):
        median = _number(key, digits)(result)
        if result["runs_counted"] < 2 or key not in result["ranges"]:
            return median
        low, high = result["ranges"][key]
        return f"{median} [{low:.{digits}f}-{high:.{digits}f}]"
    return cell


def _copies_into_racks(result):
    """The rack with fewest and the one with most."""
    copies = result["copies_into_racks"].values()
    return f"{min(copies):.2f}-{max(copies):.2f}" if copies else _NONE


def _duplicates(result):
    """As a share of what all nodes missed; most systems do not tell."""
    if result["duplicate_bytes"] is None:
        return _NONE
    return f"{result['duplicate_bytes'] / (result['delivered_gib'] * (1 << 30)):.2%}"


def _hub(result):
    return f"{result['hub_multiple']:.2f} ({result['hub_role']})" if result["hub_role"] else _NONE


def _seeder(result):
    return _number("seeder_multiple")(result) if result["hub_role"] else _NONE


def _roles(figure):
    def cell(result):
        return ", ".join(f"{role} {figure(usage)}" for role, usage in sorted(result["roles"].items())) or _NONE
    return cell


TIMES = (
    Column("last node s", _with_range("makespan_seconds")), Column("ratio", _with_range("ratio", 3)),
    Column("ratio over TCP", _number("tcp_ratio", 3)), Column("p50 s", _number("p50_seconds")),
    Column("p90 s", _number("p90_seconds")), Column("p99 s", _number("p99_seconds")),
    Column("max s", _number("max_seconds")), Column("first byte p50 s", _number("first_byte_p50_seconds")),
    Column("first byte max s", _number("first_byte_max_seconds")),
)
BYTES = (
    Column("origin x", _with_range("origin_multiple")), Column("requests", _number("origin_requests", 0)),
    Column("hub x", _hub), Column("seeder x", _seeder),
    Column("copies into racks", _copies_into_racks), Column("duplicates", _duplicates),
    Column("bytes on links x", _number("overhead", 3)),
)
COSTS = (
    Column("CPUs busy", lambda result: f"{result['cpu_share']:.0%}"),
    Column("machine CPU s/GiB", _number("machine_cpu_seconds_per_gib", 1)),
    Column("CPU s/GiB by role", _roles(lambda usage: f"{usage['cpu_seconds_per_gib']:.2f}")),
    Column("peak memory by role", _roles(lambda usage: size_text(usage["peak_bytes"]))),
)
_TABLES = (("times", TIMES), ("bytes", BYTES), ("costs", COSTS))


def groups(results):
    """Results by scenario, both in the order in which they came: {scenario: [result]}."""
    grouped = {}
    for result in results:
        grouped.setdefault(result["scenario"], []).append(result)
    return grouped


def bound_text(result):
    """The lower bound, what limits it, and what TCP and the ramp add."""
    return (f"lower bound {result['lower_bound_seconds']:.2f} s, limited by {result['limited_by']}: {result['formula']}; "
            f"{result['tcp_bound_seconds']:.2f} s with TCP's headers; passing on whole pieces adds "
            f"{result['ramp_seconds']:.2f} s")


def show_results(results, conditions, say):
    """Everything for a terminal, line by line through `say`; `conditions` are results.conditions'."""
    say("")
    say(text_report(results))
    say(", ".join(f"{key} {value}" for key, value in conditions.items() if key != "schema"))


def text_report(results):
    """All scenarios for a terminal."""
    parts = []
    for scenario, members in groups(results).items():
        parts.append(f"{scenario}: {members[0]['situation']}\n{bound_text(members[0])}")
        if any(not result["void"] for result in members):
            parts += [_text_table(title, columns, members) for title, columns in _TABLES]
        troubled = [line for result in members for line in troubles(result)]
        parts += ["\n".join(troubled)] if troubled else []
    return "\n\n".join(parts) + "\n"


def markdown_report(results):
    """The tables of one scenario for a document; no heading of its own."""
    bound = bound_text(results[0])
    parts = [results[0]["situation"], bound[0].upper() + bound[1:] + "."]
    parts += [_markdown_table(columns, results) for _, columns in _TABLES]
    troubled = [f"* {line}" for result in results for line in troubles(result)]
    return "\n\n".join(parts + (["\n".join(troubled)] if troubled else [])) + "\n"


def troubles(result):
    """One line each: what failed, why a result is void, or how many of its runs were left out."""
    lines = []
    if result["failures"]:
        lines.append(f"{result['mode']}: FAILED: " + "; ".join(result["failures"]))
    if result["reasons"]:
        left_out = result["runs"] - result["runs_counted"]
        word = "VOID" if result["void"] else f"{left_out} of {result['runs']} runs left out"
        lines.append(f"{result['mode']}: {word}: " + "; ".join(result["reasons"]))
    return lines


def _cells(columns, result):
    """A row; of a void result only that it is void."""
    if not result["void"]:
        return [result["mode"], *(column.cell(result) for column in columns)]
    return [result["mode"], "failed" if result["failures"] else "void", *[""] * (len(columns) - 1)]


def _text_table(title, columns, results):
    rows = [[title, *(column.heading for column in columns)], *(_cells(columns, result) for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def _markdown_table(columns, results):
    rows = [["mode", *(column.heading for column in columns)], ["---"] * (len(columns) + 1),
            *(_cells(columns, result) for result in results)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
