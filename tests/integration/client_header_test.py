"""The header that a node's clients share: who has it not gets nothing, and it goes no further than the agent."""

import json
import os
import subprocess

from simulations.cluster.containerd import Containerd, why_not_containerd
from simulations.cluster.images import digest_of
from simulations.cluster.processes import wait_until

from .case import Case
from .clients import ClientCase
from .scripted_origin import AnsweringHandler, ServingOrigin

_NAME = "X-Shoal-Client"
_VALUE = "canary-0123456789abcdef0123456789abcdef"
_OTHER = "canary-of-the-renewed-file-0123456789ab"
_LAYER = b"a layer" * 1000
_MANIFEST = json.dumps({"schemaVersion": 2, "layers": [
    {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": len(_LAYER), "digest": digest_of(_LAYER)}]}).encode()
_TYPE = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_REFERRERS = json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": []}).encode()
_PATHS = ("/v2/", f"/v2/lib/app/blobs/{digest_of(_LAYER)}", "/v2/lib/app/manifests/v1",
          f"/v2/lib/app/manifests/{digest_of(_MANIFEST)}", "/v2/lib/app/tags/list",
          f"/v2/lib/app/referrers/{digest_of(_MANIFEST)}", "/v2/_catalog")


def _write_header(path, value, mode=0o600):
    """As a rotation does: a new file takes the name."""
    with open(path + ".next", "w", encoding="utf-8") as file:
        file.write(f"{_NAME}: {value}\n")
    os.chmod(path + ".next", mode)
    os.rename(path + ".next", path)


class ClientHeader(Case):
    def setUp(self):
        super().setUp()
        self.asked = []
        case = self

        class Handler(AnsweringHandler):
            def answer(self):
                case.asked.append((self.path, str(self.headers)))
                path = self.path.split("?")[0]
                if "/manifests/" in path:
                    return 200, {"Content-Type": _TYPE, "Docker-Content-Digest": digest_of(_MANIFEST)}, _MANIFEST
                if "/blobs/" in path:
                    return 200, {}, _LAYER
                if "/referrers/" in path:
                    return 200, {"Content-Type": _INDEX}, _REFERRERS
                return 200, {"Content-Type": "application/json"}, b"{}"

        origin = ServingOrigin(self.workspace, Handler)
        self.file = self.workspace.file("client_header", "")
        _write_header(self.file, _VALUE)
        self.settings = {"registry": {"client_header_file": self.file},
                         "upstreams": {"shop.test": {"url": origin.url}}}
        tracker = self.tracker(settings={"upstreams": {"shop.test": {"url": origin.url}}})
        self.agent = self.agents(1, [tracker], settings=self.settings)[0]

    def get(self, path, value=_VALUE, method="GET"):
        headers = {_NAME: value} if value else {}
        return self.agent.registry.request(method, f"{path}?ns=shop.test", headers=headers)

    def refused(self):
        return self.agent.metrics()["shoal_agent_registry_unknown_client_requests_total"]

    def test_without_it_nothing_is_given_and_no_registry_is_asked_and_with_it_all(self):
        for path in _PATHS:
            for value in (None, _VALUE[:-1], _VALUE + "0", _VALUE.upper()):
                answer = self.get(path, value)
                self.assertEqual((answer.status, json.loads(answer.body)["errors"][0]["code"]), (403, "DENIED"))
                self.assertIn(b"client_header_file", answer.body)
        self.assertEqual(self.asked, [])
        self.assertEqual(self.refused(), 4 * len(_PATHS))
        for path in _PATHS:
            self.assertEqual(self.get(path).status, 200, path)
        self.assertEqual(self.get(_PATHS[1]).body, _LAYER)
        self.assertEqual(self.get(_PATHS[1], None).status, 403, "what is held is not given either")
        self.assertEqual(self.get("/v2/", None, "POST").status, 403)

    def test_it_reaches_no_registry_no_log_no_metric_and_no_status(self):
        self.get("/v2/", _OTHER)
        for path in _PATHS:
            self.get(path)
        self.assertGreater(len(self.asked), 3)
        seen = {"registry": str(self.asked), "log": self.agent.process.log(),
                "metrics": str(self.agent.metrics()), "status": str(self.agent.status())}
        for place, text in seen.items():
            self.assertNotIn("canary", text, place)
            self.assertNotIn(_NAME.lower(), text.lower(), place)
        told = self.agent.events("request without the client header")
        self.assertEqual(len(told), 1)
        self.assertIn("hosts.toml", told[0][1]["next"])

    def test_a_renewed_file_counts_at_the_next_request(self):
        self.assertEqual(self.get("/v2/").status, 200)
        _write_header(self.file, _OTHER)
        self.assertEqual(self.get("/v2/").status, 403)
        self.assertEqual(self.get("/v2/", _OTHER).status, 200)
        os.remove(self.file)
        self.assertEqual(self.get("/v2/", _OTHER).status, 200)
        self.assertEqual(self.get("/v2/", _VALUE).status, 403)
        self.assertEqual(len(self.agent.events("client header file unreadable")), 1)

    def check_config(self):
        command = [self.agent.command[0], "--check-config", *self.agent.command[2:]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        self.assertNotIn("canary", done.stderr + done.stdout)
        return done.returncode, done.stderr + done.stdout

    def test_check_config_opens_the_file(self):
        self.assertEqual(self.check_config()[0], 0)
        _write_header(self.file, _VALUE, 0o644)
        code, said = self.check_config()
        self.assertEqual(code, 0)
        self.assertIn("can be read by every user of this host", said)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("Authorization: canary\n")
        code, said = self.check_config()
        self.assertEqual(code, 2)
        self.assertIn("client_header_file", said)
        os.remove(self.file)
        self.assertEqual(self.check_config()[0], 2)


class ClientHeaderOfContainerd(ClientCase):
    @staticmethod
    def why_not():
        return why_not_containerd()

    def test_containerd_with_the_header_pulls_and_without_it_goes_to_the_origin(self):
        image = self.library.small()
        file = self.workspace.file("client_header", "")
        _write_header(file, _VALUE)
        agent = self.agents(1, [self.tracker()], settings={"registry": {"client_header_file": file}})[0]
        runtime = Containerd(self.workspace, self.place("runtime"))
        for header, is_admitted in (((_NAME, _VALUE), True), (None, False)):
            hosts = runtime.hosts_directory(self.door.authority, self.door.url, agent.registry.url, header=header)
            pull = runtime.start_pull(self.image_name("small"), hosts)
            wait_until(lambda: not pull.running(), 60, "the pull ends")  # pylint: disable=cell-var-from-loop
            self.assertEqual(pull.exit_code(), 0, pull.log_tail())
            for digest in image.blobs:
                self.assertTrue(runtime.holds(digest))
            self.assertEqual(bool(self.door.requests), not is_admitted)
            runtime.remove_images()
        self.assertEqual(len(agent.events("request without the client header")), 1)
