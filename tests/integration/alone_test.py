"""An agent without trackers: a plain pull-through cache."""

from .case import Case, Puller
from .faulty_origin import FaultyOrigin, Rule


class Alone(Case):
    def test_it_pulls_through_and_then_serves_from_its_store(self):
        image = self.library.every_size()
        agent = self.agents(1, [])[0]
        self.assert_pulled(self.pull(agent, "every-size"), image)
        self.assert_asked_once(image)
        self.origin.forget_requests()
        self.assert_pulled(self.pull(agent, "every-size"), image)
        self.assertEqual(self.origin.gets_by_blob(), {})

    def test_many_clients_share_one_fetch(self):
        image = self.library.medium()
        agent = self.agents(1, [])[0]
        for puller in [Puller(self, agent, "medium") for _ in range(5)]:
            self.assert_pulled(puller.result(), image)
        self.assert_asked_once(image)

    def test_a_restarted_agent_still_holds_its_layers(self):
        image = self.library.medium()
        agent = self.agents(1, [])[0]
        self.assert_pulled(self.pull(agent, "medium"), image)
        for digest in image.blobs:
            self.store_file(agent, digest)
        self.assertEqual(agent.process.end(), 0)
        agent.start()
        self.origin.forget_requests()
        self.assert_pulled(self.pull(agent, "medium"), image)
        self.assertEqual(self.origin.gets_by_blob(), {})

    def test_a_body_that_ends_early_is_continued_from_the_first_missing_byte(self):
        image = self.library.medium()
        layer = image.layers[0]
        proxy = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        proxy.rules = [Rule(f"GET .*{layer.digest}", truncate_at=layer.size // 2, times=1)]
        agent = self.agents(1, [], proxy.url)[0]
        self.assert_pulled(self.pull(agent, "medium"), image)
        ranges = [header for _, path, header in proxy.requests if layer.digest in path and header]
        self.assertEqual(len(ranges), 1)
        self.assertTrue(ranges[0].startswith("bytes="))
