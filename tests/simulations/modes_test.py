"""Every mode brings every byte to every node; how fast does not matter here, so that a busy machine is no reason to fail."""

import json
import os
import subprocess
import tempfile
import unittest

from simulations.benchmark.modes import MODES
from simulations.benchmark.modes.bittorrent_puller import BittorrentPuller
from simulations.cluster.network import Loopback
from simulations.cluster.nginx import Nginx
from simulations.cluster.puller import PullFailed
from simulations.cluster.workspace import Workspace

_TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_SHOAL = os.path.join(_TREE, "build", "dev")
_SECONDS = 110


@unittest.skipIf(os.geteuid() != 0, "not root")
class EveryMode(unittest.TestCase):
    def _roll_out(self, mode, *more):
        """The result of two layers on two nodes; a later option of the same name counts."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "result.json")
            done = subprocess.run(["/usr/bin/python3", "-m", "simulations.benchmark", "--nodes", "2", "--layers",
                                   "1MiB,300KiB", "--rate", "50Mbit", "--unproved", "--mode", mode, "--json", path, "--programs",
                                   _SHOAL, *more], cwd=_TREE, capture_output=True, text=True, timeout=_SECONDS, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(path, encoding="utf-8") as file:
                return json.load(file)

    def _origin_multiple(self, mode, expected, *more):
        result = self._roll_out(mode, *more)
        self.assertEqual(result["failures"], [])
        self.assertAlmostEqual(result["origin_multiple"], expected, 3)

    def test_direct_takes_a_copy_for_each_node_from_the_origin(self):
        self._origin_multiple("direct", 2)

    def test_shoal_takes_one_copy(self):
        self._origin_multiple("shoal", 1)

    def test_small_layers_on_links_full_for_seconds_take_one_copy_and_few_of_the_tracker(self):
        result = self._roll_out("shoal", "--nodes", "12", "--layers", "12x250KiB", "--rate", "4Mbit", "--origin-rate", "48Mbit")
        self.assertEqual(result["failures"], [])
        self.assertAlmostEqual(result["origin_multiple"], 1, 3)
        self.assertLessEqual(result["hub_multiple"], 3)
        if not result["void"]:
            self.assertLessEqual(result["ratio"], 4)  # 3 were measured: each layer takes half a second from node to node

    def test_nginx_takes_one_copy(self):
        self._origin_multiple("mirror", 1)

    def test_a_warm_nginx_takes_none(self):
        self._origin_multiple("mirror", 0, "--warm")

    def test_docker_registrys_proxy_brings_everything(self):
        result = self._roll_out("registry-mirror")
        self.assertEqual(result["failures"], [])
        self.assertGreaterEqual(result["origin_multiple"], 0.999)  # more when clients ask while it fetches

    def test_bittorrent_takes_one_copy(self):
        self._origin_multiple("bittorrent", 1)

    def test_bittorrent_that_has_published_the_image_takes_none(self):
        self._origin_multiple("bittorrent", 0, "--warm")

    def test_bittorrent_publishes_only_what_the_version_before_had_not(self):
        self._origin_multiple("bittorrent", 1, "--changed-layers", "1")

    def test_there_are_no_other_modes(self):
        self.assertEqual(set(MODES), {"direct", "shoal", "mirror", "registry-mirror", "bittorrent"})


class BittorrentNode(unittest.TestCase):
    """A node's side alone, with a web server that shows what a publisher would."""

    def setUp(self):
        self.workspace = self.enterContext(Workspace())
        root = self.workspace.directory("torrents")
        self.web = Nginx(self.workspace, Loopback().add("web"), "web",
                         lambda listen: f"server {{ listen {listen}; root {root}; }}").endpoint

    def _fails_with(self, words):
        arguments = {"web": [self.web.address, self.web.port], "tag": "v1", "manifest": "sha256:" + "0" * 64,
                     "peer_directory": self.workspace.directory("peer"), "held": []}
        with self.assertRaisesRegex(PullFailed, words):
            BittorrentPuller(arguments, self.workspace.directory("pulled"), lambda size: None).run()

    def test_a_publisher_that_gives_up_ends_the_waiting(self):
        self.workspace.file("torrents/failed", "no such tag")
        self._fails_with("the publisher failed: no such tag")

    def test_a_manifest_that_is_another_one_is_refused(self):
        self.workspace.file("torrents/v1.json", "{}")
        self._fails_with("v1.json is not sha256:000")
