"""An hour of rollouts: no program grows, and nothing goes wrong."""

import os
import re
import statistics
import time

from ..integration.case import Case, Puller

_MIB = 1 << 20
_AGENTS = 4
_IMAGES = 12
_IMAGE_BYTES = (12 * _MIB, 2 * _MIB, 60 << 10)
_CAPACITY = "100MiB"       # seven images: each rollout evicts another one
_PAUSE_SHARE = 1.0         # of what a rollout took, before the next one: half load
_MOST_DRIFT = 0.02
_MOST_DESCRIPTORS = 2      # more or less: connections of readers come and go


class Soak(Case):
    nightly = "soak"
    minutes = 55
    warm_up_minutes = 10
    limit_seconds = 3_600

    def setUp(self):
        super().setUp()
        self.images = {f"soak-{number}": self.library.image(
            f"soak-{number}", *(self.library.layer(size, False, seed=9_000 + 10 * number + position)
                                for position, size in enumerate(_IMAGE_BYTES))) for number in range(_IMAGES)}

    def test_an_hour_of_rollouts_leaves_every_program_as_large_as_it_was(self):
        store = {"store": {"capacity": _CAPACITY}}
        tracker = self.tracker(settings=store)
        agents = self.agents(_AGENTS, [tracker], settings=store)
        programs = {each.name: each for each in (tracker, *agents)}
        started, rollouts, samples = time.monotonic(), 0, []
        while time.monotonic() < started + 60 * self.minutes:
            began = time.monotonic()
            tag = f"soak-{rollouts % _IMAGES}"
            for puller in [Puller(self, agent, tag) for agent in agents]:
                self.assert_pulled(puller.result(60), self.images[tag])
            rollouts += 1
            time.sleep(_PAUSE_SHARE * (time.monotonic() - began))
            if time.monotonic() > started + 60 * self.warm_up_minutes:
                samples.append({name: _size_of(program) for name, program in programs.items()})
        self.compare(samples, rollouts)

    def compare(self, samples, rollouts):
        """The last tenth of the samples against the first one."""
        tenth = max(5, len(samples) // 10)
        grown = []
        for name in samples[0]:
            for what in ("memory", "descriptors", "threads"):
                before = statistics.median(sample[name][what] for sample in samples[:tenth])
                after = statistics.median(sample[name][what] for sample in samples[-tenth:])
                print(f"     {name}: {what} {before:g}, then {after:g}, over {rollouts} rollouts")
                allowed = {"memory": _MOST_DRIFT * before, "descriptors": _MOST_DESCRIPTORS, "threads": 0}[what]
                if after - before > allowed:
                    grown.append(f"{what} of {name}")
        self.assertEqual(grown, [], "more than before")


def _size_of(program):
    """Descriptors without those of swarms, one for each neighbour and two for each layer: which are connected is up to chance."""
    directory = f"/proc/{program.process.id}"
    with open(f"{directory}/status", encoding="ascii") as file:
        status = dict(line.split(":", 1) for line in file)
    opened = len(os.listdir(f"{directory}/fd"))
    in_swarms = _metric(program, "swarm_connections") + 2 * _metric(program, "swarm_layers")
    return {"memory": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]), "descriptors": opened - in_swarms}


def _metric(program, name):
    """A metric of an agent or of a tracker; 0 when the program has none of this name."""
    return sum(value for key, value in program.metrics().items() if re.fullmatch(f"shoal_(agent|tracker)_{name}", key))
