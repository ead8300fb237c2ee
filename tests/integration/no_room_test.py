"""Less room than a layer takes: a tracker still lets its agents share, an agent takes from its peers."""

import concurrent.futures
import hashlib
import os
import subprocess
import unittest

from simulations.cluster.containerd import why_not_runc
from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent

from .case import Case, Puller
from .ranges_test import Chunks

_MIB = 1 << 20
_CHUNK = 8 << 20  # containerd's own example


def _mounted(case, options):
    """A small disk of its own."""
    disk = case.workspace.directory("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True)
    case.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
    return f"{disk}/store"


class NoRoom(Case):
    def agent(self, name, tracker, store):
        """An agent with a store of its own kind."""
        trackers = [tracker] if tracker else []
        return Agent(self.workspace, self.programs, self.place(name), self.upstreams(), trackers,
                     settings={"store": store}).start()


class TrackerWithoutRoom(NoRoom):
    def assert_shared(self, image, tag, settings):
        tracker = self.tracker(settings={"store": settings})
        agents = self.agents(3, [tracker])
        for puller in [Puller(self, agent, tag) for agent in agents]:
            self.assert_pulled(puller.result(), image)
        self.assertEqual([agent.received()["origin"] for agent in agents], [0, 0, 0])
        self.assert_asked_once(image)
        self.assertGreater(tracker.metrics()["shoal_tracker_unstored_layers_total"], 0)
        self.assertIn("no room for a layer, seeded from memory", tracker.process.log())
        return tracker

    def test_a_layer_larger_than_the_trackers_capacity_leaves_the_origin_once(self):
        self.assert_shared(self.library.medium(), "medium", {"capacity": "20MiB"})

    def test_a_layer_larger_than_the_trackers_memory_leaves_the_origin_once(self):
        large = self.library.large()
        tracker = self.assert_shared(large, "large", {"capacity": "20MiB"})
        later = self.agent("later", tracker, {})
        self.assert_pulled(self.pull(later, "large"), large)
        self.assertEqual(later.received()["origin"], 0)
        self.assert_asked_once(large)

    @unittest.skipIf(why_not_runc(), "a small disk has to be mounted for this")
    def test_a_tracker_whose_disk_is_full_lets_the_cluster_share(self):
        path = _mounted(self, "size=4m")
        self.assert_shared(self.library.medium(), "medium", {"path": path, "capacity": "1GiB"})

    @unittest.skipIf(why_not_runc(), "a small disk has to be mounted for this")
    def test_a_tracker_without_inodes_lets_the_cluster_share(self):
        path = _mounted(self, "size=1g,nr_inodes=16")
        self.assert_shared(self.library.medium(), "medium", {"path": path})


class AgentWithoutRoom(NoRoom):
    def copies(self, tracker, agent, layer):
        """Of the layer, that left the origin."""
        read = tracker.seeded_bytes() if tracker else 0
        return (read + agent.received()["origin"]) / layer.size

    def test_it_takes_a_large_layer_from_its_peers_cold_and_warm(self):
        image = self.library.large()
        tracker = self.tracker()
        roomy = self.agent("roomy", tracker, {})
        small = self.agent("small", tracker, {"capacity": "32MiB"})
        for _ in ("cold", "warm"):
            for puller in [Puller(self, agent, "large") for agent in (roomy, small)]:
                self.assert_pulled(puller.result(), image)
        self.assertEqual(small.received()["origin"], 0)
        self.assert_asked_once(image)
        self.wait_until_idle(small)
        metrics = small.metrics()
        served = sum(value for name, value in metrics.items() if name.startswith("shoal_agent_served_bytes_total"))
        self.assertGreaterEqual(served, 2 * image.layers[0].size)
        self.assertEqual(metrics["shoal_agent_pull_failed_layers_total"], 0)
        self.assertEqual(metrics["shoal_agent_store_reserved_bytes"], 0)

    def assert_chunks(self, tracker, agent):
        """containerd's chunks, four at once: right, and little more than one copy leaves the origin."""
        image = self.library.large()
        layer = image.layers[0]
        self.pull_sizes(agent, image)
        chunks = Chunks(agent.registry, self.blob_path(layer.digest), layer.size)
        data = chunks.fetch_from(0)
        self.assertEqual("sha256:" + hashlib.sha256(data).hexdigest(), layer.digest)
        self.assertLessEqual(self.copies(tracker, agent, layer), 1.1)

    def pull_sizes(self, agent, image):
        """The manifest goes before, as in every pull."""
        path = self.blob_path(image.digest).replace("/blobs/", "/manifests/")
        self.assertEqual(agent.registry.get(path).status, 200)

    def test_chunks_of_a_layer_without_room_are_read_from_the_origin_once(self):
        self.assert_chunks(None, self.agent("alone", None, {"capacity": "32MiB"}))

    def test_bounded_chunks_of_a_layer_without_room_are_read_from_the_origin_once(self):
        agent = self.agent("alone", None, {"capacity": "32MiB"})
        layer = self.library.large().layers[0]

        def fetch(first):
            last = min(first + _CHUNK, layer.size) - 1
            answer = agent.registry.get(self.blob_path(layer.digest), headers={"Range": f"bytes={first}-{last}"})
            self.assertEqual(answer.status, 206)
            return answer.body

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            data = b"".join(pool.map(fetch, range(0, layer.size, _CHUNK)))
        self.assertEqual("sha256:" + hashlib.sha256(data).hexdigest(), layer.digest)
        self.assertLessEqual(self.copies(None, agent, layer), 1.1)

    def test_chunks_of_a_layer_without_room_come_from_the_cluster(self):
        tracker = self.tracker()
        agent = self.agent("small", tracker, {"capacity": "32MiB"})
        self.assert_chunks(tracker, agent)
        self.assertLess(agent.received()["origin"], self.library.large().layers[0].size / 10)


class Keys(NoRoom):
    @unittest.skipIf(why_not_runc(), "a small disk has to be mounted for this")
    def test_what_others_write_is_made_room_for(self):
        path = _mounted(self, "size=64m")
        image = self.library.medium()
        agent = self.agent("alone", None, {"path": path, "capacity": "50%", "min_free": "20%"})
        self.assert_pulled(self.pull(agent, "medium"), image)
        self.wait_until_idle(agent)
        metrics = agent.metrics()
        self.assertEqual(metrics["shoal_agent_store_capacity_bytes"], 32 * _MIB)
        self.assertGreater(metrics["shoal_agent_store_used_bytes"], 24 * _MIB)
        with open(os.path.join(os.path.dirname(path), "others"), "wb") as file:
            file.write(bytes(30 * _MIB))
        wait_until(lambda: agent.metrics()["shoal_agent_store_used_bytes"] < _MIB, 30, "the store has made room")
        self.assertGreater(agent.metrics()['shoal_agent_store_evicted_layers_total{cause="min_free"}'], 0)
        self.assertGreaterEqual(agent.metrics()["shoal_agent_store_free_bytes"], 12 * _MIB)
