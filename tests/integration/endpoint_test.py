"""The registry endpoint row by row, with raw HTTP: docs/endpoint.md as a client on the node sees it."""

import email
import hashlib
import json
import re
import subprocess

from simulations.cluster.images import INDEX, MANIFEST

from .case import NAME, Case
from .faulty_origin import FaultyOrigin, Rule
from .library import REPOSITORY


class Endpoint(Case):
    """One agent and one tracker; the small image."""

    def setUp(self):
        super().setUp()
        self.image = self.library.small()
        tracker = self.tracker()
        settings = {"registry": {"default_upstream": NAME, "hosts": ["mirror.test"]}}
        self.agent = self.agents(1, [tracker], settings=settings)[0]
        self.layer = self.image.layers[1]
        with open(self.layer.path, "rb") as file:
            self.layer_bytes = file.read()

    def get(self, path, method="GET", **headers):
        return self.agent.registry.request(method, path, headers={name.replace("_", "-"): value
                                                                  for name, value in headers.items()})

    def assert_oci_error(self, answer, status, code):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/json")
        self.assertEqual(int(answer.headers["Content-Length"]), len(answer.body))
        error = json.loads(answer.body)["errors"][0]
        self.assertEqual(error["code"], code)
        self.assertTrue(error["message"])

    def test_the_base_path_answers_200(self):
        for method in ("GET", "HEAD"):
            self.assertEqual(self.get("/v2/", method).status, 200)

    def test_a_blob_is_answered_whole_with_its_length(self):
        answer = self.get(self.blob_path(self.layer.digest))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.body, self.layer_bytes)
        self.assertEqual(int(answer.headers["Content-Length"]), self.layer.size)
        self.assertIsNone(answer.headers["Transfer-Encoding"])
        self.assertIsNone(answer.headers["Content-Encoding"])

    def test_head_of_a_blob_has_its_length_and_no_body(self):
        answer = self.get(self.blob_path(self.layer.digest), "HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(int(answer.headers["Content-Length"]), self.layer.size)
        self.assertEqual(answer.headers["Docker-Content-Digest"], self.layer.digest)

    def test_a_range_to_the_end_is_answered_206(self):
        self.get(self.blob_path(self.layer.digest))
        answer = self.get(self.blob_path(self.layer.digest), Range="bytes=1000-")
        self.assertEqual(answer.status, 206)
        self.assertEqual(answer.body, self.layer_bytes[1000:])
        self.assertEqual(answer.headers["Content-Range"], f"bytes 1000-{self.layer.size - 1}/{self.layer.size}")

    def test_a_range_past_the_end_is_answered_416(self):
        self.get(self.blob_path(self.layer.digest))
        answer = self.get(self.blob_path(self.layer.digest), Range=f"bytes={self.layer.size}-")
        self.assertEqual(answer.status, 416)
        self.assertEqual(answer.headers["Content-Range"], f"bytes */{self.layer.size}")

    def test_a_manifest_is_whole_whatever_the_range(self):
        for reference in ("small", self.image.digest):  # containerd in chunks asks for all with bytes=0-
            answer = self.get(f"/v2/{REPOSITORY}/manifests/{reference}?ns={NAME}", Accept=MANIFEST, Range="bytes=0-")
            self.assertEqual((answer.status, answer.body), (200, self.image.manifest))

    def test_a_malformed_range_is_ignored(self):
        answer = self.get(self.blob_path(self.layer.digest), Range="bytes=x-y")
        self.assertEqual((answer.status, answer.body), (200, self.layer_bytes))

    def test_a_manifest_by_tag_and_by_digest_has_type_length_and_digest(self):
        for reference in ("small", self.image.digest):
            for method in ("HEAD", "GET"):
                answer = self.get(f"/v2/{REPOSITORY}/manifests/{reference}?ns={NAME}", method, Accept=MANIFEST)
                self.assertEqual(answer.status, 200, answer.body)
                self.assertEqual(answer.headers["Content-Type"], MANIFEST)
                self.assertEqual(int(answer.headers["Content-Length"]), len(self.image.manifest))
                self.assertEqual(answer.headers["Docker-Content-Digest"], self.image.digest)
                self.assertEqual(answer.body, self.image.manifest if method == "GET" else b"")

    def test_the_upstream_comes_from_ns_from_the_path_or_from_the_configuration(self):
        encoded = self.origin.authority.replace(":", "%3A")
        for path in (f"/v2/{REPOSITORY}/manifests/small?ns={NAME}", f"/v2/{REPOSITORY}/manifests/small?ns={encoded}",
                     f"/v2/{NAME}/{REPOSITORY}/manifests/small",
                     f"/v2/{self.origin.authority}/{REPOSITORY}/manifests/small",
                     f"/v2/{REPOSITORY}/manifests/small"):
            answer = self.get(path, Accept=MANIFEST)
            self.assertEqual((answer.status, answer.body), (200, self.image.manifest), path)

    def test_repeated_accept_lines_are_one_list(self):
        untyped = self.library.index()
        connection = self.agent.registry.open()
        connection.putrequest("GET", f"/v2/{REPOSITORY}/manifests/index?ns={NAME}")
        for accepted in ("application/vnd.docker.distribution.manifest.v1+json", MANIFEST, INDEX):
            connection.putheader("Accept", accepted)
        connection.endheaders()
        response = connection.getresponse()
        index = json.loads(response.read())
        self.assertEqual((response.status, response.headers["Content-Type"]), (200, INDEX))
        self.assertIn(untyped.digest, [entry["digest"] for entry in index["manifests"]])

    def test_an_unknown_registry_is_404_and_says_how_to_configure_it(self):
        answer = self.get(f"/v2/{REPOSITORY}/manifests/small?ns=nobody.example.com")
        self.assertEqual(answer.status, 404, answer.body)
        error = json.loads(answer.body)["errors"][0]
        self.assertIn(error["code"], ("NAME_UNKNOWN", "MANIFEST_UNKNOWN"))
        self.assertIn("nobody.example.com", error["message"])
        self.assertIn("upstreams", error["message"])

    def test_an_invalid_digest_is_400(self):
        for digest in ("sha256:abc", "sha256:" + "z" * 64, "md5:" + "0" * 32):
            self.assert_oci_error(self.get(self.blob_path(digest)), 400, "DIGEST_INVALID")

    def test_an_invalid_name_is_400(self):
        answer = self.get(f"/v2/Capital/Letters/blobs/{self.layer.digest}?ns={NAME}")
        self.assert_oci_error(answer, 400, "NAME_INVALID")

    def test_an_unknown_blob_is_404(self):
        absent = "sha256:" + hashlib.sha256(b"nobody has this").hexdigest()
        self.assert_oci_error(self.get(self.blob_path(absent)), 404, "BLOB_UNKNOWN")

    def test_an_unknown_tag_and_an_unknown_manifest_are_404(self):
        absent = "sha256:" + hashlib.sha256(b"nobody has this manifest").hexdigest()
        for reference in ("no-such-tag", absent):
            answer = self.get(f"/v2/{REPOSITORY}/manifests/{reference}?ns={NAME}")
            self.assert_oci_error(answer, 404, "MANIFEST_UNKNOWN")

    def test_writes_are_405_with_or_without_a_body(self):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for body in (None, b"x" * 100_000):
                answer = self.agent.registry.request(method, f"/v2/{REPOSITORY}/blobs/uploads/", body)
                self.assert_oci_error(answer, 405, "UNSUPPORTED")
                self.assertEqual(answer.headers["Allow"], "GET, HEAD")

    def test_a_connection_is_kept_whatever_was_answered(self):
        blob = self.blob_path(self.layer.digest)
        absent = self.blob_path("sha256:" + "0" * 64)
        self.get(blob)
        connection = self.agent.registry.open()
        connection.connect()
        first = connection.sock
        for method, path, headers, status in (
                ("GET", self.blob_path("sha256:abc"), {}, 400), ("GET", absent, {}, 404), ("HEAD", absent, {}, 404),
                ("POST", "/v2/lib/blobs/uploads/", {}, 405), ("GET", blob, {"Range": "bytes=99999999-"}, 416),
                ("GET", blob, {"If-None-Match": "*"}, 304), ("HEAD", blob, {}, 200),
                ("GET", blob, {"Range": "bytes=1-2"}, 206), ("GET", blob, {"Range": "bytes=1-"}, 206),
                ("GET", blob, {}, 200), ("GET", "/", {}, 404), ("GET", "/v2/", {}, 200)):
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status, status, (method, path, headers))
            self.assertIs(connection.sock, first, (method, path, headers))

    def test_every_range_is_answered_with_the_bytes_it_names(self):
        blob, data, size = self.blob_path(self.layer.digest), self.layer_bytes, self.layer.size
        self.get(blob)
        self.store_file(self.agent, self.layer.digest)
        for header, first, end in (("bytes=0-", 0, size), ("bytes=0-0", 0, 1), ("bytes=7-", 7, size),
                                   ("bytes=7-19", 7, 20), (f"bytes=7-{size}", 7, size), ("bytes=-9", size - 9, size),
                                   (f"bytes=-{size + 1}", 0, size), ("Bytes= 7-19 ,", 7, 20)):
            answer = self.get(blob, Range=header)
            self.assertEqual((answer.status, answer.body), (206, data[first:end]), header)
            self.assertEqual(answer.headers["Content-Range"], f"bytes {first}-{end - 1}/{size}")
            self.assertEqual(int(answer.headers["Content-Length"]), end - first)
        for header in ("bytes=0-1,x", "bytes=x-y", "bytes=5-1", "lines=1-2", "bytes=-", "bytes"):
            answer = self.get(blob, Range=header)
            self.assertEqual((answer.status, answer.body), (200, data), header)
        for header in (f"bytes={size}-", f"bytes={size}-{size + 5}", "bytes=-0", "bytes=99999999999999999999-"):
            answer = self.get(blob, Range=header)
            self.assertEqual((answer.status, answer.body), (416, b""), header)
            self.assertEqual(answer.headers["Content-Range"], f"bytes */{size}")

    def test_several_ranges_come_in_one_answer_in_the_order_asked_for(self):
        blob, data, size = self.blob_path(self.layer.digest), self.layer_bytes, self.layer.size
        for _ in ("arriving", "held"):
            answer = self.get(blob, Range="bytes=100-199,0-9,-5")
            self.assertEqual(answer.status, 206)
            self.assertEqual(int(answer.headers["Content-Length"]), len(answer.body))
            head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
            parts = email.message_from_bytes(head + answer.body).get_payload()
            self.assertEqual([part["Content-Range"] for part in parts],
                             [f"bytes {first}-{last}/{size}" for first, last in ((100, 199), (0, 9), (size - 5, size - 1))])
            bodies = re.split(rb"\r\n--[0-9a-f]{32}(?:--)?\r\n", answer.body)[1:-1]
            self.assertEqual([body.split(b"\r\n\r\n", 1)[1] for body in bodies],
                             [data[100:200], data[:10], data[-5:]])
            self.store_file(self.agent, self.layer.digest)

    def test_a_range_counts_only_when_if_range_is_its_very_tag(self):
        blob, tag = self.blob_path(self.layer.digest), f'"{self.layer.digest}"'
        self.assertEqual(self.get(blob).headers["ETag"], tag)
        self.assertEqual(self.get(blob, Range="bytes=5-", If_Range=tag).status, 206)
        for other in (f"W/{tag}", self.layer.digest, '"other"', "Sat, 29 Oct 1994 19:43:31 GMT"):
            answer = self.get(blob, Range="bytes=5-", If_Range=other)
            self.assertEqual((answer.status, answer.body), (200, self.layer_bytes), other)

    def test_who_has_the_content_gets_304(self):
        for path, digest in ((self.blob_path(self.layer.digest), self.layer.digest),
                             (f"/v2/{REPOSITORY}/manifests/small?ns={NAME}", self.image.digest),
                             (f"/v2/{REPOSITORY}/manifests/{self.image.digest}?ns={NAME}", self.image.digest)):
            for method in ("GET", "HEAD"):
                for condition in ("*", f'"{digest}"', f'W/"{digest}"', f'"x", W/"{digest}"'):
                    answer = self.get(path, method, If_None_Match=condition, Accept=MANIFEST)
                    self.assertEqual((answer.status, answer.body), (304, b""), (method, path, condition))
                    self.assertEqual(answer.headers["ETag"], f'"{digest}"')
                answer = self.get(path, method, If_None_Match='"x"', Accept=MANIFEST)
                self.assertEqual(answer.status, 200, (method, path))
        absent = self.blob_path("sha256:" + "0" * 64)
        self.assertEqual(self.get(absent, If_None_Match="*").status, 404)

    def test_a_range_of_head_does_not_count(self):
        answer = self.get(self.blob_path(self.layer.digest), "HEAD", Range="bytes=5-")
        self.assertEqual((answer.status, int(answer.headers["Content-Length"])), (200, self.layer.size))

    def test_only_addresses_localhost_and_configured_names_are_this_endpoint(self):
        port = self.agent.registry.port
        for host, status in ((f"127.0.0.1:{port}", 200), ("127.0.0.1", 200), (f"[::1]:{port}", 200),
                             (f"localhost:{port}", 200), (f"10.1.2.3:{port}", 200), ("mirror.test:1", 200),
                             (f"localhost.:{port}", 200), ("mirror.test.", 200), ("localhost.evil.com.", 403),
                             ("evil.example.com", 403), (f"evil.example.com:{port}", 403), ("localhost.evil.com", 403)):
            connection = self.agent.registry.open()
            connection.putrequest("GET", "/v2/", skip_host=True)
            connection.putheader("Host", host)
            connection.endheaders()
            response = connection.getresponse()
            self.assertEqual(response.status, status, host)
            if status == 403:
                error = json.loads(response.read())["errors"][0]
                self.assertEqual(error["code"], "DENIED")
                self.assertIn("hosts in [registry]", error["message"])

    def test_a_client_that_tries_tls_first_hears_http_and_goes_on_with_it(self):
        endpoint = self.agent.registry
        with endpoint.place.connect(endpoint.address, endpoint.port, timeout_seconds=2) as connection:
            connection.sendall(bytes.fromhex("160301") + b"\x00\xc8\x01" + bytes(200))
            answer = b""
            while received := connection.recv(4096):
                answer += received
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)

    def said(self, endpoint, request):
        """What the server at `endpoint` answers to exactly these bytes, until it closes or has sent a head."""
        with endpoint.place.connect(endpoint.address, endpoint.port, timeout_seconds=5) as connection:
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer and (received := connection.recv(4096)):
                answer += received
        return answer

    def test_old_clients_and_proxies_are_answered_at_each_port(self):
        blob = self.blob_path(self.layer.digest).encode()
        registry, admin = self.agent.registry, self.agent.admin
        for endpoint, request in ((registry, b"HEAD " + blob + b" HTTP/1.0\r\n\r\n"),
                                  (registry, b"HEAD http://localhost" + blob + b" HTTP/1.1\r\nHost: other.test\r\n\r\n"),
                                  (admin, b"GET /healthz HTTP/1.0\r\n\r\n"),
                                  (admin, b"GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
                                  (admin, b"GET /healthz HTTP/1.1\r\nHost: localhost.\r\n\r\n")):
            self.assertTrue(self.said(endpoint, request).startswith(b"HTTP/1.1 200 "), request)
        for request in (b"GET http://evil.test/v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"GET http://evil.test/v2/ HTTP/1.0\r\n\r\n"):
            self.assertTrue(self.said(registry, request).startswith(b"HTTP/1.1 403 "), request)

    def test_a_token_of_40_kb_is_taken_and_a_head_over_its_bound_is_told(self):
        for size, status in ((40_000, b"200"), (70_000, b"431")):
            head = b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + b"x" * size + b"\r\n\r\n"
            self.assertTrue(self.said(self.agent.registry, head).startswith(b"HTTP/1.1 " + status), size)

    def test_curl_fetches_a_blob_and_resumes_it(self):
        whole, resumed = (f"{self.workspace.path}/{name}" for name in ("whole", "resumed"))
        url = self.agent.registry.url + self.blob_path(self.layer.digest)
        self.curl("--output", whole, url)
        with open(resumed, "wb") as file:
            file.write(self.layer_bytes[:5000])
        self.curl("--continue-at", "-", "--output", resumed, url)
        for path in (whole, resumed):
            with open(path, "rb") as file:
                self.assertEqual(file.read(), self.layer_bytes)

    def curl(self, *arguments):
        subprocess.run(["curl", "--silent", "--show-error", "--fail", *arguments], check=True, timeout=30)


class HeadEqualsGet(Case):
    """HEAD has the headers that GET would have, wherever the answer comes from. An error's text may be another."""

    def assert_equal_heads(self, agent, path, headers=None):
        asked = {"Accept": MANIFEST, **(headers or {})}
        head = agent.registry.request("HEAD", path, headers=asked)
        get = agent.registry.request("GET", path, headers=asked)
        self.assertEqual((head.status, head.body), (get.status, b""), path)
        for answer in (head, get) if get.status >= 400 else ():
            del answer.headers["Content-Length"]
        self.assertEqual(sorted(head.headers.items()), sorted(get.headers.items()), path)
        return get.status

    def test_of_blobs_and_manifests_not_held_held_and_absent(self):
        image = self.library.small()
        _, agents = self.cluster(1)
        layer = self.blob_path(image.layers[0].digest)
        manifests = f"/v2/{REPOSITORY}/manifests"
        for path, status in ((layer, 200), (layer, 200), (f"{manifests}/small?ns={NAME}", 200),
                             (f"{manifests}/{image.digest}?ns={NAME}", 200), (f"{manifests}/absent?ns={NAME}", 404),
                             (self.blob_path("sha256:" + "0" * 64), 404), (self.blob_path("sha256:abc"), 400),
                             (f"{manifests}/small?ns=nobody.test", 404), ("/v2/", 200), ("/", 404)):
            self.assertEqual(self.assert_equal_heads(agents[0], path), status, path)

    def test_of_a_layer_that_is_arriving(self):
        image = self.library.medium()
        layer = image.layers[0]
        slow = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        slow.rules = [Rule(f"GET .*{layer.digest}", rate=4 << 20)]
        _, agents = self.cluster(1, slow.url)
        path = self.blob_path(layer.digest)
        connection = agents[0].registry.open()
        connection.request("GET", path)
        get = connection.getresponse()
        head = agents[0].registry.request("HEAD", path)
        self.assertEqual(sorted(head.headers.items()), sorted(get.headers.items()))
        self.assertTrue(agents[0].status()["pulls"])
        self.assertLessEqual(slow.asked("HEAD", layer.digest), 1)  # of the right; the download knows the size
        connection.close()

    def test_head_finds_in_the_cluster_what_the_origin_cannot_answer_for(self):
        image = self.library.small()
        layer = image.layers[1]
        failing = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        tracker, agents = self.cluster(2, failing.url)
        self.assertEqual(agents[0].registry.get(self.blob_path(layer.digest)).status, 200)
        self.store_file(agents[0], layer.digest)
        failing.rules = [Rule("", status=500)]
        head = agents[1].registry.request("HEAD", self.blob_path(layer.digest))
        self.assertEqual((head.status, int(head.headers["Content-Length"] or 0)), (200, layer.size))


class AdminAndControl(Case):
    """What operators read."""

    def test_health_readiness_and_metrics_are_on_the_admin_address(self):
        tracker, agents = self.cluster(1)
        for program in (tracker, agents[0]):
            for path in ("/healthz", "/readyz"):
                self.assertEqual(program.admin.get(path).status, 200, path)
            page = program.admin.get("/metrics")
            self.assertTrue(page.headers["Content-Type"].startswith("text/plain"))
            self.assertIn("# TYPE shoal_", page.body.decode())
        self.assertEqual(agents[0].status()["node"], agents[0].name)

    def test_the_tracker_lists_agents_and_layers(self):
        image = self.library.medium()
        tracker, agents = self.cluster(2)
        self.pull(agents[0], "medium")
        names = tracker.control.get("/v1/agents").body.decode()
        for agent in agents:
            self.assertIn(agent.name, names)
        self.assertIn(image.layers[0].digest, tracker.control.get("/v1/layers").body.decode())
