"""The registry endpoint row by row, with raw HTTP: DESIGN's section 4 as a client on the node sees it."""

import hashlib
import json
import subprocess

from simulations.cluster.images import INDEX, MANIFEST

from .case import NAME, Case
from .library import REPOSITORY


class Endpoint(Case):
    """One agent and one tracker; the small image."""

    def setUp(self):
        super().setUp()
        self.image = self.library.small()
        tracker = self.tracker()
        self.agent = self.agents(1, [tracker], settings={"registry": {"default_upstream": NAME}})[0]
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

    def test_writes_are_405(self):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = self.get(f"/v2/{REPOSITORY}/blobs/uploads/", method)
            self.assertEqual(answer.status, 405, method)
            self.assertEqual(json.loads(answer.body)["errors"][0]["code"], "UNSUPPORTED")

    def test_a_connection_is_kept_for_several_requests(self):
        connection = self.agent.registry.open()
        connection.connect()
        first = connection.sock
        for path, status in ((self.blob_path("sha256:abc"), 400), ("/v2/", 200), (self.blob_path(self.layer.digest), 200)):
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status, status)
            self.assertIs(connection.sock, first)

    def test_a_client_that_tries_tls_first_is_turned_away_at_once(self):
        endpoint = self.agent.registry
        with endpoint.place.connect(endpoint.address, endpoint.port, timeout_seconds=2) as connection:
            connection.sendall(bytes.fromhex("160301") + b"\x00\xc8\x01" + bytes(200))
            self.assertEqual(connection.recv(1), b"")

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
