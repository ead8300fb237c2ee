"""HARM.md: what the run measured, under which conditions, and what is missed."""

import re

from . import judgement
from .access import ACCESS_HEAD
from .crowds import CROWD_HEAD
from .readers import READER_HEAD

_HEAD = ("situation", "the image is", "direct s", "first pull + s", "further pulls + s", "x", "first byte s (direct)",
         "copies, requests of the first (direct)", "copies of three nodes at once", "past Shoal", "told by", "missed")


_ACCESS = "## Who may have what"


def page(outcomes, crowds, readers, conditions, access=()):
    lines = ["# Harm", "",
             "What Shoal costs a pull when something is broken, against the same pull without it. `simulations/harm` measures",
             "it and writes this page; [README.md](README.md#harm) says how. Bold is a goal that is missed; a void run, in which the CPUs were",
             "the bottleneck, counts for nothing.", "", conditions, ""]
    lines += _table(_HEAD, [_row(outcome) for outcome in outcomes])
    if crowds:
        lines += ["", "## Crowds", "", *_table(CROWD_HEAD, [crowd.row() for crowd in crowds])]
    if readers:
        lines += ["", "## Readers of ranges", "", *_table(READER_HEAD, [reader.row() for reader in readers])]
    if access:
        lines += ["", *access_section(access, "")]
    lines += ["", *_verdict(outcomes, crowds, readers)]
    return "\n".join(lines) + "\n"


def access_section(rows, conditions):
    """As lines. The registry is 20 ms away; what a pull costs beside its requests is the agent's own work."""
    text = [_ACCESS, "",
            "What it costs that the registry says who may have what. It answers after 20 ms. The added time is of a pull by digest of",
            "an image that the node holds, against one without the check (`access = \"node\"`); with pods, each pull shows a new",
            "credential. Requests are all that the registry answered, to all nodes together."]
    return [*text, *(["", conditions] if conditions else []), "", *_table(ACCESS_HEAD, [row.row() for row in rows])]


def with_access(text, rows, conditions):
    """The page with this section in place of the one that it had, else before its last paragraph."""
    section = "\n".join(access_section(rows, conditions))
    found = re.search(rf"^{_ACCESS}\n.*?(?=\n\n## |\n\n\d+ of \d+ situations)", text, re.DOTALL | re.MULTILINE)
    if found:
        return text[:found.start()] + section + text[found.end():]
    before, joint, last = text.rstrip("\n").rpartition("\n\n")
    return f"{before}{joint}{section}\n\n{last}\n"


def _table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]


def _row(outcome):
    first, direct = outcome.through[0], outcome.direct[0]
    missed = judgement.misses(outcome)
    told = "-" if not outcome.situation.told else f"`{_short(outcome.told_line)}`; `{_short(outcome.told_metric)}`"
    return (outcome.situation.name, "warm" if outcome.warm else "cold", f"{outcome.direct_seconds:.2f}",
            _signed(judgement.first_delay(outcome)), _signed(judgement.further_delay(outcome)),
            _plain(judgement.further_ratio(outcome)), f"{_plain(first.first_byte_seconds)} ({_plain(direct.first_byte_seconds)})",
            f"{first.copies:.2f}, {first.requests} ({direct.copies:.2f}, {direct.requests})",
            f"{outcome.crowd.copies:.2f}" if outcome.crowd else "-", str(first.past_mirror), told,
            "void" if judgement.is_void(outcome) else "**" + "; ".join(missed) + "**" if missed else "nothing")


def _short(text):
    return (text or "nobody").replace("|", "/").replace("`", "'")[:90]


def _signed(value):
    return "failed" if value is None else f"{value:+.2f}"


def _plain(value):
    return "failed" if value is None else f"{value:.2f}"


def _verdict(outcomes, crowds, readers):
    counted = [outcome for outcome in outcomes if not judgement.is_void(outcome)]
    good = [outcome for outcome in counted if not judgement.misses(outcome)]
    silent = [outcome for outcome in counted if any("told" in miss for miss in judgement.misses(outcome))]
    met = [each for each in (*crowds, *readers) if each.met()]
    return [f"{len(good)} of {len(counted)} situations meet all their goals, {len(outcomes) - len(counted)} are void; in {len(silent)} nothing "
            f"told or one of the two did not; {len(met)} of {len(crowds) + len(readers)} crowds and readers do."]
