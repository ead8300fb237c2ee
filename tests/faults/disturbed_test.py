"""What a rollout over shaped links takes when it is disturbed in the middle, against one that is not."""

import os
import shutil
import statistics
import time
import unittest

from simulations.cluster.content import make_layer
from simulations.cluster.images import make_image
from simulations.cluster.network import Namespaces, why_not_namespaces
from simulations.cluster.processes import wait_until
from simulations.cluster.puller import PullFailed
from simulations.cluster.registry import Registry
from simulations.cluster.shoal import Agent, Tracker

from ..integration.case import Case, Puller
from ..integration.library import REPOSITORY

_NODES = 12
_RATE = 20_000_000 // 8     # bytes a second, of each node, the tracker and the origin
_LAYER_BYTES = 128 << 20    # a minute: who is without its tracker for 5 s of it loses 5 s
_CAPACITY = "700MiB"        # five of them: a layer of the last minutes is not evicted
_ROUNDS = 3
_AWAY_SECONDS = 5
_HEADERS = 1.06             # what a link carries for each byte of a layer


class Disturbed(Case):
    nightly = "disturbed"
    limit_seconds = 1_500

    def setUp(self):
        super().setUp()
        if why := why_not_namespaces():
            raise unittest.SkipTest(why)
        self.links = Namespaces()
        self.addCleanup(self.links.close)
        self.registry = Registry(self.workspace, self.links.add("source", _RATE), name="source")
        upstreams = {self.registry.authority: {"url": self.registry.endpoint.url}}
        self.tracker_node = Tracker(self.workspace, self.programs, self.links.add("tracker", _RATE), upstreams,
                                    _CAPACITY).start()
        self.node_agents = [Agent(self.workspace, self.programs, self.links.add(f"node{number}", _RATE), upstreams,
                                  [self.tracker_node], _CAPACITY).start() for number in range(1, _NODES + 1)]
        self.made = 0

    def roll_out(self, disturb):
        """Seconds of the last node that was left alone, and copies that left the origin."""
        self.made += 1
        tag = f"v{self.made}"
        layer = make_layer(self.workspace.directory("made"), _LAYER_BYTES, 11_000 + self.made, "plain")
        image = make_image([layer])
        self.registry.push_image(REPOSITORY, tag, image)
        before, _ = self.links.links["source"].carried()
        pullers = [Puller(self, agent, tag, upstream=self.registry.authority) for agent in self.node_agents]
        wait_until(lambda: min(puller.received_bytes for puller in pullers) > image.size // 3, 60, "a third is everywhere")
        hurt = disturb(self)
        for puller in pullers:
            outcome = puller.ended(120)
            if puller.agent not in hurt:
                self.assertNotIsInstance(outcome, PullFailed, f"{puller.agent.name}: {outcome}")
                self.assert_pulled(outcome, image)
        copies = (self.links.links["source"].carried()[0] - before) / _HEADERS / image.size
        for agent in hurt:
            agent.start()
        return max(puller.seconds for puller in pullers if puller.agent not in hurt), copies

    def restart_tracker(self, without=()):
        self.tracker_node.process.kill()
        for name in without:
            path = os.path.join(self.workspace.path, "tracker-store", name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        time.sleep(_AWAY_SECONDS)
        self.tracker_node.start()
        return []

    def lose_tracker(self):
        return self.restart_tracker(("layers", "partial", "swarm.key", "signing.key"))

    def kill_two(self):
        for agent in self.node_agents[:2]:
            agent.process.kill()
        return self.node_agents[:2]

    def test_a_disturbed_rollout_takes_little_longer_and_spares_the_origin(self):
        kinds = {"undisturbed": lambda _: [], "tracker back after 5 s": Disturbed.restart_tracker,
                 "tracker back without its store": Disturbed.lose_tracker, "two nodes killed": Disturbed.kill_two}
        runs = {name: [] for name in kinds}
        for _ in range(_ROUNDS):  # in turn: what the machine does to one it does to all
            for name, disturb in kinds.items():
                runs[name].append(self.roll_out(disturb))
        usual = statistics.median(seconds for seconds, _ in runs["undisturbed"])
        ratios, copies = {}, {}
        for name, results in runs.items():
            ratios[name] = statistics.median(seconds for seconds, _ in results) / usual
            copies[name] = max(copies for _, copies in results)
            print(f"     {name}: {', '.join(f'{seconds:.1f}' for seconds, _ in results)} s, median {ratios[name]:.3f} x "
                  f"undisturbed, at most {copies[name]:.2f} copies from the origin")
        self.assertLessEqual(ratios["tracker back after 5 s"], 1.15)
        self.assertLessEqual(ratios["two nodes killed"], 1.10)
        self.assertLessEqual(copies["tracker back after 5 s"], 1.1)
        self.assertLessEqual(copies["tracker back without its store"], 2)
