"""A rollout with a middle in which something can happen: the origin sends the one large layer slowly."""

import time

from simulations.cluster.processes import wait_until

from ..integration.case import Case, Puller
from ..integration.faulty_origin import FaultyOrigin, Rule

_LONGEST_SECONDS = 60


class Rollout(Case):
    """Use `self.origin_proxy` for what the origin does; `self.layer` is the large one of `self.image`."""

    layer_seconds = 6  # that the origin takes for the layer
    nodes = 6

    def setUp(self):
        super().setUp()
        self.image = self.library.medium()
        self.layer = self.image.layers[0]
        self.origin_proxy = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        self.origin_proxy.rules = [self.slowly()]

    def rule(self, **actions):
        """For requests of the layer."""
        return Rule(f"GET .*/blobs/{self.layer.digest}", **actions)

    def slowly(self, **actions):
        return self.rule(rate=self.layer.size // self.layer_seconds, **actions)

    def start_pulls(self, agents):
        return [Puller(self, agent, "medium") for agent in agents]

    def wait_for_the_middle(self, pullers):
        wait_until(lambda: min(puller.received_bytes for puller in pullers) > self.image.size // 4, 30,
                   "a quarter has arrived everywhere")

    def assert_all_pulled(self, pullers, seconds=_LONGEST_SECONDS):
        due = time.monotonic() + seconds
        for puller in pullers:
            self.assert_pulled(puller.result(max(0.1, due - time.monotonic())), self.image)

    def assert_only_the_tracker_asked(self, agents, copies):
        """No agent went to the origin, and the layer left it so many times at most."""
        own = {agent.name: agent.received()["origin"] for agent in agents}
        self.assertEqual(own, {agent.name: 0 for agent in agents})
        self.assertLessEqual(self.origin_proxy.sent_bytes(self.layer.digest), copies * self.layer.size)
