"""The goals, and whether an outcome meets them. Times are of pulls on the same link in the same minute."""

from .situations import NOTHING, SILENT

MOST_CPU_SHARE = 0.8       # above it the CPUs, not the links, set the time: void
FIRST_SECONDS = {SILENT: 1.0, "refuses": 0.3, NOTHING: 0.3}
FURTHER_SECONDS = 0.1
FURTHER_RATIO = 1.05


def is_void(outcome):
    return any(each.cpu_share > MOST_CPU_SHARE for each in (*outcome.direct, *outcome.through))


def first_delay(outcome):
    """Seconds that the first pull took longer than a direct one; None when it failed."""
    seconds = outcome.through[0].seconds
    return None if seconds is None else seconds - outcome.direct_seconds


def further_delay(outcome):
    """The same of the slowest of the further pulls."""
    if None in outcome.further_seconds:
        return None
    return max(outcome.further_seconds) - outcome.direct_seconds


def further_ratio(outcome):
    delay = further_delay(outcome)
    return None if delay is None else 1 + delay / outcome.direct_seconds


def misses(outcome):
    """What is not met, in words; empty when all is."""
    found = []
    first, further = first_delay(outcome), further_delay(outcome)
    if first is None or further is None:
        failed = next(each.failure for each in outcome.through if each.failure)
        found.append(f"a pull failed: {failed}")
        return found
    if first > FIRST_SECONDS[outcome.situation.part]:
        found.append("first pull")
    if further > FURTHER_SECONDS and further_ratio(outcome) > FURTHER_RATIO:
        found.append("further pulls")
    if outcome.situation.told and (outcome.warm or outcome.situation.told_cold):
        if not outcome.told_line:
            found.append("no line told")
        if not outcome.told_metric:
            found.append("no metric told")
    return found
