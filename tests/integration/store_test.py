"""A store that lasts: what a killed pull left is taken up, a full store or disk passes layers on, rot is found."""

import hashlib
import os
import subprocess
import unittest

from simulations.cluster.containerd import why_not_runc
from simulations.cluster.processes import wait_until

from .case import Case, Puller
from .faulty_origin import FaultyOrigin, Rule

_MIB = 1 << 20


class PartialLayers(Case):
    """The origin sends the large layer slowly enough for somebody to be killed in the middle of it."""

    def setUp(self):
        super().setUp()
        self.image = self.library.medium()
        self.layer = self.image.layers[0]
        self.proxy = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        self.proxy.rules = [Rule(f"GET .*/blobs/{self.layer.digest}", rate=6 * _MIB, times=1)]

    def wait_for_half(self, agent):
        def half():
            return any(row.get("contiguous_bytes", 0) > self.layer.size // 2 for row in agent.status()["pulls"])
        wait_until(half, 60, f"{agent.name} has half of the layer")

    def kill_at_half(self, agent):
        puller = Puller(self, agent, "medium")
        self.wait_for_half(agent)
        agent.process.kill()
        puller.ended()

    def test_an_agent_killed_in_mid_layer_asks_only_for_what_it_does_not_have(self):
        _, agents = self.cluster(1, self.proxy.url)
        self.kill_at_half(agents[0])
        agents[0].start()
        self.assert_pulled(self.pull(agents[0], "medium"), self.image)
        self.wait_until_idle(agents[0])
        resumed = agents[0].metrics()["shoal_agent_pull_resumed_bytes_total"]
        received = sum(agents[0].received().values())
        self.assertGreater(resumed, self.layer.size // 2)
        self.assertLess(received, sum(layer.size for layer in self.image.layers) - resumed + _MIB)

    def test_an_agent_without_tracker_goes_on_at_the_origin_by_range(self):
        agent = self.agents(1, [], self.proxy.url)[0]
        self.kill_at_half(agent)
        agent.start()
        self.assert_pulled(self.pull(agent, "medium"), self.image)
        ranges = [header for method, path, header in self.proxy.requests
                  if method == "GET" and path.endswith(self.layer.digest)]
        self.assertEqual(len(ranges), 2)
        self.assertGreater(int(ranges[1].removeprefix("bytes=").rstrip("-")), self.layer.size // 2)

    def test_bytes_that_the_disk_lost_are_asked_again(self):
        agent = self.agents(1, [], self.proxy.url)[0]
        self.kill_at_half(agent)
        path = os.path.join(self.workspace.path, f"{agent.name}-store", "partial",
                            self.layer.digest.replace(":", "-"))
        with open(path, "r+b") as file:
            file.seek(_MIB)
            file.write(bytes(_MIB))
        agent.start()
        self.assert_pulled(self.pull(agent, "medium"), self.image)

    def test_a_tracker_killed_while_an_agent_rechecks_what_it_has_costs_nobody_the_layer(self):
        image = self.library.large()
        self.layer = image.layers[0]
        self.proxy.rules = [Rule(f"GET .*/blobs/{self.layer.digest}", rate=60 * _MIB, times=1)]
        tracker, agents = self.cluster(1, self.proxy.url)
        puller = Puller(self, agents[0], "large")
        self.wait_for_half(agents[0])
        agents[0].process.kill()
        puller.ended()
        agents[0].start()
        again = Puller(self, agents[0], "large")
        wait_until(lambda: agents[0].status()["pulls"], 30, "the pull has begun")
        tracker.process.kill()
        tracker.start()
        self.assert_pulled(again.result(), image)

    def test_a_tracker_killed_in_mid_layer_asks_the_origin_for_the_rest(self):
        tracker, agents = self.cluster(1, self.proxy.url)
        puller = Puller(self, agents[0], "medium")
        self.wait_for_half(agents[0])
        tracker.process.kill()
        tracker.start()
        self.assert_pulled(puller.result(), self.image)
        self.wait_until_idle(agents[0], tracker)
        again = agents[0].received()
        self.assertLess(again["origin"] + tracker.seeded_bytes(), self.layer.size)


class Room(Case):
    """Less room than layers."""

    def digest_of(self, response):
        return "sha256:" + hashlib.sha256(response).hexdigest()

    def test_a_reader_reads_to_the_end_while_other_layers_want_its_room(self):
        first = self.library.medium()
        second = self.library.image("medium2", self.library.layer(24 * _MIB, seed=7))
        agent = self.agents(1, [], settings={"store": {"capacity": "30MiB"}})[0]
        self.assert_pulled(self.pull(agent, "medium"), first)
        layer = first.layers[0]
        connection = agent.registry.open()
        connection.request("GET", self.blob_path(layer.digest))
        response = connection.getresponse()
        start = response.read(_MIB)
        self.assert_pulled(self.pull(agent, "medium2"), second)
        self.assertEqual(self.digest_of(start + response.read()), layer.digest)
        connection.close()
        self.assertGreater(agent.metrics()["shoal_agent_pull_uncached_layers_total"], 0)

        def evicted():
            self.assert_pulled(self.pull(agent, "medium2"), second)
            return agent.metrics()["shoal_agent_store_used_bytes"] > 20 * _MIB and not self.holds(agent, layer)
        wait_until(evicted, 60, "the first layer has made room", step_seconds=0.2)
        self.assertLessEqual(agent.metrics()["shoal_agent_store_used_bytes"], 30 * _MIB)

    def holds(self, agent, layer):
        name = layer.digest.removeprefix("sha256:")
        return os.path.exists(os.path.join(self.workspace.path, f"{agent.name}-store", "layers", "sha256", name[:2], name))

    def test_layers_larger_than_the_capacity_pass_through(self):
        large, medium = self.library.large(), self.library.medium()
        tracker = self.tracker()
        agents = self.agents(2, [tracker], settings={"store": {"capacity": "8MiB"}})
        for agent in agents:
            self.assert_pulled(self.pull(agent, "medium"), medium)  # its layer in memory, through the swarm
            self.assert_pulled(self.pull(agent, "large"), large)    # too large for that
            self.wait_until_idle(agent)
            metrics = agent.metrics()
            self.assertLessEqual(metrics["shoal_agent_store_used_bytes"], 8 * _MIB)
            self.assertEqual(metrics["shoal_agent_store_reserved_bytes"], 0)

    def test_a_passed_through_layer_that_is_wrong_is_never_a_complete_answer(self):
        large = self.library.large()
        proxy = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        agent = self.agents(1, [], proxy.url, settings={"store": {"capacity": "8MiB"}})[0]
        layer = large.layers[0]
        proxy.rules = [Rule(f"GET .*/blobs/{layer.digest}", corrupt_at=layer.size // 2)]
        for header, length in ((None, layer.size), ("bytes=1-", layer.size - 1)):
            with self.assertRaises(Exception):  # the connection is cut
                answer = agent.registry.get(self.blob_path(layer.digest), headers={"Range": header} if header else {})
                self.assertEqual(len(answer.body), length)
        proxy.rules = []
        answer = agent.registry.get(self.blob_path(layer.digest), headers={"Range": "bytes=1000-1999"})
        with open(layer.path, "rb") as file:
            file.seek(1000)
            self.assertEqual((answer.status, answer.body), (206, file.read(1000)))

    @unittest.skipIf(why_not_runc(), "a small disk has to be mounted for this")
    def test_a_full_disk_passes_layers_through_and_keeps_again_once_there_is_room(self):
        disk = self.workspace.directory("disk")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        image = self.library.medium()
        tracker = self.tracker()
        agent = self.agents(1, [tracker], settings={"store": {"path": f"{disk}/store", "capacity": "1GiB"}})[0]
        self.assert_pulled(self.pull(agent, "medium"), image)
        self.wait_until_idle(agent)
        self.assertLess(agent.metrics()["shoal_agent_store_used_bytes"], 4 * _MIB)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        self.assert_pulled(self.pull(agent, "medium"), image)
        wait_until(lambda: agent.metrics()["shoal_agent_store_used_bytes"] > 24 * _MIB, 10, "the layer is kept")


class Held(Case):
    def test_a_held_layer_is_in_a_swarm_only_once_somebody_wants_it(self):
        image = self.library.medium()
        tracker, agents = self.cluster(2)
        self.assert_pulled(self.pull(agents[0], "medium"), image)
        self.wait_until_idle(agents[0])
        for program in (agents[0], tracker):
            program.process.end()
            program.start()
        wait_until(lambda: tracker.metrics()["shoal_tracker_connected_agents"] == 2, 30, "both agents are back")
        self.assertEqual(agents[0].metrics()["shoal_agent_swarm_layers"], 0)
        self.assert_pulled(self.pull(agents[1], "medium"), image)
        self.assertEqual(agents[0].metrics()["shoal_agent_swarm_layers"], 1)


class Scrubbing(Case):
    def test_a_layer_that_rots_on_the_disk_is_removed_and_pulled_anew(self):
        image = self.library.small()
        tracker = self.tracker()
        agent = self.agents(1, [tracker], settings={"store": {"scrub_every": "500ms", "scrub_rate": "1GiB/s"}})[0]
        self.assert_pulled(self.pull(agent, "small"), image)
        path = self.store_file(agent, image.layers[1].digest)
        with open(path, "r+b") as file:
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 1]))
        wait_until(lambda: agent.metrics()["shoal_agent_store_wrong_layers_total"] == 1, 30, "the scrub has found it")
        self.assertFalse(os.path.exists(path))
        self.assert_pulled(self.pull(agent, "small"), image)
