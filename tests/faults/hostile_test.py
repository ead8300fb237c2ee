"""Nodes that do harm in a swarm: every pull ends right and in time, and no honest node pays for it."""

import statistics

from simulations.cluster.cpu import CpuShare
from simulations.cluster.processes import wait_until
from simulations.cluster.puller import PullFailed

from ..integration.case import Case, Puller
from ..integration.library import REPOSITORY
from .hostile import BEHAVIOURS, HostileNode, stay_silent

_MIB = 1 << 20
_MOST_MEMORY = 600 * _MIB  # of an agent with sanitizers; without them a tenth


class Hostile(Case):
    layer_bytes = 16 * _MIB

    def setUp(self):
        super().setUp()
        self.rollouts = 0

    def new_image(self):
        """One layer that nobody has yet."""
        self.rollouts += 1
        tag = f"hostile-{self.layer_bytes}-{self.rollouts}"
        return tag, self.library.image(tag, self.library.layer(self.layer_bytes, False, seed=5_000 + self.rollouts))

    def hostile_nodes(self, tracker, behaviours):
        return [HostileNode(self.workspace, self.place(f"hostile{number}"), tracker, behaviour)
                for number, behaviour in enumerate(behaviours)]

    def roll_out(self, agents, hostile=()):
        """One image on all agents; the seconds that each took."""
        tag, image = self.new_image()
        for node in hostile:
            node.join(image.layers[0].digest, self.origin.authority, REPOSITORY)
        pullers = [Puller(self, agent, tag) for agent in agents]
        for puller in pullers:
            outcome = puller.ended(60)
            self.assertNotIsInstance(outcome, PullFailed, f"{puller.agent.name}: {outcome}")
            self.assert_pulled(outcome, image)
        return [puller.seconds for puller in pullers]

    def assert_only_they_were_banned(self, hostile, agents):
        """By address: a name is anybody's word."""
        for agent in agents:
            banned = {fields["host"] for _, fields in agent.events("peer banned") + agent.events("peer banned by the cluster")}
            self.assertEqual(banned - {node.address for node in hostile}, set())


class OneKind(Hostile):
    """Three honest nodes among as many of one kind; what it costs is bounded by the time limit alone."""

    def roll_out_among(self, behaviour):
        tracker, agents = self.cluster(3)
        hostile = self.hostile_nodes(tracker, [behaviour] * 3)
        for _ in range(2):
            self.roll_out(agents, hostile)
        self.assertGreater(sum(node.connections for node in hostile), 0, "nobody met them, so this run shows nothing")
        self.assert_only_they_were_banned(hostile, agents)
        for agent in agents:
            self.assertLess(_memory_bytes(agent.process.id), _MOST_MEMORY)


def _memory_bytes(process_id):
    with open(f"/proc/{process_id}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS:"))


def _case_of(behaviour):
    def test(self):
        self.roll_out_among(behaviour)
    test.__doc__ = behaviour.__doc__
    return test


for _behaviour in BEHAVIOURS:
    setattr(OneKind, f"test_pulls_end_right_among_nodes_that_{_behaviour.__name__}", _case_of(_behaviour))


class Speechless(Hostile):
    def test_a_connection_on_which_our_extension_is_not_spoken_is_closed(self):
        tracker, agents = self.cluster(1)
        node, = self.hostile_nodes(tracker, [stay_silent])
        tag, image = self.new_image()
        digest = image.layers[0].digest
        puller = Puller(self, agents[0], tag)
        self.assert_pulled(puller.result(60), image)
        node.join(digest, self.origin.authority, REPOSITORY)
        wait_until(lambda: node.peers.get(digest), 10, "the tracker names somebody")
        for connection in [node.knock(digest, address) for address in set(node.peers[digest])]:
            self.assertTrue(connection.ended_within(25))


class HalfHostile(Hostile):
    """Half of twelve nodes do harm, each in its own way: 50 pulls take at most twice as long as among friends.

    What our nodes send is limited, so that the links set the pace. Without a limit the CPUs do, and the hostile nodes,
    which run on the same ones, take theirs.
    """

    layer_bytes = 32 * _MIB
    limit_seconds = 1_200
    nightly = "hostile"
    pulls = 50
    upload_limit = "6MiB/s"  # about 50 Mbit/s

    def test_fifty_pulls_take_at_most_twice_as_long_as_among_friends(self):
        tracker = self.tracker(settings={"seeder": {"upload_limit": self.upload_limit}})
        agents = self.agents(6, [tracker], settings={"swarm": {"upload_limit": self.upload_limit}})
        rounds = -(-self.pulls // len(agents))
        clean = [max(self.roll_out(agents)) for _ in range(rounds)]
        hostile = self.hostile_nodes(tracker, BEHAVIOURS[:6])
        cpu = CpuShare()
        among = [max(self.roll_out(agents, hostile)) for _ in range(rounds)]
        print(f"     last node: {statistics.median(clean):.2f} s among friends, {statistics.median(among):.2f} s with half of "
              f"the nodes hostile, medians of {rounds}; worst {max(among):.2f} s, CPUs {cpu.so_far():.0%} busy; each node "
              f"sends at most {self.upload_limit}")
        self.assert_only_they_were_banned(hostile, agents)
        self.assertLessEqual(statistics.median(among), 2 * statistics.median(clean))


class AllHostile(Hostile):
    def test_a_node_among_enemies_alone_gets_a_right_image(self):
        tracker, agents = self.cluster(1)
        clean = max(self.roll_out(agents))
        hostile = self.hostile_nodes(tracker, BEHAVIOURS)
        among = max(self.roll_out(agents, hostile))
        print(f"     {clean:.2f} s among friends, {among:.2f} s among enemies alone")
        self.assertLess(among, clean + 10)  # the promise is 5 s; a sanitizer's build on a busy machine takes longer
