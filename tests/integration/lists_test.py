"""Lists of an origin through the endpoint: tags, referrers, the catalogue, and the links between their pages."""

import concurrent.futures
import http.client
import json
import threading
import time

from simulations.cluster.processes import wait_until

from .case import NAME, Case
from .library import REPOSITORY
from .scripted_origin import ScriptedOrigin


class Lists(Case):
    """Tags, referrers and the catalogue of an origin, with its pages leading back to the endpoint."""

    SUBJECT = "sha256:" + "a" * 64
    # A sanitizer keeps what was freed, 256 MiB of it, to find who uses it later: then memory would say nothing.
    environment = {"ASAN_OPTIONS": "quarantine_size_mb=1"}
    INDEX_TYPE = "application/vnd.oci.image.index.v1+json"

    def setUp(self):
        super().setUp()
        self.scripted = ScriptedOrigin(self.workspace)
        settings = {"registry": {"default_upstream": "origin.test"},
                    "upstreams": {"origin.test": {"url": self.scripted.url}}}
        self.agent = self.agents(1, [], settings=settings)[0]

    def get(self, path, method="GET", **headers):
        return self.agent.registry.request(method, path, headers=headers)

    def test_tags_come_as_the_origin_has_them_with_the_callers_credentials(self):
        body = b'{"name":"lib/app","tags":["v1","v2"]}'
        link = {"Content-Type": "application/json", "Link": f'<{self.scripted.url}/v2/lib/app/tags/list?n=2&last=v2>; rel="next"'}
        self.scripted.answers["/v2/lib/app/tags/list"] = (200, link, body)
        for path, expected in (("/v2/lib/app/tags/list?n=2", "/v2/lib/app/tags/list?n=2&last=v2"),
                               ("/v2/lib/app/tags/list?n=2&ns=origin.test", "/v2/lib/app/tags/list?n=2&last=v2&ns=origin.test"),
                               ("/v2/origin.test/lib/app/tags/list?n=2", "/v2/origin.test/lib/app/tags/list?n=2&last=v2")):
            answer = self.get(path, Authorization="Bearer secret")
            self.assertEqual((answer.status, answer.body), (200, body))
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            self.assertEqual(answer.headers["Link"], f'<{expected}>; rel="next"')
            self.assertEqual(self.scripted.asked[-1].target, "/v2/lib/app/tags/list?n=2")
            self.assertEqual(self.scripted.asked[-1].authorization, "Bearer secret")
        self.assertEqual(self.get("/v2/lib/app/tags/list", "HEAD").body, b"")

    def test_an_origins_refusal_of_a_list_is_passed_on(self):
        challenge = {"Content-Type": "application/json", "WWW-Authenticate": 'Basic realm="origin"'}
        self.scripted.answers["/v2/lib/app/tags/list"] = (401, challenge, b'{"errors":[]}')
        answer = self.get("/v2/lib/app/tags/list")
        self.assertEqual((answer.status, answer.body), (401, b'{"errors":[]}'))
        self.assertEqual(answer.headers["WWW-Authenticate"], 'Basic realm="origin"')
        self.assertEqual(self.get("/v2/lib/other/tags/list").status, 404)

    def test_the_catalogue_is_that_of_a_registry(self):
        body = b'{"repositories":["lib/app"]}'
        self.scripted.answers["/v2/_catalog"] = (200, {"Content-Type": "application/json",
                                                       "Link": '</v2/_catalog?last=a&n=1>; rel="next"'}, body)
        for path, expected in (("/v2/_catalog?n=1", "/v2/_catalog?last=a&n=1"),
                               ("/v2/_catalog?ns=origin.test&n=1", "/v2/_catalog?last=a&n=1&ns=origin.test"),
                               ("/v2/origin.test/_catalog?n=1", "/v2/origin.test/_catalog?last=a&n=1")):
            answer = self.get(path)
            self.assertEqual((answer.status, answer.body), (200, body))
            self.assertEqual(answer.headers["Link"], f'<{expected}>; rel="next"')
        self.assertEqual(self.get("/v2/_catalog?ns=nobody.test").status, 404)

    def test_referrers_come_with_the_filters_that_were_applied(self):
        body = b'{"schemaVersion":2,"manifests":[{}]}'
        self.scripted.answers[f"/v2/lib/app/referrers/{self.SUBJECT}"] = (
            200, {"Content-Type": self.INDEX_TYPE, "OCI-Filters-Applied": "artifactType"}, body)
        answer = self.get(f"/v2/lib/app/referrers/{self.SUBJECT}?artifactType=a%2Fb&ns=origin.test")
        self.assertEqual((answer.status, answer.body), (200, body))
        self.assertEqual(answer.headers["OCI-Filters-Applied"], "artifactType")
        self.assertTrue(self.scripted.asked[-1].target.endswith("?artifactType=a%2Fb"))

    def test_an_origin_without_the_referrers_api_has_the_tag_that_stands_in_or_none(self):
        path = f"/v2/lib/app/referrers/{self.SUBJECT}"
        answer = self.get(path)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, self.INDEX_TYPE))
        self.assertEqual(json.loads(answer.body)["manifests"], [])
        body = b'{"schemaVersion":2,"manifests":[{"digest":"x"}]}'
        self.scripted.answers["/v2/lib/app/manifests/sha256-" + "a" * 64] = (200, {"Content-Type": self.INDEX_TYPE}, body)
        answer = self.get(path)
        self.assertEqual((answer.status, answer.body), (200, body))

    def test_referrers_keep_their_entries_whatever_the_parameters_of_the_media_type(self):
        body = b'{"schemaVersion":2,"manifests":[{"digest":"x","artifactType":"a/b"},{"digest":"y"}]}'
        answered = (200, {"Content-Type": self.INDEX_TYPE + "; charset=utf-8"}, body)
        for path in (f"referrers/{self.SUBJECT}", "manifests/sha256-" + "a" * 64):
            self.scripted.answers = {f"/v2/lib/app/{path}": answered}
            answer = self.get(f"/v2/lib/app/referrers/{self.SUBJECT}")
            self.assertEqual((answer.status, answer.body), (200, body))
            self.assertEqual(answer.headers["Content-Type"], self.INDEX_TYPE)

    def test_what_is_no_index_of_referrers_is_an_error_and_never_an_empty_list(self):
        path = f"/v2/lib/app/referrers/{self.SUBJECT}"
        others = (b"<html>log in</html>", b"", b"{}", b'{"schemaVersion":2,"layers":[]}', b'{"manifests":["x"]}',
                  b'{"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}')
        for place in (path, "/v2/lib/app/manifests/sha256-" + "a" * 64):
            for body in others:
                self.scripted.answers = {place: (200, {"Content-Type": self.INDEX_TYPE}, body)}
                self.assertEqual(self.get(path).status, 503, (place, body))
        self.scripted.answers = {path: (303, {"Location": "/login"}, b""),
                                 "/login": (200, {"Content-Type": "text/html"}, b"<html>log in</html>")}
        self.assertEqual(self.get(path).status, 503)
        self.assertTrue(self.agent.events("list not served"))

    def test_the_tag_that_stands_in_for_referrers_is_asked_only_after_a_404(self):
        path = f"/v2/lib/app/referrers/{self.SUBJECT}"
        for status in (400, 401, 403, 405, 406):
            self.scripted.answers = {path: (status, {}, b"{}")}
            self.scripted.asked.clear()
            self.assertEqual(self.get(path).status, status)
            self.assertEqual([asked.target for asked in self.scripted.asked], [path])
        unknown = json.dumps({"errors": [{"code": "NAME_UNKNOWN", "message": "no such repository"}]}).encode()
        self.scripted.answers = {path: (404, {}, unknown), "/v2/lib/app/manifests/sha256-" + "a" * 64: (404, {}, unknown)}
        self.assertEqual(self.get(path).status, 404)

    def test_a_page_in_place_of_a_list_is_an_error(self):
        for path in ("/v2/lib/app/tags/list", "/v2/_catalog"):
            self.scripted.answers[path] = (200, {"Content-Type": "text/html"}, b"<html>log in</html>")
            self.assertEqual(self.get(path).status, 503)

    def long_list(self, name, count, of):
        """JSON of `count` entries, some 100 bytes each."""
        return json.dumps({"schemaVersion": 2, name: [of(number) for number in range(count)]}).encode()

    def chunks_of(self, body):
        """The body without a length: how the reference registry sends what is longer than 2 KiB."""
        parts = [body[start:start + 60_000] for start in range(0, len(body), 60_000)]
        return {"Transfer-Encoding": "chunked", "Content-Length": None}, b"".join(
            b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"

    def long_lists(self):
        """(path of the list, its body) of each kind: 5 to 20 MiB."""
        tags = self.long_list("tags", 200_000, lambda number: f"{number:090}")
        yield "/v2/lib/app/tags/list", tags
        yield "/v2/_catalog", self.long_list("repositories", 60_000, lambda number: f"team/{number:090}")
        yield f"/v2/lib/app/referrers/{self.SUBJECT}", self.long_list(
            "manifests", 40_000, lambda number: {"mediaType": "application/vnd.oci.image.manifest.v1+json",
                                                 "digest": f"sha256:{number:064}", "size": 100})

    def test_a_list_of_any_length_is_passed_on_as_the_origin_sends_it(self):
        for path, body in self.long_lists():
            self.assertGreater(len(body), 5 << 20)
            length = str(len(body))
            link = {"Link": f'<{path}?last=x&n=9>; rel="next"'}
            chunked, framed = self.chunks_of(body)
            for headers, sent in (({"Content-Length": length}, body), (chunked, framed)):
                self.scripted.answers = {path: (200, {"Content-Type": self.INDEX_TYPE, **link, **headers}, sent)}
                answer = self.get(path + "?n=9")
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.body, body)
                self.assertEqual(answer.headers["Link"], f'<{path}?last=x&n=9>; rel="next"')
                self.assertEqual(answer.headers.get("Content-Length"), headers["Content-Length"])
                answer = self.get(path + "?n=9", "HEAD")
                self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertFalse(self.agent.events("list not served"))

    def test_the_tag_that_stands_in_for_referrers_may_be_long_too(self):
        body = dict((path.split("/")[-2], body) for path, body in self.long_lists())["referrers"]
        self.scripted.answers = {"/v2/lib/app/manifests/sha256-" + "a" * 64: (200, {}, body)}
        answer = self.get(f"/v2/lib/app/referrers/{self.SUBJECT}")
        self.assertEqual((answer.status, answer.body), (200, body))

    def test_a_long_list_that_breaks_off_or_is_none_is_never_answered_whole(self):
        tags = "/v2/lib/app/tags/list"
        referrers = f"/v2/lib/app/referrers/{self.SUBJECT}"
        body = dict((path, body) for path, body in self.long_lists())
        other = body[referrers][:-1] + b',"subject":{"digest":"sha256:' + b"b" * 64 + b'"}}'
        for path, sent in ((tags, body[tags][:-1]), (tags, body[tags] + b"}"), (referrers, other),
                           (tags, body[tags][:3 << 20] + b"\0" + body[tags][3 << 20:])):
            for headers, framed in (({}, sent), self.chunks_of(sent)):
                self.scripted.answers = {path: (200, headers, framed)}
                with self.assertRaises((http.client.HTTPException, OSError)):
                    self.get(path)
        self.assertTrue(self.agent.events("list broken off"))

    def test_what_is_long_and_no_list_is_an_error_from_the_start(self):
        tags = "/v2/lib/app/tags/list"
        for sent in (b"<html>" + b"x" * (5 << 20), b"[" + b"1," * (3 << 20) + b"1]", b'"' + b"x" * (5 << 20) + b'"'):
            self.scripted.answers = {tags: (200, {"Content-Type": "text/html"}, sent)}
            self.assertEqual(self.get(tags).status, 503)
        self.assertTrue(self.agent.events("list not served"))
        self.scripted.answers = {tags: (403, {}, b"x" * (5 << 20))}
        self.assertEqual(self.get(tags).status, 403)

    def test_a_client_of_http_1_0_gets_a_long_list_until_the_connection_ends(self):
        path, body = next(self.long_lists())
        headers, framed = self.chunks_of(body)
        self.scripted.answers = {path: (200, headers, framed)}
        endpoint = self.agent.registry
        with endpoint.place.connect(endpoint.address, endpoint.port, 20) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            with connection.makefile("rb") as file:
                head, _, got = file.read().partition(b"\r\n\r\n")
        self.assertNotIn(b"chunked", head)
        self.assertEqual(got, body)

    def test_lists_of_one_registry_are_read_32_at_once_and_the_others_wait(self):
        self.scripted.answers = {"/v2/lib/app/tags/list": (200, {}, b'{"tags":[]}')}
        self.scripted.held = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            asked = [pool.submit(self.get, "/v2/lib/app/tags/list") for _ in range(40)]
            wait_until(lambda: len(self.scripted.asked) >= 32, 10, "32 questions")
            time.sleep(1)
            self.assertEqual(len(self.scripted.asked), 32)
            self.scripted.held.set()
            self.assertEqual({answer.result().status for answer in asked}, {200})

    def test_memory_does_not_grow_with_the_length_of_a_list(self):
        path = "/v2/lib/app/tags/list"
        body = self.long_list("tags", 1_500_000, lambda number: f"{number:090}")
        self.assertGreater(len(body), 130 << 20)
        self.scripted.answers = {path: (200, *self.chunks_of(body))}
        before = self.peak_memory()
        self.assertEqual(len(self.get(path).body), len(body))
        self.assertLess(self.peak_memory() - before, 24 << 20)

    def peak_memory(self):
        """Bytes that the agent has had in memory at once."""
        with open(f"/proc/{self.agent.process.id}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))

    def test_docker_registry_pages_its_catalogue_through_the_endpoint(self):
        self.library.small()
        answer = self.get(f"/v2/_catalog?n=1&ns={NAME}")
        self.assertEqual((answer.status, json.loads(answer.body)["repositories"]), (200, [REPOSITORY]))
        tags = self.get(f"/v2/{NAME}/{REPOSITORY}/tags/list")
        self.assertIn("small", json.loads(tags.body)["tags"])
        referrers = self.get(f"/v2/{REPOSITORY}/referrers/{self.SUBJECT}?ns={NAME}")
        self.assertEqual((referrers.status, json.loads(referrers.body)["manifests"]), (200, []))
