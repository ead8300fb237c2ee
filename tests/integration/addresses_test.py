"""Where nodes are and what they are called: IPv6 alone, several agents at one address, two agents of one name."""

import socket

from simulations.cluster.network import OneAddress
from simulations.cluster.processes import wait_until
from simulations.cluster.registry import Registry

from .case import Case, Puller
from .library import REPOSITORY


def _why_not_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        return f"no IPv6 here: {error}"
    return None


class AddressCase(Case):
    def assert_shared(self, agents, image):
        """Pulled by all at once, then by one that comes late: right everywhere, and layers pass between agents."""
        first, late = agents[:-1], agents[-1]
        for puller in [Puller(self, agent, "medium") for agent in first]:
            self.assert_pulled(puller.result(), image)
        self.assert_asked_once(image)
        self.assert_pulled(self.pull(late, "medium"), image)
        self.assert_asked_once(image)
        received = [agent.received() for agent in agents]
        self.assertEqual([each["origin"] for each in received], [0] * len(agents))
        self.assertGreater(sum(each["peers"] for each in received), image.size // 2)
        self.assertGreater(sum(each["seeder"] for each in received), 0)
        self.assertTrue(all(each["small"] > 0 for each in received), received)


class IPv6Only(AddressCase):
    """Everything at ::1: origin, tracker, seeder, agents; names with brackets wherever a host is written."""

    def setUp(self):
        super().setUp()
        if _why_not_ipv6():
            self.skipTest(_why_not_ipv6())
        self.image = self.library.medium()
        self.network = OneAddress("::1")
        self.origin = Registry(self.workspace, self.place("origin"), name="origin6")
        self.origin.push_image(REPOSITORY, "medium", self.image)
        self.origin.forget_requests()

    def test_an_image_is_shared_over_ipv6_alone(self):
        self.assertTrue(self.origin.authority.startswith("[::1]:"))
        tracker, agents = self.cluster(4)
        self.assert_shared(agents, self.image)
        self.assertEqual({each["address"] for each in tracker.known_agents()}, {"::1"})

    def test_an_upstream_in_brackets_is_the_path_s_first_part_too(self):
        _, agents = self.cluster(1)
        answer = agents[0].registry.get(f"/v2/{self.origin.authority}/{REPOSITORY}/blobs/{self.image.layers[1].digest}")
        self.assertEqual((answer.status, len(answer.body)), (200, self.image.layers[1].size))


class OnOneAddress(AddressCase):
    """Host networking, or a machine of a developer: only the ports differ."""

    def test_agents_at_one_address_share_an_image(self):
        image = self.library.medium()
        self.network = OneAddress(self.place("shared").address)
        tracker, agents = self.cluster(4)
        self.assert_shared(agents, image)
        self.assertEqual(len({each["swarm_port"] for each in tracker.known_agents()}), 4)


class OfOneName(AddressCase):
    """A node name that was copied with a configuration."""

    WARNING = "duplicate node name"

    def test_two_agents_of_one_name_both_work_and_the_tracker_says_so(self):
        image = self.library.medium()
        tracker = self.tracker()
        twins = self.agents(3, [tracker], settings={"node": {"name": "twin"}})
        self.assert_shared(twins, image)
        self.assertEqual([each["connected"] for each in tracker.known_agents()], [True] * 3)
        warnings = [fields for _, fields in tracker.events(self.WARNING)]
        self.assertEqual([fields["node"] for fields in warnings], ["twin"] * 2)
        known = {agent.swarm_address for agent in twins}
        for fields in warnings:
            self.assertLessEqual({fields["address"], fields["other"]}, known)
        self.assertEqual(len(tracker.events("agent connected")), 3, "nobody had to come back")

    def test_a_restarted_agent_is_no_second_one(self):
        tracker, agents = self.cluster(1)
        agents[0].process.kill()
        agents[0].start()
        wait_until(lambda: len(tracker.events("agent connected")) == 2, 20, "the agent is back")
        self.assertEqual(tracker.events(self.WARNING), [])
        self.assertEqual(len(tracker.known_agents()), 1)
