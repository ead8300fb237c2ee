"""The tracker dies, hangs or loses its memory in the middle of a rollout."""

import os
import shutil
import time

from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Tracker

from ..integration.faulty_origin import Rule
from .rollout import Rollout

_AWAY_SECONDS = 5
_KNOWN_AGAIN_SECONDS = 5


def wait_until_known_again(tracker, nodes):
    wait_until(lambda: sum(agent["connected"] for agent in tracker.known_agents()) == nodes, _KNOWN_AGAIN_SECONDS,
               "the tracker that came back knows all agents again")


class Restarts(Rollout):
    def restart_in_the_middle(self, forget=()):
        """A rollout whose tracker is killed and started again, without those parts of its store; all pulls end right."""
        tracker, agents = self.cluster(self.nodes, self.origin_proxy.url)
        pullers = self.start_pulls(agents)
        self.wait_for_the_middle(pullers)
        tracker.process.kill()
        for name in forget:
            _remove(os.path.join(self.workspace.path, "tracker-store", name))
        time.sleep(_AWAY_SECONDS)
        tracker.start()
        wait_until_known_again(tracker, self.nodes)
        self.assert_all_pulled(pullers)
        return agents

    def test_a_tracker_killed_in_mid_rollout_and_back_with_its_store_costs_no_second_copy(self):
        self.assert_only_the_tracker_asked(self.restart_in_the_middle(), 1.1)

    def test_a_tracker_back_without_its_store_and_keys_costs_one_further_copy(self):
        agents = self.restart_in_the_middle(("layers", "partial", "swarm.key", "signing.key"))
        self.assert_only_the_tracker_asked(agents, 2)

    def test_a_tracker_back_without_its_signing_key_is_believed_again(self):
        self.assert_only_the_tracker_asked(self.restart_in_the_middle(("signing.key",)), 1.1)

    def test_what_was_held_before_is_served_by_a_tracker_without_memory(self):
        tracker, agents = self.cluster(2, self.origin_proxy.url)
        self.assert_all_pulled(self.start_pulls(agents[:1]))
        tracker.process.kill()
        tracker.start()
        wait_until_known_again(tracker, 2)
        self.assert_all_pulled(self.start_pulls(agents[1:]))
        self.assert_only_the_tracker_asked(agents, 1)


class Losses(Rollout):
    layer_seconds = 1

    def lose_everything(self, settings=None):
        """A tracker without store, keys and memory, and two agents of which the first holds the image."""
        tracker = self.tracker(self.origin_proxy.url)
        agents = self.agents(2, [tracker], self.origin_proxy.url, settings)
        self.assert_all_pulled(self.start_pulls(agents[:1]))
        self.wait_until_idle(agents[0], tracker)
        tracker.process.kill()
        for name in os.listdir(os.path.join(self.workspace.path, "tracker-store")):
            _remove(os.path.join(self.workspace.path, "tracker-store", name))
        tracker.start()
        wait_until_known_again(tracker, 2)
        self.before = self.origin_proxy.sent_bytes(self.layer.digest)
        return tracker, agents

    def test_a_tracker_that_lost_everything_reads_from_agents_what_they_hold(self):
        tracker, agents = self.lose_everything()
        self.assert_all_pulled(self.start_pulls(agents[1:]))
        proof_bytes = self.origin_proxy.sent_bytes(self.layer.digest) - self.before  # nobody remembers whose the layer is
        self.assertLessEqual(proof_bytes, 70_000)
        self.assertGreaterEqual(tracker.metrics()["shoal_tracker_agents_received_bytes_total"], self.layer.size)

    def test_what_an_agent_holds_is_served_by_a_tracker_that_lost_everything_while_the_origin_is_down(self):
        """To whoever reaches the port: nobody else could say who may have it."""
        _, agents = self.lose_everything({"registry": {"access": "node"}})
        self.origin_proxy.rules = [Rule("/blobs/", status=503)]
        self.assert_all_pulled(self.start_pulls(agents[1:]))


def _remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


class Absences(Rollout):
    def test_a_tracker_frozen_for_three_seconds_sends_nobody_to_the_origin(self):
        tracker, agents = self.cluster(self.nodes, self.origin_proxy.url)
        pullers = self.start_pulls(agents)
        self.wait_for_the_middle(pullers)
        tracker.process.pause()
        time.sleep(3)
        tracker.process.resume()
        self.assert_all_pulled(pullers)
        self.assert_only_the_tracker_asked(agents, 1.1)

    def test_the_next_tracker_takes_over_a_rollout(self):
        trackers = [Tracker(self.workspace, self.programs, self.place(name), self.upstreams(self.origin_proxy.url)).start()
                    for name in ("tracker", "second")]
        agents = self.agents(3, trackers, self.origin_proxy.url)
        pullers = self.start_pulls(agents)
        self.wait_for_the_middle(pullers)
        owner = next(tracker for tracker in trackers
                     if any(layer["digest"] == self.layer.digest for layer in tracker.layers()))
        owner.process.kill()
        self.assert_all_pulled(pullers)
        self.assert_only_the_tracker_asked(agents, 2)

    def test_a_tracker_that_never_comes_back_leaves_every_node_with_a_right_image(self):
        tracker, agents = self.cluster(3, self.origin_proxy.url)
        pullers = self.start_pulls(agents)
        self.wait_for_the_middle(pullers)
        tracker.process.kill()
        self.assert_all_pulled(pullers)
