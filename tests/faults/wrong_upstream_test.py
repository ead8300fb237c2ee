"""A tracker that cannot reach the registry, while its agents can: pulls hardly notice, and both logs say what to mend."""

import socket
import ssl
import subprocess
import threading
import time

from simulations.cluster.shoal import Agent, Tracker

from ..integration.case import Case

_REFUSING_SECONDS = 0.3  # that the first pull may lose
_SILENT_SECONDS = 1.0
_LATER_SECONDS = 0.1     # each further pull
_SLACK_SECONDS = 0.2
_SLACK_FACTOR = 2        # of a busy machine, which takes longer for the same pull from one time to the next


class WrongUpstream(Case):
    def setUp(self):
        super().setUp()
        self.images = {"small": self.library.small(), "medium": self.library.medium()}
        alone = Agent(self.workspace, self.programs, self.place("alone"), self.upstreams()).start()
        self.direct_seconds = {tag: self.seconds(alone, tag) for tag in self.images}

    def seconds(self, agent, tag):
        """Of a whole pull, which is right."""
        started = time.monotonic()
        pull = self.pull(agent, tag)
        took = time.monotonic() - started
        self.assert_pulled(pull, self.images[tag])
        return took

    def assert_in_time(self, took, tag, lost_seconds):
        self.assertLess(took, _SLACK_FACTOR * self.direct_seconds[tag] + lost_seconds + _SLACK_SECONDS, tag)

    def assert_hardly_noticed(self, url, first_seconds, step):
        """Two images by an agent whose tracker has this `url`; the tracker's log names the next `step`."""
        tracker = self.tracker(url)
        agent = self.agents(1, [tracker])[0]
        for tag, bound in (("small", first_seconds), ("medium", _LATER_SECONDS)):
            took = self.seconds(agent, tag)
            self.assert_in_time(took, tag, bound)
        told = [line for line in tracker.process.log().splitlines() if "origin: registry unreachable" in line]
        self.assertTrue(told)
        self.assertIn(step, told[0])
        self.assertIn("of the tracker's own configuration file", agent.process.log())
        metrics = tracker.metrics()
        self.assertGreater(metrics["shoal_tracker_origin_unreachable_requests_total"], 0)
        self.assertGreater(metrics["shoal_tracker_origin_spared_requests_total"], 0)

    def closed_port(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            return listener.getsockname()[1]

    def test_a_port_that_refuses(self):
        self.assert_hardly_noticed(f"http://127.0.0.1:{self.closed_port()}", _REFUSING_SECONDS, "nothing listens there")

    def test_a_name_that_does_not_exist(self):
        self.assert_hardly_noticed("http://no-such-host.invalid", _REFUSING_SECONDS, "name server")

    def test_a_port_that_drops(self):
        full = socket.socket()
        self.addCleanup(full.close)
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # and its queue is filled: the kernel drops what comes then
        for _ in range(2):
            waiting = socket.socket()
            self.addCleanup(waiting.close)
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        self.assert_hardly_noticed(f"http://127.0.0.1:{full.getsockname()[1]}", _SILENT_SECONDS, "packet filter")

    def test_a_registry_without_tls_that_is_configured_as_https(self):
        self.assert_hardly_noticed(f"https://{self.origin.endpoint.authority}", _REFUSING_SECONDS, "does not speak TLS")

    def test_a_registry_with_tls_that_is_configured_as_http(self):
        port = self.tls_port()
        self.assert_hardly_noticed(f"http://127.0.0.1:{port}", _REFUSING_SECONDS, "this port speaks TLS")

    def test_a_certificate_of_an_unknown_issuer(self):
        port = self.tls_port()
        self.assert_hardly_noticed(f"https://127.0.0.1:{port}", _REFUSING_SECONDS, "`ca` of [upstreams.")

    def tls_port(self):
        """A server that shakes hands and then closes."""
        path = self.workspace.path
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=server", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", f"{path}/tls.key", "-out", f"{path}/tls.pem"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{path}/tls.pem", f"{path}/tls.key")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except (OSError, ssl.SSLError):
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def test_a_registry_that_is_not_configured(self):
        tracker = Tracker(self.workspace, self.programs, self.place("tracker"), {}).start()
        agent = self.agents(1, [tracker])[0]
        for tag in self.images:
            took = self.seconds(agent, tag)
            self.assert_in_time(took, tag, _LATER_SECONDS)
        self.assertIn("origin: registry not configured", tracker.process.log())
        self.assertIn("of the tracker's own configuration file", agent.process.log())
        self.assertGreater(sum(value for name, value in tracker.metrics().items()
                               if name.startswith("shoal_tracker_unknown_registry_requests_total")), 0)
