"""A registry that limits its requests is asked at a pace: all layers arrive, in the time that its rate allows."""

import threading
import time

from ..integration.case import NAME, Case
from ..integration.library import REPOSITORY
from .limited_origin import LimitedOrigin

_LAYERS = 90
_IN_A_SECOND = 15
_MOST_SECONDS = 1.2 * _LAYERS / _IN_A_SECOND
_SLACK_SECONDS = 1.5  # of a busy machine: requests that arrive late come too close together, which costs a pause


class RateLimit(Case):
    def pull_all(self, agents, origin):
        """The image's manifest, then every blob by each agent, all at once; (seconds, statuses)."""
        for agent in agents:
            named = agent.registry.get(f"/v2/{REPOSITORY}/manifests/v1?ns={NAME}", timeout_seconds=60)
            self.assertEqual(named.body, origin.manifest)
        statuses = []

        def pull(agent, digest):
            answer = agent.registry.get(f"/v2/{REPOSITORY}/blobs/{digest}?ns={NAME}", timeout_seconds=60)
            statuses.append(200 if answer.body == origin.blobs[digest] else answer.status or "wrong")

        threads = [threading.Thread(target=pull, args=(agent, digest)) for digest in origin.blobs for agent in agents]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - started, statuses

    def assert_paced(self, retry_after):
        origin = LimitedOrigin(self.workspace, _LAYERS, _IN_A_SECOND, retry_after)
        tracker = self.tracker(origin.url)
        agents = self.agents(2, [tracker], origin.url)
        seconds, statuses = self.pull_all(agents, origin)
        self.assertEqual(statuses, [200] * 2 * _LAYERS)
        self.assertLessEqual(seconds, _MOST_SECONDS + _SLACK_SECONDS)
        self.assertEqual(len(origin.times), _LAYERS, "the tracker alone asks, each layer once")
        return tracker, origin

    def test_a_rate_limit_is_a_pace(self):
        tracker, origin = self.assert_paced(1)
        first = origin.refused[0]
        early = [at - first for at in origin.times + origin.refused if first + 0.3 < at < first + 1]
        self.assertEqual(early, [], "no request goes out before the time that the registry named")
        self.assertIn("origin: registry limits its requests", tracker.process.log())

    def test_a_rate_limit_without_a_time_is_one_too(self):
        self.assert_paced(None)

    def test_an_agent_alone_keeps_the_pace_as_well(self):
        origin = LimitedOrigin(self.workspace, 45, _IN_A_SECOND, 1)
        agents = self.agents(1, [], origin.url)
        seconds, statuses = self.pull_all(agents, origin)
        self.assertEqual(statuses, [200] * 45)
        self.assertLessEqual(seconds, 1.2 * 45 / _IN_A_SECOND + _SLACK_SECONDS)
