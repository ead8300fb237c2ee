"""Few file descriptors: every layer arrives, the origin is spared, and no program turns without end afterwards."""

import concurrent.futures
import time

from simulations.cluster.images import digest_of
from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent, Tracker

from ..integration.case import Case
from .processes import cpu_seconds

_LIMIT = 256
_LAYERS = 100
_LAYER_BYTES = 300_000
_AT_ONCE = 16       # of each agent
_IDLE_SECONDS = 5
_MOST_CPU = 0.1     # of a core; the loop that this is about took 0.85 to 0.97


class FewDescriptors(Case):
    """The hard limit of the tracker and of both agents is 256. Unbounded, 100 layers take three times as many."""

    def setUp(self):
        super().setUp()
        layers = [self.library.layer(_LAYER_BYTES, False, seed=20_000 + number) for number in range(_LAYERS)]
        self.layers = self.library.image("few-descriptors", *layers).layers
        self.origin.forget_requests()

    def limited(self, program):
        program.command = ["prlimit", f"--nofile={_LIMIT}:{_LIMIT}", *program.command]
        return program.start()

    def test_a_hundred_layers_arrive_on_two_agents_with_256_descriptors(self):
        tracker = self.limited(Tracker(self.workspace, self.programs, self.place("tracker"), self.upstreams()))
        agents = [self.limited(Agent(self.workspace, self.programs, self.place(f"agent{number}"), self.upstreams(), [tracker]))
                  for number in (1, 2)]
        for program in (tracker, *agents):
            self.assertEqual([fields["limit"] for _, fields in self.warnings(program)], [str(_LIMIT)])
        with concurrent.futures.ThreadPoolExecutor(2 * _AT_ONCE) as pool:
            for right in pool.map(self.arrives, *zip(*((agent, layer) for layer in self.layers for agent in agents))):
                self.assertTrue(right)
        gets = self.origin.gets_by_blob()
        self.assertEqual({gets.get(layer.digest) for layer in self.layers}, {1}, "one copy left the origin")
        wait_until(lambda: not tracker.metrics()["shoal_tracker_store_reserved_bytes"], 60, "nothing is under way")
        before = cpu_seconds(tracker)
        time.sleep(_IDLE_SECONDS)
        self.assertLess((cpu_seconds(tracker) - before) / _IDLE_SECONDS, _MOST_CPU)

    def arrives(self, agent, layer):
        answer = agent.registry.get(self.blob_path(layer.digest), timeout_seconds=60)
        return answer.status == 200 and digest_of(answer.body) == layer.digest

    @staticmethod
    def warnings(program):
        lines = [line for line in program.process.log().splitlines() if "few file descriptors" in line]
        return [(line, dict(field.split("=", 1) for field in line.split() if "=" in field and field.startswith("limit")))
                for line in lines]
