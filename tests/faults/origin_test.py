"""The origin is slow, hangs, or asks to be left alone: one fetch in the whole cluster, also while it is asked again."""

import time

from simulations.cluster.puller import PullFailed

from .rollout import Rollout

_CLEAR_FAILURE_SECONDS = 28  # a runtime gives up on its headers after 30 s


class Herd(Rollout):
    layer_seconds = 1

    def setUp(self):
        super().setUp()
        _, self.node_agents = self.cluster(self.nodes, self.origin_proxy.url)

    def pull_everywhere(self, *rules):
        """All nodes at once, the origin by these rules and then as it should be."""
        self.origin_proxy.rules = [*rules, self.slowly()]
        self.assert_all_pulled(self.start_pulls(self.node_agents))

    def asked_at(self):
        """When the layer was asked for, in seconds from the first time on."""
        times = [at for at, (method, path, _) in zip(self.origin_proxy.times, self.origin_proxy.requests)
                 if method == "GET" and self.layer.digest in path]
        return [at - times[0] for at in times]

    def test_an_origin_that_takes_eight_seconds_for_its_head_is_asked_once(self):
        self.pull_everywhere(self.rule(head_after=8, times=1))
        self.assertEqual(len(self.asked_at()), 1)
        self.assert_only_the_tracker_asked(self.node_agents, 1)

    def test_a_body_that_hangs_is_resumed_once_by_range(self):
        self.pull_everywhere(self.slowly(freeze_at=self.layer.size // 2, times=1))
        self.assertEqual(len(self.asked_at()), 2)
        self.assert_only_the_tracker_asked(self.node_agents, 1)

    def test_an_origin_that_is_overloaded_is_asked_again_when_it_said(self):
        self.pull_everywhere(self.rule(status=429, retry_after=3, times=2))
        asked = self.asked_at()
        self.assertEqual(len(asked), 3, asked)
        self.assertGreaterEqual(asked[1], 3)
        self.assertGreaterEqual(asked[2], 6)
        self.assert_only_the_tracker_asked(self.node_agents, 1)

    def test_an_origin_that_fails_three_times_is_asked_four_times(self):
        self.pull_everywhere(self.rule(status=503, times=3))
        self.assertEqual(len(self.asked_at()), 4)
        self.assert_only_the_tracker_asked(self.node_agents, 1)

    def test_an_origin_that_wants_a_long_rest_gets_it_and_every_pull_fails_clearly(self):
        self.origin_proxy.rules = [self.rule(status=429, retry_after=40)]
        started = time.monotonic()
        for puller in self.start_pulls(self.node_agents):
            self.assertIsInstance(puller.ended(_CLEAR_FAILURE_SECONDS), PullFailed)
        self.assertLess(time.monotonic() - started, _CLEAR_FAILURE_SECONDS)
        self.assertEqual(len(self.asked_at()), 1)
