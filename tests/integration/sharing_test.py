"""Many at once: the origin is asked once, whoever asks and whoever goes away."""

import concurrent.futures
import hashlib

from simulations.cluster.processes import wait_until

from .case import Case, Puller
from .faulty_origin import FaultyOrigin, Rule


class ManyAtOnce(Case):
    def test_eight_agents_at_once_ask_the_origin_once_for_each_blob(self):
        image = self.library.medium()
        tracker, agents = self.cluster(8)
        pullers = [Puller(self, agent, "medium") for agent in agents]
        for puller in pullers:
            self.assert_pulled(puller.result(), image)
        self.assert_asked_once(image)
        self.assertEqual([agent.received()["origin"] for agent in agents], [0] * 8)
        self.assertLess(sum(agent.received()["seeder"] for agent in agents), 3 * image.size)
        self.assertGreaterEqual(tracker.seeded_bytes(), image.layers[0].size)

    def test_many_clients_of_one_agent_share_one_download(self):
        image = self.library.medium()
        _, agents = self.cluster(1)
        pullers = [Puller(self, agents[0], "medium") for _ in range(6)]
        for puller in pullers:
            self.assert_pulled(puller.result(), image)
        self.assert_asked_once(image)
        received = agents[0].received()
        self.assertLessEqual(received["peers"] + received["seeder"], image.size)

    def test_one_agent_gets_each_layer_once_when_its_tag_is_asked_for_by_many(self):
        image = self.library.small()
        _, agents = self.cluster(1)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            for pull in [pool.submit(self.pull, agents[0], "small") for _ in range(20)]:
                self.assert_pulled(pull.result(), image)
        self.assert_asked_once(image)


class GoingAway(Case):
    def test_a_cancelled_client_does_not_cancel_the_download(self):
        image = self.library.medium()
        layer = image.layers[0]
        slow = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        slow.rules = [Rule(f"GET .*{layer.digest}", rate=12 << 20)]
        _, agents = self.cluster(1, slow.url)
        connection = agents[0].registry.open()
        connection.request("GET", self.blob_path(layer.digest))
        connection.getresponse().read(100_000)
        connection.close()
        held = wait_until(lambda: self.held_layers(agents[0]) >= 1, 20, "the layer is held")
        self.assertTrue(held)
        answer = agents[0].registry.get(self.blob_path(layer.digest))
        self.assertEqual("sha256:" + hashlib.sha256(answer.body).hexdigest(), layer.digest)
        self.assertEqual(slow.gets(layer.digest), 1)

    @staticmethod
    def held_layers(agent):
        return agent.status()["store"]["layers"]
