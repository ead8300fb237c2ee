"""Agents that start while their node's runtime already wants an image."""

import concurrent.futures
import contextlib
import time

from simulations.cluster.processes import wait_until
from simulations.cluster.puller import Pull
from simulations.cluster.shoal import Agent

from ..integration.case import Case
from ..integration.library import REPOSITORY

_AGENTS = 20
_PATIENCE_SECONDS = 60


class Starts(Case):
    def starting_agents(self, trackers, count):
        agents = [Agent(self.workspace, self.programs, self.place(f"agent{number}"), self.upstreams(), trackers)
                  for number in range(1, count + 1)]
        for agent in agents:
            agent.start(wait=False)
        return agents

    def pull_when_open(self, agent):
        """As a runtime that is ordered behind the agent, or tries its mirror again and again."""
        due = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < due:
            with contextlib.suppress(ConnectionRefusedError):
                agent.place.connect(agent.registry.address, agent.registry.port).close()
                return Pull(agent.registry, self.origin.authority, REPOSITORY, "small").run()
            time.sleep(0.005)
        raise TimeoutError(f"{agent.name} does not open its registry port")

    def test_twenty_agents_that_start_and_pull_at_once_cost_the_origin_one_copy(self):
        image = self.library.small()
        tracker = self.tracker()
        agents = self.starting_agents([tracker], _AGENTS)
        with concurrent.futures.ThreadPoolExecutor(_AGENTS) as pool:
            for pull in pool.map(self.pull_when_open, agents):
                self.assert_pulled(pull, image)
        self.assertEqual([agent.metrics()["shoal_agent_pull_fallbacks_total"] for agent in agents], [0] * _AGENTS)
        wait_until(lambda: set(self.origin.gets_by_blob()) == set(image.blobs), 10, "the origin has logged all requests")
        self.assert_asked_once(image)

    def test_an_agent_whose_tracker_does_not_answer_serves_within_two_seconds(self):
        image = self.library.small()
        tracker = self.tracker()
        tracker.process.pause()
        started = time.monotonic()
        agent, = self.starting_agents([tracker], 1)
        self.assert_pulled(self.pull_when_open(agent), image)
        self.assertLess(time.monotonic() - started, 4)  # its start, a second, and a turn at the origin for each layer
        self.assertEqual(agent.admin.get("/readyz").status, 200)
        self.assertIn(b'"degraded"', agent.admin.get("/readyz").body)
