"""kill -9 at random moments of rollouts: what any program shows on its disk is right, and what it said that it holds is there."""

import os
import random
import shutil
import time

from simulations.cluster.puller import PullFailed

from ..integration.case import Case, Puller
from ..integration.faulty_origin import FaultyOrigin, Rule
from .layers_on_disk import visible_layers, wrong_layers

_MIB = 1 << 20
_IMAGES = 8                # then all stores are emptied, and these are pulled again
_AGENTS = 4
_RATE = 6 * _MIB           # of the origin, bytes a second: a layer takes more than a second
_LONGEST_PULL_SECONDS = 60


class Watched:
    """A program that is killed, looked at and started again."""

    def __init__(self, case, program, event):
        self.program = program
        self.store = os.path.join(case.workspace.path, f"{program.name}-store")
        self._event = event
        self._case = case
        self._said = set()  # digests that it held, by its own word

    def kill(self):
        self.program.process.kill()
        self._said |= {fields["digest"] for _, fields in self.program.events(self._event)}
        self._check()

    def _check(self):
        """Nothing else writes there now."""
        visible = visible_layers(self.store)
        self._case.assertEqual(wrong_layers(visible), set(), f"{self.program.name} shows wrong layers")
        self._case.assertEqual(self._said - set(visible), set(), f"{self.program.name} lost what it said that it holds")

    def empty(self):
        """All of its store but the keys; it does not run."""
        self._said = set()
        for name in ("layers", "partial"):
            shutil.rmtree(os.path.join(self.store, name), ignore_errors=True)

    def resumed_bytes(self):
        return sum(int(fields.get("from_partial_bytes", 0)) for _, fields in self.program.events("layer held"))


class Kills(Case):
    kills = 30
    limit_seconds = 400

    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("SHOAL_SEED", time.time_ns() % 1_000_000))
        self.random = random.Random(self.seed)
        self.images = [self.library.image(f"kills-{number}", self.library.layer(8 * _MIB, False, seed=2_000 + number),
                                          self.library.layer(90 << 10, False, seed=3_000 + number))
                       for number in range(_IMAGES)]
        proxy = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        proxy.rules = [Rule("GET .*/blobs/", rate=_RATE)]
        tracker, self.node_agents = self.cluster(_AGENTS, proxy.url)
        self.watched = [Watched(self, tracker, "layer stored")]
        self.watched += [Watched(self, agent, "layer held") for agent in self.node_agents]
        self.done = self.resumed_bytes = 0

    def test_no_layer_on_any_disk_is_ever_wrong_and_none_that_was_held_is_lost(self):
        started = time.monotonic()
        number = 0
        while self.done < self.kills:
            self.roll_out(number % _IMAGES)
            number += 1
            if number % _IMAGES == 0:
                self.empty_all()
        print(f"     {self.done} kills in {number} rollouts, seed {self.seed}, {self.resumed_bytes >> 20} MiB resumed, "
              f"{time.monotonic() - started:.0f} s")
        self.assertGreater(self.resumed_bytes, 0, "no kill hit the middle of a layer, so this run shows little")

    def roll_out(self, number):
        """One image to all nodes while programs are killed; then all of them have it."""
        image, tag = self.images[number], f"kills-{number}"
        pullers = [Puller(self, agent, tag) for agent in self.node_agents]
        killed = set()
        for _ in range(self.random.randint(1, 4)):
            time.sleep(self.random.uniform(0, 0.7))
            victim = self.random.choice(self.watched)
            self.kill(victim)
            victim.program.start(wait=False)
            killed.add(victim.program)
        for each in self.watched:
            each.program.wait_ready()
        for agent, puller in zip(self.node_agents, pullers):
            outcome = puller.ended(_LONGEST_PULL_SECONDS)
            if agent in killed and isinstance(outcome, PullFailed):
                outcome = self.pull(agent, tag)
            self.assertNotIsInstance(outcome, PullFailed, f"{agent.name} was not killed, seed {self.seed}: {outcome}")
            self.assert_pulled(outcome, image)

    def empty_all(self):
        for each in self.watched:
            self.kill(each)
            each.empty()
        for each in self.watched:
            each.program.start(wait=False)
        for each in self.watched:
            each.program.wait_ready()

    def kill(self, victim):
        self.resumed_bytes += victim.resumed_bytes()
        victim.kill()
        self.done += 1


class ManyKills(Kills):
    kills = 1_000
    limit_seconds = 3_500
    nightly = "kills"
