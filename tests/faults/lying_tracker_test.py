"""The tracker lies: what it says can delay a layer, never make it wrong, and no node pays for it."""

import concurrent.futures
import time

from simulations.cluster.images import digest_of
from simulations.cluster.puller import PullFailed

from ..integration.case import Case, Puller
from .lying_tracker import (LIES, LyingTracker, says_another_size, says_that_the_origin_must_be_left_alone_for_ever,
                           tells_to_wait_for_ever)

_LONGEST_SECONDS = 100  # each blob may be waited for for as long as a runtime waits for its head


class LyingTrackers(Case):
    def setUp(self):
        super().setUp()
        self.image = self.library.medium()

    def pull_under(self, lie):
        tracker = LyingTracker(self.workspace, self.place("tracker"), lie)
        agents = self.agents(2, [tracker])
        started = time.monotonic()
        outcomes = [puller.ended(_LONGEST_SECONDS) for puller in [Puller(self, agent, "medium") for agent in agents]]
        self.assertGreater(tracker.joins, 0, "nobody asked it, so this run shows nothing")
        for agent in agents:
            self.assertEqual(agent.events("peer banned"), [])
        return outcomes, time.monotonic() - started

    def test_a_time_that_the_origin_is_said_to_ask_for_is_believed_and_told_at_once(self):
        outcomes, seconds = self.pull_under(says_that_the_origin_must_be_left_alone_for_ever)
        for outcome in outcomes:
            self.assertIsInstance(outcome, PullFailed)
        self.assertLess(seconds, 5)

    def test_pulls_end_right_under_a_tracker_that_tells_to_wait_for_ever(self):
        """All blobs are asked for at once: each waits for its time."""
        tracker = LyingTracker(self.workspace, self.place("tracker"), tells_to_wait_for_ever)
        agents = self.agents(2, [tracker])
        asks = [(agent, digest) for agent in agents for digest in self.image.blobs]
        with concurrent.futures.ThreadPoolExecutor(len(asks)) as pool:
            bodies = list(pool.map(lambda ask: ask[0].registry.get(self.blob_path(ask[1]), None, _LONGEST_SECONDS).body, asks))
        self.assertEqual([digest_of(body) for body in bodies], [digest for _, digest in asks])
        self.assertGreaterEqual(tracker.joins, len(asks))
        for agent in agents:
            self.assertEqual(agent.events("peer banned"), [])

    def test_the_size_of_a_layer_that_no_manifest_has_named_is_the_origins(self):
        agent, = self.agents(1, [LyingTracker(self.workspace, self.place("tracker"), says_another_size)])
        layer = self.image.layers[0]
        answer = agent.registry.get(self.blob_path(layer.digest), timeout_seconds=30)
        self.assertEqual((answer.status, len(answer.body), digest_of(answer.body)),
                         (200, self.image.blobs[layer.digest], layer.digest))


def _case_of(lie):
    def test(self):
        for outcome in self.pull_under(lie)[0]:
            self.assertNotIsInstance(outcome, PullFailed, outcome)
            self.assert_pulled(outcome, self.image)
    test.__doc__ = lie.__doc__
    return test


for _lie in LIES:
    setattr(LyingTrackers, f"test_pulls_end_right_under_a_tracker_that_{_lie.__name__}", _case_of(_lie))
