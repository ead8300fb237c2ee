"""Lists of an origin through the endpoint: tags, referrers, the catalogue, and the links between their pages."""

import json

from .case import NAME, Case
from .library import REPOSITORY
from .scripted_origin import ScriptedOrigin


class Lists(Case):
    """Tags, referrers and the catalogue of an origin, with its pages leading back to the endpoint."""

    SUBJECT = "sha256:" + "a" * 64
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

    def test_a_list_over_four_mebibytes_is_an_error_that_says_to_ask_for_pages(self):
        self.scripted.answers["/v2/lib/app/tags/list"] = (200, {}, b'{"tags":["' + b"x" * (4 << 20) + b'"]}')
        self.assertEqual(self.get("/v2/lib/app/tags/list").status, 503)
        self.assertIn("pages", self.agent.events("list not served")[-1][1]["next"])

    def test_docker_registry_pages_its_catalogue_through_the_endpoint(self):
        self.library.small()
        answer = self.get(f"/v2/_catalog?n=1&ns={NAME}")
        self.assertEqual((answer.status, json.loads(answer.body)["repositories"]), (200, [REPOSITORY]))
        tags = self.get(f"/v2/{NAME}/{REPOSITORY}/tags/list")
        self.assertIn("small", json.loads(tags.body)["tags"])
        referrers = self.get(f"/v2/{REPOSITORY}/referrers/{self.SUBJECT}?ns={NAME}")
        self.assertEqual((referrers.status, json.loads(referrers.body)["manifests"]), (200, []))
