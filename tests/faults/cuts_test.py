"""The power fails at random moments while an agent fills its store: what is then on the disk."""

import os
import random
import subprocess
import time
import unittest

from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent

from ..integration.case import Case, Puller
from .layers_on_disk import visible_layers, wrong_layers
from .power import Disk, own_mounts, why_there_is_no_rig

_MIB = 1 << 20
_IMAGES = 6
_CUTS_EACH_ROUND = 5
_NO_SYNC = "int fsync(int file) { (void)file; return 0; }\nint fdatasync(int file) { (void)file; return 0; }\n"


class PowerCuts(Case):
    nightly = "cuts"
    limit_seconds = 3_000
    cuts = 200
    control_cuts = 60

    def setUp(self):
        super().setUp()
        if why := why_there_is_no_rig():
            raise unittest.SkipTest(why)
        own_mounts()
        self.seed = int(os.environ.get("SHOAL_SEED", time.time_ns() % 1_000_000))
        self.random = random.Random(self.seed)
        self.images = {f"cuts-{number}": self.library.image(
            f"cuts-{number}", *(self.library.layer(size, False, seed=7_000 + 10 * number + position)
                                for position, size in enumerate((6 * _MIB, 3 * _MIB, 600 << 10, 80 << 10))))
                       for number in range(_IMAGES)}
        self.disk = Disk(self.workspace)
        self.rounds = 0

    def cut_power(self, cuts, environment=None):
        """(cuts with a wrong layer, cuts that lost one which was held, layers looked at)."""
        wrong = lost = layers = 0
        for _ in range(-(-cuts // _CUTS_EACH_ROUND)):
            for cut, said, store in self.fill_and_cut(environment):
                with cut as path:
                    visible = visible_layers(os.path.join(path, store))
                    layers += len(visible)
                    bad = wrong_layers(visible)
                    wrong += bool(bad)
                    lost += bool(said - (set(visible) - bad))
        return wrong, lost, layers

    def fill_and_cut(self, environment):
        """One agent with a store of its own pulls all images; each cut with what the agent had said before it."""
        self.rounds += 1
        store = f"store-{self.rounds}"
        agent = self.agent_at(os.path.join(self.disk.path, store), environment).start()
        pullers = [Puller(self, agent, tag) for tag in self.images]
        cuts = []
        for _ in range(_CUTS_EACH_ROUND):
            time.sleep(self.random.uniform(0, 0.4))
            said = {fields["digest"] for _, fields in agent.events("layer held")}
            cuts.append((self.disk.cut(), said, store))
        for puller in pullers:
            puller.result(60)
        agent.process.kill()
        subprocess.run(["rm", "-rf", os.path.join(self.disk.path, store)], check=True, timeout=60)
        return cuts

    def agent_at(self, store, environment=None):
        os.makedirs(store, exist_ok=True)
        agent = Agent(self.workspace, self.programs, self.place(f"agent{self.rounds}"), self.upstreams(),
                      settings={"store": {"path": store}})
        variables = [f"{name}={value}" for name, value in (environment or {}).items()]
        agent.command = ["env", *variables, *agent.command] if variables else agent.command
        return agent

    def test_a_power_cut_leaves_no_wrong_layer_and_loses_none_that_was_held(self):
        wrong, lost, layers = self.cut_power(self.cuts)
        print(f"     {self.cuts} cuts, {layers} layers looked at, {wrong} cuts with a wrong one, {lost} that lost one, "
              f"seed {self.seed}")
        self.assertGreater(layers, self.cuts, "hardly a layer was there when the power failed")
        self.assertEqual((wrong, lost), (0, 0))

    def test_the_rig_shows_what_a_store_without_fsync_loses(self):
        source = self.workspace.file("no-sync.c", _NO_SYNC)
        library = os.path.join(self.workspace.path, "no-sync.so")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True, timeout=60)
        wrong, lost, layers = self.cut_power(self.control_cuts, {"LD_PRELOAD": library})
        print(f"     without fsync: {self.control_cuts} cuts, {layers} layers looked at, {wrong} cuts with a wrong one, "
              f"{lost} that lost one, seed {self.seed}")
        self.assertGreater(max(wrong, lost), 0.05 * self.control_cuts, "the rig sees nothing: it proves nothing")

    def test_an_agent_on_what_the_power_left_pulls_right_images(self):
        for cut, _, store in self.fill_and_cut(None):
            with cut as path:
                agent = self.agent_at(os.path.join(path, store)).start()
                for tag, image in self.images.items():
                    self.assert_pulled(self.pull(agent, tag), image)
                agent.process.kill()
                wait_until(lambda: not agent.process.running(), 10, "the agent has ended")
