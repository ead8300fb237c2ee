"""Things break in the middle of a rollout: each ends in a right image or a clear failure within seconds, and no complete
response is ever wrong. The puller checks every byte of every complete response."""

import time

from simulations.cluster.processes import wait_until
from simulations.cluster.puller import Pull, PullFailed
from simulations.cluster.registry import Registry

from ..integration.case import Case, Puller
from ..integration.faulty_origin import FaultyOrigin, Rule
from ..integration.library import REPOSITORY

_SECONDS = 20  # what "within seconds" means for a failure


class WrongBytes(Case):
    def setUp(self):
        super().setUp()
        self.image = self.library.medium()
        self.layer = self.image.layers[0]
        self.proxy = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")

    def fault(self, **actions):
        self.proxy.rules = [Rule(f"GET .*/blobs/{self.layer.digest}", **actions)]

    def test_flipped_bytes_from_a_peer_never_reach_a_client(self):
        _, agents = self.cluster(3)
        self.assert_pulled(self.pull(agents[0], "medium"), self.image)
        with open(self.store_file(agents[0], self.layer.digest), "r+b") as file:
            for offset in range(0, self.layer.size, 16 << 10):  # at least one in every piece
                file.seek(offset)
                byte = file.read(1)
                file.seek(offset)
                file.write(bytes([byte[0] ^ 1]))
        pullers = [Puller(self, agent, "medium") for agent in agents[1:]]
        for puller in pullers:
            self.assert_pulled(puller.result(), self.image)
        corrupt = sum(agent.metrics()["shoal_agent_swarm_corrupt_pieces_total"] for agent in agents[1:])
        self.assertGreater(corrupt, 0, "the bad peer was never asked, so this run shows nothing")

    def test_an_origin_body_that_ends_early_once_still_gives_a_right_image(self):
        self.fault(truncate_at=self.layer.size // 3, times=1)
        _, agents = self.cluster(2, self.proxy.url)
        for puller in [Puller(self, agent, "medium") for agent in agents]:
            self.assert_pulled(puller.result(_SECONDS), self.image)

    def test_an_origin_whose_bodies_are_always_empty_is_a_clear_failure(self):
        self.fault(truncate_at=0)
        _, agents = self.cluster(1, self.proxy.url)
        self.assertIsInstance(Puller(self, agents[0], "medium").ended(60), PullFailed)

    def test_a_wrong_digest_at_the_origin_once_is_fetched_again(self):
        self.fault(corrupt_at=self.layer.size // 2, times=1)
        _, agents = self.cluster(2, self.proxy.url)
        outcomes = [puller.ended(60) for puller in [Puller(self, agent, "medium") for agent in agents]]
        for agent in agents:
            self.wait_until_idle(agent)
        for agent, outcome in zip(agents, outcomes):
            if isinstance(outcome, PullFailed):  # a client that already had bytes of the wrong stream is cut off
                self.assert_pulled(self.pull(agent, "medium"), self.image)
            else:
                self.assert_pulled(outcome, self.image)

    def test_a_wrong_digest_at_the_origin_is_never_a_complete_answer(self):
        self.fault(corrupt_at=self.layer.size // 2)
        tracker, agents = self.cluster(2, self.proxy.url)
        for puller in [Puller(self, agent, "medium") for agent in agents]:
            self.assertIsInstance(puller.ended(60), PullFailed)
        self.proxy.rules = []
        for agent in agents:  # a client that goes on after wrong bytes with right ones has a wrong layer, and knows it
            self.wait_until_idle(agent, tracker)
        for agent in agents:
            self.assert_pulled(self.pull(agent, "medium"), self.image)

    def test_a_wrong_small_layer_at_the_origin_is_never_a_complete_answer(self):
        self.proxy.rules = [Rule(f"GET .*/blobs/{self.image.layers[1].digest}", corrupt_at=100)]
        _, agents = self.cluster(1, self.proxy.url)
        self.assertIsInstance(Puller(self, agents[0], "medium").ended(60), PullFailed)
        self.proxy.rules = []
        self.wait_until_idle(agents[0])
        self.assert_pulled(self.pull(agents[0], "medium"), self.image)

    def test_an_origin_that_answers_503_is_a_clear_failure_within_seconds(self):
        self.fault(status=503)
        _, agents = self.cluster(1, self.proxy.url)
        puller = Puller(self, agents[0], "medium")
        self.assertIsInstance(puller.ended(_SECONDS), PullFailed)


class Deaths(Case):
    """The origin sends 24 MiB in three seconds, so that there is a middle to die in."""

    def setUp(self):
        super().setUp()
        self.image = self.library.medium()
        self.slow = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        self.slow.rules = [Rule(f"GET .*{self.image.layers[0].digest}", rate=4 << 20)]

    def wait_for_the_middle(self, pullers):
        wait_until(lambda: min(puller.received_bytes for puller in pullers) > self.image.size // 4, 20,
                   "a quarter has arrived everywhere")

    def test_a_killed_agent_does_not_hold_up_the_others(self):
        _, agents = self.cluster(5, self.slow.url)
        pullers = [Puller(self, agent, "medium") for agent in agents]
        self.wait_for_the_middle(pullers)
        agents[0].process.kill()
        self.assertIsInstance(pullers[0].ended(_SECONDS), PullFailed)
        for puller in pullers[1:]:
            self.assert_pulled(puller.result(_SECONDS), self.image)
        self.assertEqual(self.slow.gets(self.image.layers[0].digest), 1)

    def test_a_killed_agent_comes_back_and_pulls_a_right_image(self):
        _, agents = self.cluster(2, self.slow.url)
        pullers = [Puller(self, agent, "medium") for agent in agents]
        self.wait_for_the_middle(pullers)
        agents[0].process.kill()
        agents[0].start()
        self.assert_pulled(self.pull(agents[0], "medium"), self.image)
        self.assert_pulled(pullers[1].result(_SECONDS), self.image)

    def test_a_frozen_agent_does_not_hold_up_the_others(self):
        _, agents = self.cluster(5, self.slow.url)
        pullers = [Puller(self, agent, "medium") for agent in agents]
        self.wait_for_the_middle(pullers)
        agents[0].process.pause()
        for puller in pullers[1:]:
            self.assert_pulled(puller.result(_SECONDS), self.image)
        agents[0].process.resume()
        self.assert_pulled(pullers[0].result(_SECONDS), self.image)

    def test_a_killed_tracker_leaves_every_node_with_a_right_image(self):
        tracker, agents = self.cluster(4, self.slow.url)
        pullers = [Puller(self, agent, "medium") for agent in agents]
        self.wait_for_the_middle(pullers)
        tracker.process.kill()
        for puller in pullers:
            self.assert_pulled(puller.result(40), self.image)

    def test_an_agent_finds_the_origin_when_its_tracker_was_killed_before_the_pull(self):
        tracker, agents = self.cluster(1)
        tracker.process.kill()
        started = time.monotonic()
        self.assert_pulled(self.pull(agents[0], "medium"), self.image)
        self.assertLess(time.monotonic() - started, _SECONDS)

    def test_a_tracker_that_comes_back_with_its_store_serves_without_the_origin(self):
        tracker, agents = self.cluster(2)
        self.assert_pulled(self.pull(agents[0], "medium"), self.image)
        tracker.process.kill()
        tracker.start()
        wait_until(lambda: all(each["state"] == "up" for agent in agents for each in agent.status()["trackers"]), 30,
                   "the agents have their tracker again")
        self.origin.forget_requests()
        self.assert_pulled(self.pull(agents[1], "medium"), self.image)
        self.assertEqual(self.origin.gets_by_blob(), {})


class FrozenOrigin(Case):
    """The origin hangs after the image was pulled once: connections open, nothing answers."""

    def setUp(self):
        super().setUp()
        self.image = self.library.medium()
        self.own_origin = Registry(self.workspace, self.place("own"), name="own-registry")
        self.own_origin.push_image(REPOSITORY, "medium", self.image)

    def pull_by_digest(self, agent):
        return Pull(agent.registry, self.origin.authority, REPOSITORY, self.image.digest).run()

    def test_what_any_node_holds_is_served_while_the_origin_is_frozen(self):
        _, agents = self.cluster(2, self.own_origin.endpoint.url)
        self.assert_pulled(self.pull_by_digest(agents[0]), self.image)
        self.own_origin.process.pause()
        started = time.monotonic()
        self.assert_pulled(self.pull_by_digest(agents[0]), self.image)
        self.assert_pulled(self.pull_by_digest(agents[1]), self.image)
        self.assertLess(time.monotonic() - started, _SECONDS)

    def test_what_nobody_has_is_a_clear_failure_while_the_origin_is_frozen(self):
        _, agents = self.cluster(1, self.own_origin.endpoint.url)
        self.own_origin.process.pause()
        with self.assertRaises(PullFailed):
            self.pull_by_digest(agents[0])
