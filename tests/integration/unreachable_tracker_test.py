"""A tracker that cannot be used is told within seconds: by one log line with the cause, by metrics and by the status."""

from simulations.cluster.network import authority
from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent

from .case import Case

_TOLD_SECONDS = 15  # 5 s without a connection, and the next dial after that


class UnreachableTrackers(Case):
    def agent_of(self, *urls, settings=None):
        settings = {"trackers": {"urls": list(urls), "plaintext": True}, **(settings or {})}
        agent = Agent(self.workspace, self.programs, self.place("agent"), self.upstreams(), settings=settings)
        return agent.start()

    def warning(self, agent, url):
        """The first warning of this tracker."""
        def found():
            lines = agent.process.log().splitlines()
            return [line for line in lines if "warning link: tracker not reached" in line and f"tracker={url} " in line]
        return wait_until(found, _TOLD_SECONDS, f"{agent.name} tells of {url}")[0]

    def test_each_way_of_being_wrong_has_a_cause_of_its_own(self):
        nowhere = self.place("nowhere")
        frozen = self.tracker()
        causes = {
            "http://no-such-tracker.invalid:7080": "resolve no-such-tracker.invalid",
            f"http://{authority(nowhere.address, nowhere.free_port())}": "Connection refused",
            self.origin.endpoint.url: "answers HTTP 404 and does not speak shoal.v1",
            frozen.control.url: "takes the connection and does not answer",
        }
        frozen.process.pause()
        agent = self.agent_of(*causes)
        for url, cause in causes.items():
            line = self.warning(agent, url)
            self.assertIn(cause, line)
            self.assertIn("next=", line)
            self.assertEqual(agent.metrics()[f'shoal_agent_tracker_up{{tracker="{url}"}}'], 0)
            self.assertGreater(agent.metrics()[f'shoal_agent_tracker_failed_dials_total{{tracker="{url}"}}'], 0)
        for row in agent.status()["trackers"]:
            self.assertEqual(row["state"], "down")
            self.assertIn(causes[row["url"]], row["last_cause"])
            self.assertGreaterEqual(row["for_seconds"], 5)

    def test_an_agent_that_the_tracker_refuses_says_why_and_the_tracker_names_it(self):
        tracker = self.tracker()
        agent = self.agent_of(tracker.control.url, settings={"node": {"name": "node/2"}})
        line = self.warning(agent, tracker.control.url)
        self.assertIn("the tracker refuses this node: ", line)
        self.assertIn("a node name is letters", line)
        refusals = [each for each in tracker.process.log().splitlines() if "warning tracker: agent refused" in each]
        self.assertIn("node=node/2 ", refusals[0])
        self.assertIn("a node name is letters", refusals[0])

    def test_a_tracker_that_stops_says_so(self):
        tracker = self.tracker()
        agent = self.agent_of(tracker.control.url)
        wait_until(agent.connected, 20, "the agent is connected")
        self.assertEqual(tracker.process.end(), 0)
        wait_until(lambda: "the tracker is stopping" in agent.process.log(), 10, "the agent tells it")
