"""What simulations/harm says of its measurements, and the client that it measures with."""

import http.server
import threading
import unittest

from simulations.cluster.network import Loopback
from simulations.cluster.web import Endpoint
from simulations.harms import judgement
from simulations.harms.__main__ import parse_options
from simulations.harms.access import Cost
from simulations.harms.hosts import Mirrored, basic
from simulations.harms.measure import Outcome, Timed
from simulations.harms.page import page, with_access
from simulations.harms.situations import NOTHING, REFUSES, SILENT, SITUATIONS, Situation, Told


def _timed(seconds, cpu=0.2, failure=""):
    return Timed(seconds, seconds, 1.0, 7, 0, cpu, failure)


def _outcome(part, direct, through, told=None, line=None, metric=None, cpu=0.2):
    outcome = Outcome(Situation("something", part, told), False, [_timed(direct, cpu)] * len(through), [_timed(each) for each in through])
    outcome.told_line, outcome.told_metric = line, metric
    return outcome


_TOLD = Told("agent", "warning", "metric")


class AccessSection(unittest.TestCase):
    """What access control costs, as a part of HARM.md that is measured by itself."""

    def test_it_takes_the_place_of_the_one_before_and_nothing_else(self):
        before = page([_outcome(NOTHING, 1.0, [1.0, 1.0])], [], [], "here")
        slow, fast = (Cost("pods", 12, 30, 1.0, 12, 12, [seconds], [0.010]) for seconds in (0.030, 0.020))
        with_slow = with_access(before, [slow], "then")
        self.assertIn("| pods | 12 | 30 | 1.00 | 12 | 12 | 30.0 (10.0) | +20.0 | 0 |", with_slow)
        self.assertEqual(with_access(with_slow, [fast], "now"), with_access(before, [fast], "now"))
        self.assertEqual([line for line in with_slow.splitlines() if line in before.splitlines() and line],
                         [line for line in before.splitlines() if line])

    def test_a_row_without_a_pull_that_ended_says_why(self):
        self.assertIn("404", " ".join(Cost("pods", 1, failures=["node1: 404"]).row()))

    def test_numbers_of_nodes_are_chosen(self):
        self.assertEqual(parse_options(["--access"]).access, [1, 12, 48])
        self.assertEqual(parse_options(["--access", "1,2"]).access, [1, 2])
        self.assertEqual(parse_options([]).access, [])


class Judgement(unittest.TestCase):
    def test_the_first_pull_may_cost_a_second_where_a_part_is_silent_and_less_where_it_refuses(self):
        self.assertEqual(judgement.misses(_outcome(SILENT, 1.0, [1.99, 1.0])), [])
        self.assertEqual(judgement.misses(_outcome(SILENT, 1.0, [2.01, 1.0])), ["first pull"])
        self.assertEqual(judgement.misses(_outcome(REFUSES, 1.0, [1.29, 1.0])), [])
        self.assertEqual(judgement.misses(_outcome(REFUSES, 1.0, [1.31, 1.0])), ["first pull"])

    def test_every_further_pull_must_be_as_fast_as_a_direct_one(self):
        self.assertEqual(judgement.misses(_outcome(SILENT, 1.0, [1.0, 1.0, 1.2])), ["further pulls"])
        self.assertEqual(judgement.misses(_outcome(SILENT, 1.0, [1.0, 1.09, 1.05])), [])

    def test_a_situation_must_be_told_in_a_line_and_in_a_metric(self):
        self.assertEqual(judgement.misses(_outcome(SILENT, 1.0, [1.0, 1.0], _TOLD)), ["no line told", "no metric told"])
        self.assertEqual(judgement.misses(_outcome(SILENT, 1.0, [1.0, 1.0], _TOLD, "a line", "a metric 1")), [])

    def test_a_pull_that_failed_is_named(self):
        outcome = _outcome(NOTHING, 1.0, [1.0, 1.0])
        outcome.through[1] = _timed(None, failure="404")
        self.assertEqual(judgement.misses(outcome), ["a pull failed: 404"])

    def test_a_run_in_which_the_cpus_were_the_bottleneck_is_void_and_not_counted(self):
        good, void = _outcome(NOTHING, 1.0, [1.0, 1.0]), _outcome(NOTHING, 1.0, [9.0, 9.0], cpu=0.81)
        self.assertTrue(judgement.is_void(void))
        self.assertFalse(judgement.is_void(good))
        text = page([good, void], [], [], "here")
        self.assertIn("1 of 1 situations meet all their goals, 1 are void", text)

    def test_at_least_thirty_situations_have_names_of_their_own(self):
        names = {situation.name for situation in SITUATIONS}
        self.assertEqual(len(names), len(SITUATIONS))
        self.assertGreaterEqual(len(names), 30)


class _Server:
    """Answers each path with (status, headers, announced length, body)."""

    def __init__(self, test, answers):
        self.asked = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append((self.path, self.headers.get("Authorization"), self.headers.get("Range")))
                authorized = bool(self.headers.get("Authorization"))
                status, headers, length, body = answers(self.path, authorized)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Kept in a list instead."""

        place = Loopback().add("server")
        listening = http.server.ThreadingHTTPServer((place.address, 0), Handler)
        test.addCleanup(listening.server_close)
        test.addCleanup(listening.shutdown)
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        self.endpoint = Endpoint(place, place.address, listening.server_address[1])


class MirroredRegistry(unittest.TestCase):
    def _servers(self, mirror, registry=lambda path, authorized: (200, {}, 8, b"registry")):
        return _Server(self, mirror), _Server(self, registry)

    def test_a_mirror_that_answers_is_the_only_one_asked(self):
        mirror, registry = self._servers(lambda path, authorized: (200, {}, 6, b"mirror"))
        hosts = Mirrored(mirror.endpoint, registry.endpoint)
        self.assertEqual(hosts.request("GET", "/v2/a").body, b"mirror")
        self.assertEqual((hosts.past_mirror, registry.asked), (0, []))

    def test_an_error_of_the_mirror_sends_the_request_to_the_registry(self):
        mirror, registry = self._servers(lambda path, authorized: (404, {}, 0, b""))
        hosts = Mirrored(mirror.endpoint, registry.endpoint)
        self.assertEqual(hosts.request("GET", "/v2/a").body, b"registry")
        self.assertEqual(hosts.past_mirror, 1)

    def test_a_mirror_that_is_not_there_is_no_error(self):
        _, registry = self._servers(lambda path, authorized: (404, {}, 0, b""))
        gone = Endpoint(registry.endpoint.place, registry.endpoint.address, registry.endpoint.place.free_port())
        self.assertEqual(Mirrored(gone, registry.endpoint).request("GET", "/v2/a").body, b"registry")

    def test_a_challenge_of_the_mirror_is_answered_with_the_credential(self):
        mirror, registry = self._servers(
            lambda path, authorized: (200, {}, 6, b"mirror") if authorized else (401, {"WWW-Authenticate": "Basic realm=x"}, 0, b""))
        hosts = Mirrored(mirror.endpoint, registry.endpoint, basic("a", "b"))
        self.assertEqual(hosts.request("GET", "/v2/a").body, b"mirror")
        self.assertEqual([asked[1] for asked in mirror.asked], [None, basic("a", "b")])

    def test_the_rest_of_a_body_that_the_mirror_breaks_off_comes_from_the_registry(self):
        mirror, registry = self._servers(lambda path, authorized: (200, {}, 6, b"mir"))
        hosts = Mirrored(mirror.endpoint, registry.endpoint)
        broken = hosts.open()
        broken.request("GET", "/v2/blob")
        response = broken.getresponse()
        received = b""
        while chunk := response.read1(10):
            received += chunk
        broken.close()
        self.assertEqual(received, b"mir")
        rest = hosts.open()
        rest.request("GET", "/v2/blob", headers={"Range": "bytes=3-"})
        rest.getresponse().read()
        rest.close()
        self.assertEqual([asked[2] for asked in registry.asked], ["bytes=3-"])
