"""What a tag leads to, through an agent alone and through one with a tracker: both give the same answers."""

import hashlib
import json

from simulations.cluster.images import MANIFEST
from simulations.cluster.shoal import Agent, Tracker

from .case import Case
from .scripted_origin import ScriptedOrigin

_TAG = "/v2/lib/app/manifests/v1"


class BothWays(Case):
    """A scripted origin, called origin.test and docker.io, behind an agent alone and one with a tracker."""

    def setUp(self):
        super().setUp()
        self.scripted = ScriptedOrigin(self.workspace)
        upstreams = {name: {"url": self.scripted.url} for name in ("origin.test", "docker.io")}
        upstreams["origin.test"]["aliases"] = ["corp"]
        self.tracker_ = Tracker(self.workspace, self.programs, self.place("tracker"), upstreams).start()
        self.both = {name: Agent(self.workspace, self.programs, self.place(name), upstreams, trackers).start()
                     for name, trackers in (("alone", []), ("tracked", [self.tracker_]))}

    def has(self, number, repository="lib/app", tag="v1", headers=None):
        """The origin has another manifest of that number under the tag; its bytes."""
        body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": [], "number": number}).encode()
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        said = {"Content-Type": MANIFEST, "Docker-Content-Digest": digest} if headers is None else headers
        self.scripted.answers[f"/v2/{repository}/manifests/{tag}"] = (200, said, body)
        self.scripted.answers[f"/v2/{repository}/manifests/{digest}"] = (200, {"Content-Type": MANIFEST}, body)
        return body

    def ask(self, name, method, path=_TAG + "?ns=origin.test"):
        return self.both[name].registry.request(method, path, headers={"Accept": MANIFEST})

    def answers(self, method, path=_TAG + "?ns=origin.test"):
        """Of both agents, which say the same."""
        first, second = (self.ask(name, method, path) for name in self.both)
        kept = ("Content-Type", "Content-Length", "Docker-Content-Digest")
        self.assertEqual(first.status, second.status, (method, path))
        if first.status == 200:
            self.assertEqual((first.body, [first.headers[key] for key in kept]),
                             (second.body, [second.headers[key] for key in kept]), (method, path))
        return first

    def assert_found(self, body):
        for method in ("HEAD", "GET", "HEAD"):
            answer = self.answers(method)
            self.assertEqual((answer.status, answer.body), (200, body if method == "GET" else b""))
            self.assertEqual(answer.headers["Content-Type"], MANIFEST)
            self.assertEqual(int(answer.headers["Content-Length"]), len(body))
            self.assertEqual(answer.headers["Docker-Content-Digest"], "sha256:" + hashlib.sha256(body).hexdigest())


class Hints(BothWays):
    def test_a_head_that_the_origin_refuses_is_settled_with_get(self):
        for status in (400, 403, 404, 405, 501):
            body = self.has(status)
            self.scripted.answers["HEAD " + _TAG] = (status, {}, b"")
            self.assert_found(body)

    def test_a_head_without_a_type_or_with_length_0_is_settled_with_get(self):
        for number, headers in enumerate(({"Content-Type": ""}, {"Content-Type": MANIFEST, "Content-Length": "0"},
                                          {"Content-Type": "text/html"})):
            body = self.has(number)
            digest = self.scripted.answers[_TAG][1]["Docker-Content-Digest"]
            self.scripted.answers["HEAD " + _TAG] = (200, {"Docker-Content-Digest": digest, **headers}, b"")
            self.assert_found(body)

    def test_the_length_of_a_held_manifest_is_its_own(self):
        body = self.has(1)
        self.assertEqual(self.answers("GET").body, body)
        headers = {**self.scripted.answers[_TAG][1], "Content-Length": str(len(body) + 5)}
        self.scripted.answers["HEAD " + _TAG] = (200, headers, b"")
        for name, agent in self.both.items():
            self.store_file(agent, headers["Docker-Content-Digest"])
            self.assertEqual(int(self.ask(name, "HEAD").headers["Content-Length"]), len(body))

    def test_a_manifest_without_digest_and_type_has_both(self):
        body = self.has(1, headers={})
        self.assert_found(body)

    def test_a_tag_that_is_not_there_has_the_origins_own_reason(self):
        reason = "OCI manifest found, but accept header does not support OCI manifests"
        body = json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN", "message": reason}]}).encode()
        self.scripted.answers[_TAG] = (404, {"Content-Type": "application/json"}, body)
        for name in self.both:
            answer = self.ask(name, "GET")
            self.assertEqual(answer.status, 404)
            said = json.loads(answer.body)["errors"][0]
            self.assertEqual((said["code"], said["message"]), ("MANIFEST_UNKNOWN", reason), name)


class Portals(BothWays):
    """Something else than the registry answers in its place, with 200."""

    def test_what_is_no_manifest_is_503_and_is_not_kept(self):
        bodies = (b"<html>log in</html>", b"", b"please log in", b'{"error":"log in"}', b"[]")
        for body in bodies:
            for content_type in ("text/html", MANIFEST):
                self.scripted.answers[_TAG] = (200, {"Content-Type": content_type}, body)
                for method in ("GET", "HEAD"):
                    self.assertEqual(self.answers(method).status, 503, (body, content_type, method))
        for name, agent in self.both.items():
            self.assertEqual(agent.metrics()["shoal_agent_store_used_bytes"], 0)
            self.assertGreater(agent.metrics()["shoal_agent_pull_not_manifests_total"], 0, name)
            self.assertTrue(agent.events("tag not served"))
        self.assertGreater(self.tracker_.metrics()["shoal_tracker_not_manifests_total"], 0)
        self.assertTrue(self.tracker_.events("origin sent no manifest"))
        self.assert_found(self.has(1))

    def test_a_redirect_to_a_login_page_is_503(self):
        self.scripted.answers[_TAG] = (302, {"Location": "/login"}, b"")
        self.scripted.answers["/login"] = (200, {"Content-Type": "text/html"}, b"<html>log in</html>")
        self.assertEqual(self.answers("GET").status, 503)

    def test_a_manifest_of_another_digest_is_503(self):
        body = self.has(1)
        wrong = {"Content-Type": MANIFEST, "Docker-Content-Digest": "sha256:" + "0" * 64}
        self.scripted.answers[_TAG] = (200, wrong, body)
        self.scripted.answers["HEAD " + _TAG] = (405, {}, b"")
        self.assertEqual(self.answers("GET").status, 503)

    def test_manifests_of_every_kind_pass(self):
        for body in (b'{"schemaVersion":1,"name":"lib/app","tag":"v1","fsLayers":[],"signatures":[]}',
                     b'{"mediaType":"application/vnd.example.unheard.of+json","blobs":[]}',
                     b'{"annotations":{"a":"' + b"x" * (1 << 20) + b'"},"schemaVersion":2}'):
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            answered = (200, {"Content-Type": "application/json; charset=utf-8", "Docker-Content-Digest": digest}, body)
            self.scripted.answers.update({_TAG: answered, f"/v2/lib/app/manifests/{digest}": answered})
            answer = self.answers("GET")
            self.assertEqual((answer.status, answer.body), (200, body))


class PushThenDeploy(BothWays):
    def test_a_tag_is_found_as_soon_as_it_is_pushed(self):
        for number in range(5):
            tag = f"v{number}"
            path = f"/v2/lib/app/manifests/{tag}?ns=origin.test"
            self.assertEqual(self.answers("GET", path).status, 404)
            body = self.has(number, tag=tag)
            self.assertEqual(self.answers("GET", path).body, body)

    def test_a_tag_that_moved_is_seen_at_once(self):
        for number in range(10):
            body = self.has(number)
            for method in ("GET", "HEAD"):
                answer = self.answers(method)
                self.assertEqual(int(answer.headers["Content-Length"]), len(body))
                self.assertEqual(answer.headers["Docker-Content-Digest"], "sha256:" + hashlib.sha256(body).hexdigest())

    def test_a_failure_is_not_told_to_who_asks_later(self):
        for status in (401, 403, 500):
            self.scripted.answers[_TAG] = (status, {}, b"")
            self.assertNotEqual(self.answers("GET").status, 200)
            body = self.has(status)
            self.assertEqual(self.answers("GET").body, body)


class Names(BothWays):
    """A registry under each of its names, by ns and by path."""

    def test_the_hubs_names_are_one_registry_and_one_part_names_are_in_library(self):
        body = self.has(1, "library/alpine")
        for name in ("docker.io", "index.docker.io", "registry-1.docker.io", "Docker.IO", "docker.io:443", "docker.io."):
            for path in (f"/v2/alpine/manifests/v1?ns={name}", f"/v2/{name}/alpine/manifests/v1",
                         f"/v2/{name}/library/alpine/manifests/v1?ns={name}", "/v2/alpine/manifests/v1"):
                answer = self.answers("GET", path)
                self.assertEqual((answer.status, answer.body), (200, body), path)

    def test_a_prefix_that_repeats_ns_and_an_alias_lead_to_the_registry(self):
        body = self.has(1)
        for path in ("/v2/origin.test/lib/app/manifests/v1?ns=origin.test", "/v2/corp/lib/app/manifests/v1?ns=origin.test",
                     "/v2/corp/lib/app/manifests/v1", "/v2/lib/app/manifests/v1?ns=corp",
                     "/v2/ORIGIN.test:443/lib/app/manifests/v1"):
            answer = self.answers("GET", path)
            self.assertEqual((answer.status, answer.body), (200, body), path)
        self.scripted.answers["/v2/lib/app/tags/list"] = (200, {"Content-Type": "application/json"}, b'{"tags":["v1"]}')
        self.assertEqual(self.answers("GET", "/v2/origin.test/lib/app/tags/list?ns=origin.test").body, b'{"tags":["v1"]}')
