"""Swarms end when no agent needs them, and begin again for an agent that comes later."""

import time

from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent

from ..integration.case import Case, Puller
from .processes import cpu_seconds, descriptors

_AGENTS = 3
_LAYERS = 40
_LAYER_BYTES = 300_000
_REST_SECONDS = 60     # Rest::after is 25 s
_IDLE_SECONDS = 5
_MOST_CPU = 0.02       # of a core; with sanitizers
_MOST_MORE_DESCRIPTORS = 10  # than before the first pull; in 40 swarms it were 160


class Rest(Case):
    def setUp(self):
        super().setUp()
        self.image = self.library.image("rest", *(
            self.library.layer(_LAYER_BYTES, False, seed=21_000 + number) for number in range(_LAYERS)))

    def test_agents_leave_the_swarms_that_no_agent_needs_and_serve_a_late_one_again(self):
        tracker, agents = self.cluster(_AGENTS)
        before = {agent.name: descriptors(agent) for agent in agents}
        for puller in [Puller(self, agent, "rest") for agent in agents]:
            self.assert_pulled(puller.result(), self.image)
        self.assertGreater(sum(agent.metrics()["shoal_agent_swarm_layers"] for agent in agents), _LAYERS)
        wait_until(lambda: not any(agent.metrics()["shoal_agent_swarm_layers"] for agent in agents), _REST_SECONDS,
                   "all swarms are left")
        wait_until(lambda: all(not sum(layer["members"].values()) for layer in tracker.layers()), 10,
                   "the tracker knows it")
        for agent in agents:
            self.assertLessEqual(descriptors(agent), before[agent.name] + _MOST_MORE_DESCRIPTORS, agent.name)
        spent = {program.name: cpu_seconds(program) for program in (tracker, *agents)}
        time.sleep(_IDLE_SECONDS)
        for program in (tracker, *agents):
            self.assertLess((cpu_seconds(program) - spent[program.name]) / _IDLE_SECONDS, _MOST_CPU, program.name)
        self.forget_once_logged(self.image)
        late = Agent(self.workspace, self.programs, self.place("late"), self.upstreams(), [tracker]).start()
        self.assert_pulled(self.pull(late, "rest"), self.image)
        self.assertGreater(late.received()["peers"], 0)
        self.assertEqual(self.origin.gets_by_blob(), {}, "others hold all of it")
