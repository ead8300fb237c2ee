"""IPv4 and IPv6 in one cluster, each node in a network namespace of its own: the defaults of the `listen` keys serve both."""

import types

from simulations.cluster.network import Namespaces, authority, why_not_namespaces
from simulations.cluster.registry import Registry
from simulations.cluster.shoal import Agent, Tracker

from .case import Case, Puller
from .library import REPOSITORY


class Families(Case):
    def setUp(self):
        super().setUp()
        if reason := why_not_namespaces():
            self.skipTest(f"no network namespaces here: {reason}")
        self.network = Namespaces()
        self.addCleanup(self.network.close)
        self.addCleanup(self._end_programs)
        self.image = self.library.medium()

    def origin_at(self, place):
        self.origin = Registry(self.workspace, place, name="origin-of-families")
        self.origin.push_image(REPOSITORY, "medium", self.image)
        self.origin.forget_requests()

    def tracker_at(self, place):
        """On the wildcard of both families, as the seeder's default is."""
        control, seeder = place.free_port(), place.free_port()
        settings = {"control": {"listen": f"[::]:{control}"}, "seeder": {"listen": f"[::]:{seeder}", "advertise": ""}}
        tracker = Tracker(self.workspace, self.programs, place, self.upstreams(), settings=settings)
        tracker.start()
        self.control_port = control
        return tracker

    def agent_at(self, place, tracker_address):
        pieces, small = place.free_port(), place.free_port()
        settings = {"swarm": {"listen": f"[::]:{pieces}", "http_listen": f"[::]:{small}", "advertise": ""}}
        url = f"http://{authority(tracker_address, self.control_port)}"
        tracker = types.SimpleNamespace(control=types.SimpleNamespace(url=url))
        return Agent(self.workspace, self.programs, place, self.upstreams(), [tracker], settings=settings).start()

    def assert_one_copy(self, agents):
        for puller in [Puller(self, agent, "medium") for agent in agents]:
            self.assert_pulled(puller.result(), self.image)
        self.assert_asked_once(self.image)
        self.assertEqual([agent.received()["origin"] for agent in agents], [0] * len(agents))

    def test_nodes_of_ipv4_and_nodes_of_ipv6_share_one_copy_through_a_tracker_of_both(self):
        four = self.network.add("tracker", None)
        six = self.network.with_ipv6(four, alone=False)
        self.origin_at(self.network.add("origin", None))
        self.tracker_at(four)
        agents = [self.agent_at(self.network.add(f"four{number}", None), four.address) for number in (1, 2)]
        for number in (1, 2):
            place = self.network.with_ipv6(self.network.add(f"six{number}", None), alone=True)
            agents.append(self.agent_at(place, six.address))
        self.assert_one_copy(agents)

    def test_a_cluster_of_ipv6_alone_needs_no_other_listen_keys(self):
        def place(name):
            return self.network.with_ipv6(self.network.add(name, None), alone=True)
        self.origin_at(place("origin"))
        tracker = place("tracker")
        self.tracker_at(tracker)
        self.assert_one_copy([self.agent_at(place(f"six{number}"), tracker.address) for number in (1, 2)])
