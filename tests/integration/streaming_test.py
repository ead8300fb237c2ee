"""Bytes reach the client while the origin is still sending."""

import hashlib
import time

from simulations.cluster.containerd import Containerd, why_not_containerd
from simulations.cluster.processes import wait_until

from .case import Case
from .faulty_origin import FaultyOrigin, Rule
from .library import REPOSITORY

_ORIGIN_RATE = 32 << 20  # 200 MiB in 6.3 s


class WhileItArrives(Case):
    def setUp(self):
        super().setUp()
        self.image = self.library.large()
        self.layer = self.image.layers[0]
        self.slow = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        self.slow.rules = [Rule(f"GET .*{self.layer.digest}", rate=_ORIGIN_RATE)]

    def test_a_raw_client_has_its_first_bytes_within_a_second_and_all_of_them_right(self):
        _, agents = self.cluster(2, self.slow.url)
        connection = agents[0].registry.open()
        started = time.monotonic()
        connection.request("GET", self.blob_path(self.layer.digest))
        response = connection.getresponse()
        hasher = hashlib.sha256(response.read1(1 << 16))
        self.assertLess(time.monotonic() - started, 1.0)
        self.assertEqual(response.status, 200)
        while chunk := response.read1(1 << 20):
            hasher.update(chunk)
        self.assertEqual("sha256:" + hasher.hexdigest(), self.layer.digest)
        self.assertLess(time.monotonic() - started, 1.3 * self.layer.size / _ORIGIN_RATE)
        self.assertEqual(self.slow.gets(self.layer.digest), 1)

    def test_containerd_starts_within_a_second_and_ends_identical(self):
        if why_not_containerd():
            self.skipTest(why_not_containerd())
        _, agents = self.cluster(1, self.slow.url)
        containerd = Containerd(self.workspace, self.place("runtime"))
        hosts = containerd.hosts_directory(self.origin.authority, self.slow.url, agents[0].registry.url)
        started = time.monotonic()
        pull = containerd.start_pull(f"{self.origin.authority}/{REPOSITORY}:large", hosts)
        before = len(self.image.manifest) + len(self.image.config)
        wait_until(lambda: containerd.received_bytes() > before, 10, "containerd has bytes of the layer")
        self.assertLess(time.monotonic() - started, 1.0)
        self.assertEqual(pull.wait(90), 0, pull.log_tail())
        for digest in self.image.blobs:
            self.assertTrue(containerd.holds(digest), digest)
        self.assertEqual(containerd.image_id(self.image.digest), self.image.id)
        self.assertEqual(self.slow.gets(self.layer.digest), 1)
