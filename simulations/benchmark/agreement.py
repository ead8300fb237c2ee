"""How far two runs of the same cells agree: whoever repeats a benchmark wants to know that before all else."""

import dataclasses

from .results import FIGURES

CLOSE = 0.05
# What is compared, and below which difference two medians are the same whatever their share: what a clock tick, the 50 ms
# between two looks of a client, or a single packet can make.
_FINEST = {"makespan_seconds": 0.05, "p50_seconds": 0.05, "p90_seconds": 0.05, "p99_seconds": 0.05, "max_seconds": 0.05,
           "first_byte_p50_seconds": 0.05, "origin_multiple": 0.01, "hub_multiple": 0.01, "overhead": 0.01,
           "machine_cpu_seconds_per_gib": 0.5}
assert set(_FINEST) <= set(FIGURES)
# Where one sender's link serves all nodes, who of them gets more of it is chance: the last one's time is the link's, the
# others' are not. And how fast a virtual machine's CPUs are differs from hour to hour.
_ONE_SENDER = ("direct", "mirror", "registry-mirror")
_OF_WHO_IS_FIRST = ("p50_seconds", "p90_seconds", "first_byte_p50_seconds")
_OF_THE_MACHINE = ("machine_cpu_seconds_per_gib",)


@dataclasses.dataclass(frozen=True)
class Difference:
    """One median in two runs."""

    scenario: str
    mode: str
    figure: str
    before: float
    now: float

    @property
    def by_chance(self):
        return self.figure in _OF_THE_MACHINE or (self.mode in _ONE_SENDER and self.figure in _OF_WHO_IS_FIRST)

    @property
    def share(self):
        """Of the smaller one; 0 when they cannot be told apart."""
        apart = abs(self.now - self.before)
        return 0.0 if apart <= _FINEST[self.figure] else apart / max(min(self.now, self.before), _FINEST[self.figure])

    def text(self):
        return f"{self.scenario}, {self.mode}: {self.figure} {self.before:.2f}, then {self.now:.2f} ({self.share:.0%})"


def differences(before, now):
    """The Differences between two lists of results, over cells that count in both."""
    earlier = {(result["scenario"], result["mode"]): result for result in before if not result["void"]}
    found = []
    for result in now:
        other = earlier.get((result["scenario"], result["mode"]))
        if other is None or result["void"]:
            continue
        found += [Difference(result["scenario"], result["mode"], figure, other[figure], result[figure]) for figure in _FINEST
                  if other[figure] is not None and result[figure] is not None]
    return found


def agreement_lines(before, now):
    """For a reader: how many medians agree, each that does not, and how many that chance or the machine decides."""
    compared = differences(before, now)
    decided = [each for each in compared if not each.by_chance]
    others = [each for each in compared if each.by_chance]
    apart = sorted((each for each in decided if each.share > CLOSE), key=lambda each: -each.share)
    head = f"{len(decided) - len(apart)} of {len(decided)} medians within {CLOSE:.0%} of the run before"
    lines = [f"{head}{'; farther apart:' if apart else ''}"] + [f"* {each.text()}" for each in apart]
    if others:
        close = sum(each.share <= CLOSE for each in others)
        lines += ["", f"Apart from these, {close} of {len(others)} that are not the systems' own: CPU seconds, which are as long as "
                  "the virtual machine is slow, and the first nodes of those that share one sender's link."]
    return lines
