"""A tracker that is silent: its connections stay open, and nothing comes. A frozen process is as a host that lost its power."""

import concurrent.futures
import time

from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Tracker

from ..integration.case import Case
from ..integration.library import REPOSITORY

_NOTICED_SECONDS = 0.75  # first_ping + pong of shared/control/timing.hpp
_SPREAD_SECONDS = 0.5   # of those who turn to the origin
_SLACK_SECONDS = 1      # of a machine that does other things too


class SilentTrackers(Case):
    def setUp(self):
        super().setUp()
        image = self.library.forty_layers()
        large = [layer for layer in image.layers if layer.size > 256 << 10]
        small = [layer for layer in image.layers if layer.size < 256 << 10]
        self.layers = large[:3] + small[:9]

    def two_trackers(self, agents):
        trackers = [Tracker(self.workspace, self.programs, self.place(name), self.upstreams()).start()
                    for name in ("tracker", "second")]
        return trackers, self.agents(agents, trackers)

    def fetch(self, agent, layer):
        """Seconds that a whole layer takes, through one agent."""
        started = time.monotonic()
        answer = agent.registry.get(self.blob_path(layer.digest), timeout_seconds=60)
        self.assertEqual((answer.status, len(answer.body)), (200, layer.size))
        return time.monotonic() - started

    def fetch_everywhere(self, agents, layer):
        """Seconds of the slowest of all agents, which ask for the layer at once."""
        with concurrent.futures.ThreadPoolExecutor(len(agents)) as pool:
            return max(pool.map(lambda agent: self.fetch(agent, layer), agents))

    def copies(self):
        """How often each layer was asked for at the origin."""
        gets = self.origin.gets_by_blob()
        return [gets.get(layer.digest, 0) for layer in self.layers]

    def test_the_next_tracker_takes_over_from_a_frozen_one_for_one_copy_of_each_layer(self):
        trackers, agents = self.two_trackers(4)
        trackers[0].process.pause()
        times = [self.fetch_everywhere(agents, layer) for layer in self.layers]
        wait_until(lambda: sum(self.copies()) >= len(self.layers), 10, "the origin has logged all requests")
        self.assertEqual(self.copies(), [1] * len(self.layers))
        self.assertLess(max(times), _NOTICED_SECONDS + _SLACK_SECONDS, times)
        late = [seconds for seconds in times if seconds > _NOTICED_SECONDS]
        self.assertLessEqual(len(late), 1, times)  # whoever met the frozen one first

    def test_without_another_tracker_the_first_layer_loses_a_second_and_the_next_ones_nothing(self):
        tracker, (agent,) = self.cluster(1)
        tracker.process.pause()
        first, *rest = [self.fetch(agent, layer) for layer in self.layers[:6]]
        self.assertLess(first, _NOTICED_SECONDS + _SPREAD_SECONDS + _SLACK_SECONDS)
        self.assertLess(max(rest), _SPREAD_SECONDS + _SLACK_SECONDS, rest)
        self.assertTrue(self.has_told(agent, "tracker silent"), agent.process.log_tail())

    def has_told(self, agent, event):
        return f" link: {event} " in agent.process.log()

    def test_a_tracker_that_goes_on_is_used_again(self):
        tracker, agents = self.cluster(2)
        tracker.process.pause()
        self.fetch_everywhere(agents, self.layers[0])
        tracker.process.resume()
        wait_until(lambda: all(self.has_told(agent, "tracker heard again") for agent in agents), 10, "the tracker is heard again")
        self.origin.forget_requests()
        for layer in self.layers[1:4]:
            self.fetch_everywhere(agents, layer)
        wait_until(lambda: sum(self.copies()[1:4]) >= 3, 10, "the origin has logged all requests")
        self.assertEqual(self.copies()[1:4], [1, 1, 1])

    def test_a_tag_is_asked_of_the_next_tracker(self):
        trackers, (agent,) = self.two_trackers(1)
        image = self.library.forty_layers()
        path = f"/v2/{REPOSITORY}/manifests/forty?ns={self.origin.authority}"
        for frozen, other in (trackers, reversed(trackers)):
            asked = other.metrics()["shoal_tracker_resolves_total"]
            frozen.process.pause()
            answer = agent.registry.request("HEAD", path, headers={"Accept": image.media_type})
            self.assertEqual((answer.status, answer.headers["Docker-Content-Digest"]), (200, image.digest))
            self.assertEqual(other.metrics()["shoal_tracker_resolves_total"], asked + 1)
            frozen.process.resume()
            wait_until(lambda: all(link["state"] == "up" for link in agent.status()["trackers"]), 10, "both are up again")
