"""What runtimes get from an origin that fails: 503, never 408 or 429, or the last known digest of a tag."""

from simulations.cluster.images import MANIFEST
from simulations.cluster.processes import wait_until

from .case import NAME, Case
from .faulty_origin import FaultyOrigin, Rule
from .library import REPOSITORY


class FailingOrigin(Case):
    """What an origin that cannot answer comes to: 503, or with `stale_if_error` a tag's last known digest."""

    def setUp(self):
        super().setUp()
        self.image = self.library.small()
        self.failing = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        self.tag = f"/v2/{REPOSITORY}/manifests/small?ns={NAME}"

    def agent(self, trackers, **registry):
        return self.agents(1, trackers, self.failing.url, {"registry": registry})[0]

    def ask(self, agent, method="GET", **headers):
        return agent.registry.request(method, self.tag, headers={"Accept": MANIFEST, **headers})

    def test_neither_408_nor_429_reaches_a_runtime(self):
        agent = self.agent([])
        paths = [self.tag, f"/v2/{REPOSITORY}/manifests/{self.image.digest}?ns={NAME}",
                 self.blob_path(self.image.id, NAME), f"/v2/{REPOSITORY}/tags/list?ns={NAME}", f"/v2/_catalog?ns={NAME}",
                 f"/v2/{REPOSITORY}/referrers/{self.image.digest}?ns={NAME}"]
        for status in (408, 429, 500, 503):
            self.failing.rules = [Rule("", status=status)]
            for path in paths:
                for method in ("GET", "HEAD"):
                    answer = agent.registry.request(method, path)
                    self.assertEqual(answer.status, 503, (status, method, path))

    def test_without_stale_if_error_a_tag_is_503_as_soon_as_the_origin_fails(self):
        agent = self.agent([])
        self.assertEqual(self.ask(agent).status, 200)
        self.failing.rules = [Rule("manifests/small", status=500)]
        self.assertEqual(self.ask(agent).status, 503)

    def test_a_failing_origin_is_bridged_with_the_last_known_digest(self):
        agent = self.agent([self.tracker(self.failing.url)], stale_if_error="1h")
        self.assertEqual(self.ask(agent).status, 200)
        self.assertEqual(self.ask(agent, "HEAD").status, 200)
        self.store_file(agent, self.image.digest)
        self.failing.rules = [Rule("", status=500)]
        event = "stale tag served"
        answer = self.ask(agent)
        self.assertEqual((answer.status, answer.body), (200, self.image.manifest))
        wait_until(lambda: agent.events(event), 10, "the last known digest is served")
        head = self.ask(agent, "HEAD")
        self.assertEqual((head.status, head.headers["Docker-Content-Digest"]), (200, self.image.digest))
        self.assertEqual(head.headers["Content-Type"], MANIFEST)
        self.assertEqual(int(head.headers["Content-Length"]), len(self.image.manifest))
        self.assertEqual(agent.events(event)[-1][1]["digest"], self.image.digest)

    def test_an_origin_that_is_gone_is_bridged_too(self):
        agent = self.agent([], stale_if_error="1h")
        self.assertEqual(self.ask(agent).status, 200)
        self.store_file(agent, self.image.digest)
        self.failing.close()
        self.assertEqual(self.ask(agent, "HEAD").status, 200)
        self.assertEqual(self.ask(agent).body, self.image.manifest)

    def test_only_who_asked_before_with_the_same_credential_is_bridged(self):
        agent = self.agent([], stale_if_error="1h")
        self.assertEqual(self.ask(agent, Authorization="Basic YTpi").status, 200)
        self.failing.rules = [Rule("manifests/small", status=429)]
        self.assertEqual(self.ask(agent, Authorization="Basic YTpi").status, 200)
        self.assertEqual(self.ask(agent, Authorization="Basic YTpj").status, 503)
        self.assertEqual(self.ask(agent).status, 503)

    def test_a_refusal_is_never_bridged_and_ends_what_was_known(self):
        agent = self.agent([], stale_if_error="1h")
        for status in (401, 403, 404):
            self.failing.rules = []
            self.assertEqual(self.ask(agent).status, 200)
            self.failing.rules = [Rule("manifests/small", status=status)]
            self.assertEqual(self.ask(agent).status, status)
            self.failing.rules = [Rule("manifests/small", status=503)]
            self.assertEqual(self.ask(agent).status, 503, status)

    def test_a_last_known_digest_is_found_whatever_the_order_of_accept(self):
        agent = self.agent([], stale_if_error="1h")
        self.assertEqual(self.ask(agent, Accept=f"{MANIFEST}, application/json").status, 200)
        self.failing.rules = [Rule("", status=500)]
        self.assertEqual(self.ask(agent, Accept=f"application/json, {MANIFEST}").status, 200)
        self.assertEqual(self.ask(agent, Accept="application/json").status, 503)

    def test_what_is_older_than_stale_if_error_is_not_served(self):
        agent = self.agent([], stale_if_error="1ms")
        self.assertEqual(self.ask(agent).status, 200)
        self.failing.rules = [Rule("manifests/small", status=503)]
        wait_until(lambda: self.ask(agent).status == 503, 5, "the last known digest is too old")
