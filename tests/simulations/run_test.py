"""One whole run on real links, small: what it tells of bytes must be exact, whatever the machine does to its times."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_MIB = 1 << 20


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Runs(unittest.TestCase):
    def _run(self, *arguments):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "result.json")
            done = subprocess.run([sys.executable, "-m", "simulations.benchmark", *arguments, "--json", path], cwd=_ROOT,
                                  capture_output=True, text=True, timeout=110, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(path, encoding="utf-8") as file:
                return json.load(file)

    def test_direct_pulls_of_a_second_version_into_racks(self):
        result = self._run("--mode", "direct", "--nodes", "4", "--layers", "2MiB,1MiB,64KiB", "--changed-layers", "2",
                           "--racks", "2", "--oversubscription", "2", "--rate", "16Mbit", "--arrival", "staggered:1s")
        missing = result["missing_bytes"]
        self.assertGreater(missing, _MIB + (64 << 10))  # config and headers of two archives
        self.assertLess(missing, _MIB + (70 << 10))
        self.assertEqual(result["origin_multiple"], 4)
        self.assertEqual(result["origin_bytes"], 4 * missing)
        self.assertEqual(result["origin_requests"], 4 * 5)  # tag, manifest, config, two layers
        self.assertLess(result["hub_multiple"], 0.001)  # its link may carry a solicitation of the kernel's, and nothing else
        self.assertIsNone(result["duplicate_bytes"])
        for copies in result["copies_into_racks"].values():
            self.assertAlmostEqual(copies, 2, delta=0.1)
        self.assertAlmostEqual(result["overhead"], 1.05, delta=0.05)
        # The last node comes at 1 s and takes what it misses over 2,000,000 bytes/s.
        self.assertAlmostEqual(result["lower_bound_seconds"], 1 + missing / 2_000_000)
        self.assertEqual(result["limited_by"], "slowest node")
        self.assertGreater(result["ratio"], 1)
        layers = {node["progress"][-1][1] for node in result["per_node"]}
        self.assertEqual(len(layers), 1)
        self.assertLess(0, missing - max(layers))  # the config
        self.assertLess(missing - max(layers), 1024)
        self.assertGreater(result["per_node"][3]["start_seconds"], 0.99)
        self.assertGreater(result["roles"]["origin"]["peak_bytes"], _MIB)
        self.assertEqual(result["conditions"]["schema"], 1)

    def test_batches_come_one_after_the_other(self):
        result = self._run("--mode", "direct", "--nodes", "3", "--layers", "256KiB", "--rate", "16Mbit", "--arrival",
                           "batches:34%", "--unproved")
        first, second, third = result["per_node"]
        ended = max(node["start_seconds"] + node["seconds"] for node in (first, second))
        self.assertGreaterEqual(third["start_seconds"], ended)
        self.assertLess(second["start_seconds"], ended)
        self.assertAlmostEqual(result["lower_bound_seconds"], 2 * result["missing_bytes"] / 2_000_000)
        self.assertEqual((result["void"], result["reasons"]), (True, ["neither the links nor the machine were tried"]))


class Refusals(unittest.TestCase):
    def _refused(self, *arguments):
        done = subprocess.run([sys.executable, "-m", "simulations.benchmark", *arguments], cwd=_ROOT, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        return done.stderr.splitlines()[-1]

    def test_wrong_options_are_named(self):
        self.assertIn("nodes: from 1", self._refused("--nodes", "0"))
        self.assertIn("no mode is called", self._refused("--mode", "pigeon"))
        self.assertIn("--arrival", self._refused("--arrival", "late"))
        self.assertIn("--rate", self._refused("--rate", "10"))
        self.assertIn("--changed-layers", self._refused("--changed-layers", "1"))
        self.assertIn("needs racks", self._refused("--oversubscription", "4"))
        self.assertIn("--suite", self._refused("--suite", "--nodes", "4"))
        self.assertIn("--unproved", self._refused("--suite", "--unproved"))
        self.assertIn("--nodes", self._refused("--scenario", "x.toml", "--nodes", "4"))
        self.assertIn("No such file", self._refused("--scenario", "no-such.toml"))

    def test_a_wrong_scenario_file_is_named_with_its_key(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('name = "x"\n[topology]\nnodes = 0\n[image]\nlayers = ["1MiB"]\n')
            file.flush()
            self.assertIn(f"{file.name}: nodes: from 1", self._refused("--scenario", file.name))
