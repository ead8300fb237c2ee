"""What simulations/serve says of its measurements, and that its measuring works at all."""

import contextlib
import io
import os
import time
import unittest

from simulations.cluster.network import Loopback
from simulations.cluster.nginx import Nginx
from simulations.cluster.readers import ReadersFailed, read_whole, time_each
from simulations.cluster.workspace import Workspace
from simulations.serving.__main__ import parse_options, row_of
from simulations.serving.cost import Cost, cost_of

_GIB = 1 << 30


def _cost(seconds, server, other=0.0):
    return Cost(_GIB, seconds, {"server": server, "client": 0.25}, other)


class Rows(unittest.TestCase):
    def test_a_row_has_medians_and_the_range_of_the_rates(self):
        row = row_of("agent", [_cost(1.0, 0.5), _cost(2.0, 0.1), _cost(4.0, 0.3)])
        self.assertAlmostEqual(row["megabytes_per_second"], 536.870912)  # 1 GiB in 2 s
        self.assertEqual([round(rate, 3) for rate in row["megabytes_per_second_range"]], [268.435, 1073.742])
        self.assertEqual(row["cpu_seconds_per_gib"], {"server": 0.3, "client": 0.25})
        self.assertFalse(row["void"])

    def test_a_row_is_void_when_others_took_more_than_five_percent_in_any_round(self):
        self.assertFalse(row_of("agent", [_cost(1.0, 0.5, 0.05)])["void"])
        self.assertTrue(row_of("agent", [_cost(1.0, 0.5), _cost(1.0, 0.5, 0.051)])["void"])

    def test_a_cost_counts_the_cpu_of_its_roles(self):
        def work():
            started = time.thread_time()
            while time.thread_time() < started + 0.3:
                pass
            return 1000

        cost = cost_of({"self": [os.getpid()]}, work)
        self.assertEqual(cost.moved_bytes, 1000)
        self.assertGreaterEqual(cost.cpu_seconds["self"], 0.29)  # more when this process has other threads at work
        self.assertLess(cost.cpu_seconds["self"], cost.seconds * os.cpu_count() + 0.1)
        self.assertGreaterEqual(cost.seconds, 0.29)
        self.assertTrue(0 <= cost.other_cpu_share <= 1)

    def test_wrong_options_are_refused(self):
        for arguments in (["--size", "3"], ["--size", "100KiB"], ["--size", "0B"], ["--rounds", "0"], ["--rounds", "x"]):
            with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as ended:
                parse_options(arguments)
            self.assertEqual(ended.exception.code, 2)


class Readers(unittest.TestCase):
    def setUp(self):
        self.workspace = self.enterContext(Workspace())
        path = self.workspace.file("body", "x" * 1_000_000)
        self.nginx = Nginx(self.workspace, Loopback().add("nginx"), "nginx",
                           lambda listen: f"server {{ listen {listen}; location = /body {{ alias {path}; }} }}")

    def test_all_clients_read_the_whole_body(self):
        self.assertEqual(read_whole(self.nginx.endpoint, "/body", 5, 30), 5_000_000)

    def test_each_client_is_timed_by_itself(self):
        took = time_each([self.nginx.endpoint] * 3, "/body", 30)
        self.assertEqual(len(took), 3)
        self.assertTrue(all(0 < each < 30 for each in took))

    def test_an_answer_that_is_no_body_is_a_failure(self):
        with self.assertRaises(ReadersFailed):
            read_whole(self.nginx.endpoint, "/other", 1, 30)

    def test_all_processes_of_nginx_are_counted(self):
        workers = self.nginx.workers()
        self.assertEqual(workers[0], self.nginx.process.id)
        self.assertEqual(len(workers), 1 + os.cpu_count())
