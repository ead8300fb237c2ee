"""Shoal: a tracker on the hub and an agent on every node, racks told as zones."""

from ...cluster.processes import wait_until
from ...cluster.puller import Pull
from ...cluster.shoal import Agent, Programs, Tracker
from . import Mode, registry_plan

_SMALL_BYTES = 256 << 10  # up to here a layer has no swarm, and the tracker does not list it
_HELD_SECONDS = 60
_GONE_SECONDS = 30


class TheMode(Mode):
    """Cold: nobody has anything. Warm: the tracker has the image, as an agent pulled it that has left."""

    name = "shoal"
    hub_role = "tracker"

    def start(self, stage):
        programs = Programs(stage.programs)
        if programs.missing():
            raise RuntimeError("not built: " + ", ".join(programs.missing()))
        self._stage = stage
        self._upstream = stage.registry.authority
        upstreams = {self._upstream: {"url": stage.registry.endpoint.url}}
        self._tracker = Tracker(stage.workspace, programs, stage.hub, upstreams).start()
        self._agents = {}
        for node in stage.nodes:
            zone = {"node": {"name": node.name, "zone": node.rack}} if node.rack else None
            self._agents[node.name] = Agent(stage.workspace, programs, node.place, upstreams, [self._tracker],
                                            settings=zone).start(wait=False)
        for agent in self._agents.values():
            agent.wait_ready()
        wait_until(self._all_known, 30, "the tracker knows all agents", step_seconds=0.2)

    def _all_known(self):
        return sum(agent["connected"] for agent in self._tracker.known_agents()) == len(self._agents)

    def warm(self):
        stage = self._stage
        upstreams = {self._upstream: {"url": stage.registry.endpoint.url}}
        agent = Agent(stage.workspace, Programs(stage.programs), stage.spare, upstreams, [self._tracker]).start()
        Pull(agent.registry, self._upstream, stage.image.repository, stage.image.tag).run()
        wait_until(self._all_held, _HELD_SECONDS, "the tracker holds the image", step_seconds=0.2)
        agent.process.end()
        wait_until(self._all_known, _GONE_SECONDS, "the tracker knows that the first agent has left", step_seconds=0.2)

    def _all_held(self):
        held = {layer["digest"] for layer in self._tracker.layers() if layer["state"] == "held"}
        return all(digest in held for digest, size in self._stage.image.blobs.items() if size > _SMALL_BYTES)

    def plan(self, node, image):
        return registry_plan(self._agents[node.name].registry, self._upstream, image, node.held)

    def roles(self):
        return {"tracker": [self._tracker.process], "agent": [agent.process for agent in self._agents.values()]}

    def duplicate_bytes(self):
        return sum(agent.metrics().get("shoal_agent_swarm_duplicate_bytes_total", 0) for agent in self._agents.values())

    def seeder_bytes(self):
        return sum(agent.received()["seeder"] for agent in self._agents.values())
