"""The clocks of all machines are set a day forth or back in the middle of a rollout: nothing takes notice."""

import os
import struct
import subprocess

from simulations.cluster.processes import wait_until

from .rollout import Rollout

_SOURCE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "doubles", "set_clock.cpp")
_DAY_SECONDS = 86_400
_LIMIT = "16MiB/s"  # what leaves under a limit is metered by a clock too


class Clock(Rollout):
    def setUp(self):
        super().setUp()
        library = os.path.join(self.workspace.path, "set_clock.so")
        subprocess.run(["g++", "-std=c++20", "-O2", "-shared", "-fPIC", "-o", library, _SOURCE], check=True)
        self.offset = os.path.join(self.workspace.path, "clock")
        self.set_clocks(0)
        self.environment = {"LD_PRELOAD": library, "SET_CLOCK_FILE": self.offset, "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def set_clocks(self, seconds):
        with open(self.offset, "r+b" if os.path.exists(self.offset) else "wb") as file:
            file.write(struct.pack("=q", seconds))

    def roll_out_while_clocks_go(self, seconds):
        tracker = self.tracker(self.origin_proxy.url, {"seeder": {"upload_limit": _LIMIT}})
        agents = self.agents(self.nodes, [tracker], self.origin_proxy.url, {"swarm": {"upload_limit": _LIMIT}})
        pullers = self.start_pulls(agents)
        self.wait_for_the_middle(pullers)
        self.set_clocks(seconds)
        self.assert_all_pulled(pullers)
        self.assert_only_the_tracker_asked(agents, 1.0)
        self.assertLess(max(puller.seconds for puller in pullers), self.layer_seconds + 4)
        self.wait_until_idle(agents[0])  # it logs what it holds once that is durable
        wait_until(lambda: len(agents[0].events("layer held")) == 4, 10, "manifest, configuration and both layers are logged")
        before, after = (agents[0].events(event)[-1][0] for event in ("tracker connected", "layer held"))
        self.assertAlmostEqual(after - before, seconds, delta=60, msg="the log does not say what the clock says")

    def test_clocks_that_go_a_day_forth_in_mid_rollout_change_nothing(self):
        self.roll_out_while_clocks_go(_DAY_SECONDS)

    def test_clocks_that_go_a_day_back_in_mid_rollout_change_nothing(self):
        self.roll_out_while_clocks_go(-_DAY_SECONDS)
