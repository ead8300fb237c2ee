"""Where each mode wins, said plainly: for each scenario the best in each respect, and how far the others are."""

import dataclasses

from .table import groups

# Closer than this two medians are not told apart: two runs of the whole suite agree within 5 %.
INDISTINGUISHABLE = 0.05


@dataclasses.dataclass(frozen=True)
class Respect:
    """Something in which less is better."""

    name: str
    figure: str
    unit: str
    digits: int


RESPECTS = (
    Respect("last node", "makespan_seconds", "s", 2),
    Respect("half of the nodes", "p50_seconds", "s", 2),
    Respect("first byte", "first_byte_p50_seconds", "s", 2),
    Respect("bytes from the origin", "origin_multiple", "x", 2),
    Respect("CPU of the whole machine", "machine_cpu_seconds_per_gib", "s/GiB", 1),
)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """In one scenario and respect: (mode, figure) of all, best first; `best` are those that cannot be told apart."""

    scenario: str
    respect: Respect
    best: tuple
    others: tuple

    def text(self):
        best = " and ".join(self._each(self.best))
        return f"{self.respect.name}: {best}" + (f"; then {', '.join(self._each(self.others))}" if self.others else "")

    def _each(self, modes):
        return [f"{mode} {figure:.{self.respect.digits}f} {self.respect.unit}" for mode, figure in modes]


def verdicts(results):
    """The Verdicts of all scenarios in which at least two modes have a result that counts."""
    found = []
    for scenario, members in groups(results).items():
        for respect in RESPECTS:
            ranked = sorted(((result["mode"], result[respect.figure]) for result in members
                             if not result["void"] and result[respect.figure] is not None), key=lambda each: each[1])
            if len(ranked) > 1:
                found.append(_verdict(scenario, respect, ranked))
    return found


def wins(results):
    """{mode: {respect's name: [scenarios in which it alone is best]}}."""
    won = {}
    for verdict in verdicts(results):
        if len(verdict.best) == 1:
            mode = verdict.best[0][0]
            won.setdefault(mode, {}).setdefault(verdict.respect.name, []).append(verdict.scenario)
    return won


def _verdict(scenario, respect, ranked):
    limit = ranked[0][1] * (1 + INDISTINGUISHABLE)
    best = tuple(each for each in ranked if each[1] <= limit)
    return Verdict(scenario, respect, best, tuple(ranked[len(best):]))
