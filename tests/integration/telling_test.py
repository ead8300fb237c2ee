"""What an operator sees: bytes by source that add up to what runtimes got, one line for each image, a warning for each mistake."""

from simulations.cluster.images import MANIFEST
from simulations.cluster.processes import wait_until

from .case import Case
from .library import REPOSITORY


class Told(Case):
    """The metrics and the log of agents that serve."""

    def served(self, agent):
        """Bytes that runtimes got of this agent, by source."""
        start = 'shoal_agent_served_bytes_total{source="'
        return {name.removeprefix(start).removesuffix('"}'): value for name, value in agent.metrics().items()
                if name.startswith(start)}

    def get(self, agent, path, method="GET", **headers):
        """Bytes of the answer's body, which is whole."""
        answer = agent.registry.request(method, path, headers=headers)
        self.assertIn(answer.status, (200, 206))
        return len(answer.body)

    def pulled(self, agent, image, tag):
        """A manifest by its tag, and every blob: the bytes that a runtime received."""
        path = f"/v2/{REPOSITORY}/manifests/{tag}?ns={self.origin.authority}"
        return self.get(agent, path, Accept=MANIFEST) + sum(self.get(agent, self.blob_path(digest))
                                                            for digest in image.blobs)

    def test_bytes_by_source_add_up_to_what_runtimes_got(self):
        image = self.library.medium()
        _, agents = self.cluster(2)
        for agent in agents:
            got = self.pulled(agent, image, "medium")
            wait_until(lambda: sum(self.served(agent).values()) == got, 10, f"{agent.name}: {got}, not {self.served(agent)}")
            served = self.served(agent)
            self.assertEqual(served["origin"] + served["passed_through"], 0)
            self.assertGreater(served["seeder"] + served["peer"], 0)
            self.wait_until_idle(agent)
            again = self.pulled(agent, image, "medium")
            layer = max(image.blobs, key=image.blobs.get)
            again += self.get(agent, self.blob_path(layer), Range="bytes=100-5099")
            self.assertEqual(self.get(agent, self.blob_path(layer), "HEAD"), 0)
            wait_until(lambda: self.served(agent)["store"] == again, 10, f"{again} from the store, not {self.served(agent)}")
            self.assertEqual(sum(self.served(agent).values()), got + again)
            self.assertEqual(agent.metrics()['shoal_agent_registry_requests_total{kind="blob",code="206"}'], 1)

    def test_what_is_passed_through_counts_too(self):
        image = self.library.large()
        agent = self.agents(1, [], settings={"store": {"capacity": "8MiB"}})[0]
        got = self.pulled(agent, image, "large")
        wait_until(lambda: sum(self.served(agent).values()) == got, 10, f"{got}, not {self.served(agent)}")
        self.assertGreater(self.served(agent)["passed_through"], 0)
        self.assertEqual(agent.metrics()["shoal_agent_pull_failed_layers_total"], 0)

    def test_each_image_is_told_in_one_line(self):
        image = self.library.small()
        _, (agent,) = self.cluster(1)
        for held in ("false", "true"):
            got = self.pulled(agent, image, "small")
            if held == "true":
                agent.process.end()  # which tells what has not been told
            wait_until(lambda: agent.events("image pulled")[-1:] and agent.events("image pulled")[-1][1]["held"] == held, 20,
                       f"the image is told, held {held}")
            fields = agent.events("image pulled")[-1][1]
            self.assertEqual(fields["image"], f"{self.origin.authority}/{REPOSITORY}:small")
            self.assertEqual(fields["digest"], image.digest)
            self.assertEqual(int(fields["bytes"]), got)
            self.assertEqual((int(fields["blob_requests"]), fields["failed_requests"]), (len(image.blobs), "0"))
        self.assertEqual(len(agent.events("image pulled")), 2)

    def test_a_runtime_that_asks_for_the_wrong_thing_is_told_once_a_minute_and_counted(self):
        agent = self.agents(1, [])[0]
        for _ in range(5):
            self.assertEqual(agent.registry.get(f"/v2/{REPOSITORY}/manifests/v1?ns=other.example.com").status, 404)
            self.assertEqual(agent.registry.request("GET", "/v2/", headers={"Host": "evil.example.com"}).status, 403)
            self.assertEqual(agent.registry.request("PUT", f"/v2/{REPOSITORY}/manifests/v1").status, 405)
        log = agent.process.log()
        for event in ("registry not configured", "request for another host", "request not served"):
            self.assertEqual(log.count(f"warning registry: {event} "), 1, event)
        for name in ("unknown_registry", "wrong_host", "unserved"):
            self.assertEqual(agent.metrics()[f"shoal_agent_registry_{name}_requests_total"], 5)
        self.assertEqual(agent.metrics()["shoal_agent_log_repeated_lines_total"], 12)

    def test_what_the_origin_does_not_have_is_no_failure(self):
        agent = self.agents(1, [])[0]
        self.assertEqual(self.agents_answer(agent, f"/v2/{REPOSITORY}/manifests/no-such-tag"), 404)
        self.assertEqual(self.agents_answer(agent, f"/v2/{REPOSITORY}/blobs/sha256:{'0' * 64}"), 404)
        log = agent.process.log()
        self.assertNotIn(" warning ", log)
        self.assertNotIn(" error ", log)
        self.assertIn(f"info registry: tag not found registry={self.origin.authority}", log)
        self.assertEqual(agent.metrics()["shoal_agent_pull_failed_layers_total"], 0)

    def agents_answer(self, agent, path):
        """Status of an answer about the origin."""
        return agent.registry.get(f"{path}?ns={self.origin.authority}").status
