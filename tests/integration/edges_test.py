"""The edges of the protocol: layers at every boundary of the cut, manifests that lie about sizes, many layers at once."""

import concurrent.futures
import dataclasses
import hashlib
import http.client
import os
import random

from simulations.cluster.content import PLAIN_LAYER, Layer
from simulations.cluster.images import MANIFEST, make_image
from simulations.cluster.processes import wait_until
from simulations.cluster.puller import Pull, PullFailed

from .case import NAME, Case, Puller
from .faulty_origin import FaultyOrigin, Rule
from .library import REPOSITORY

_PIECE = 16 << 10         # of layers up to 16 MiB
_SMALL_LIMIT = 256 << 10  # up to here a layer travels without a swarm
_LONG_PIECES = 16 << 20   # above it pieces are of 32 KiB


class EdgeCase(Case):
    def layer(self, size, seed):
        """Bytes of exactly this size; not an archive, which no client here looks at."""
        path = os.path.join(self.workspace.directory("layers"), f"{seed}-{size}")
        data = random.Random(f"{self.id()} {seed}").randbytes(size)
        with open(path, "wb") as file:
            file.write(data)
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        return Layer(path, digest, size, digest, PLAIN_LAYER)

    def push(self, tag, layers, said_sizes=None, repository=REPOSITORY):
        """An image of these layers, whose manifest says other sizes when told so."""
        image = make_image(layers)
        self.origin.push_image(repository, tag, image)
        if said_sizes:
            image = make_image([dataclasses.replace(layer, size=said_sizes.get(layer.digest, layer.size))
                                for layer in layers])
            self.origin.push_blob(repository, image.id, image.config, len(image.config))
            self.origin.push_manifest(repository, tag, image.manifest, MANIFEST)
        self.origin.forget_requests()
        return image

    def fetch(self, agent, digest, upstream=None, repository=REPOSITORY):
        """The body of a complete answer, or None when the client cannot take it for one."""
        upstream = upstream or self.origin.authority
        try:
            answer = agent.registry.get(f"/v2/{repository}/blobs/{digest}?ns={upstream}", timeout_seconds=40)
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException):
            return None
        return answer.body if answer.status == 200 else None

    def assert_right(self, body, digest):
        self.assertIsNotNone(body, digest)
        self.assertEqual("sha256:" + hashlib.sha256(body).hexdigest(), digest)

    def assert_nothing_reserved(self, agents):
        for agent in agents:
            wait_until(lambda: agent.metrics()["shoal_agent_store_reserved_bytes"] == 0, 20, f"{agent.name} has nothing reserved")

    def pull_at_once(self, agents, tag, image):
        for puller in [Puller(self, agent, tag) for agent in agents]:
            self.assert_pulled(puller.result(), image)


class Boundaries(EdgeCase):
    """Sizes on both sides of every limit: nothing, a piece, what travels without a swarm, longer pieces."""

    SIZES = (0, 1, _PIECE - 1, _PIECE, _PIECE + 1, _SMALL_LIMIT - 1, _SMALL_LIMIT, _SMALL_LIMIT + 1,
             _SMALL_LIMIT + _PIECE - 1, _SMALL_LIMIT + _PIECE, _LONG_PIECES, _LONG_PIECES + 1)

    def setUp(self):
        super().setUp()
        self.image = self.push("boundaries", [self.layer(size, "edge") for size in self.SIZES])
        self.tracker, self.agents_ = self.cluster(3)

    def test_layers_at_every_boundary_arrive_right_at_three_agents_and_once_from_the_origin(self):
        self.pull_at_once(self.agents_, "boundaries", self.image)
        asked = self.origin.gets_by_blob()
        empty = self.image.layers[0].digest
        self.assertLessEqual(asked.pop(empty, 0), 1)
        self.assertEqual(asked, {digest: 1 for digest in self.image.blobs if digest != empty})
        self.assert_nothing_reserved(self.agents_)

    def test_layers_at_every_boundary_are_served_warm_without_the_origin(self):
        self.assert_pulled(self.pull(self.agents_[0], "boundaries"), self.image)
        self.origin.forget_requests()
        for agent in self.agents_[1:]:
            self.assert_pulled(self.pull(agent, "boundaries"), self.image)
        before = [agent.received() for agent in self.agents_]
        for agent in self.agents_:
            self.assert_pulled(self.pull(agent, "boundaries"), self.image)
        self.assertEqual([agent.received() for agent in self.agents_], before)
        self.assertEqual(self.origin.gets_by_blob(), {})
        self.assertEqual([agent.received()["origin"] for agent in self.agents_], [0, 0, 0])


class LyingManifests(EdgeCase):
    """A verified manifest may still say wrong sizes: an error or the right bytes, never wrong ones, and nobody waits."""

    def setUp(self):
        super().setUp()
        self.tracker, self.agents_ = self.cluster(2)

    def learn(self, agent, image):
        """The agent sees the manifest, as with every pull."""
        path = f"/v2/{REPOSITORY}/manifests/{image.digest}?ns={self.origin.authority}"
        answer = agent.registry.get(path, {"Accept": MANIFEST})
        self.assertEqual((answer.status, answer.body), (200, image.manifest))

    def assert_survived(self, size):
        lies = (0, 1, size - 1, size + 1, 2 * size, _SMALL_LIMIT + 1, 30 << 30, 1 << 40, (1 << 40) + 1, (1 << 63) - 1, -1)
        layers = [self.layer(size, f"lie {lie}") for lie in lies]
        honest = self.layer(size, "honest")
        image = self.push(f"lying-{size}", [*layers, honest], {layer.digest: lie for layer, lie in zip(layers, lies)})
        for agent in self.agents_:
            self.learn(agent, image)
        with concurrent.futures.ThreadPoolExecutor(2 * len(layers) + 2) as pool:
            bodies = [(layer.digest, pool.submit(self.fetch, agent, layer.digest))
                      for agent in self.agents_ for layer in (*layers, honest)]
        for digest, body in bodies:
            if body.result() is not None or digest == honest.digest:
                self.assert_right(body.result(), digest)
        self.assert_nothing_reserved(self.agents_)
        return image

    def test_wrong_sizes_of_small_layers_harm_nobody(self):
        self.assert_survived(10_000)

    def test_wrong_sizes_of_layers_with_a_swarm_harm_nobody(self):
        self.assert_survived(_SMALL_LIMIT + 100_000)

    def test_a_lie_on_one_node_leaves_the_others_and_the_truth_alone(self):
        layer = self.layer(3 << 20, "shared")
        lying = self.push("lying", [layer], {layer.digest: layer.size - 1})
        honest = self.push("honest", [layer])
        self.learn(self.agents_[0], lying)
        self.learn(self.agents_[1], honest)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            misled, right = pool.map(lambda agent: self.fetch(agent, layer.digest), self.agents_)
        self.assert_right(right, layer.digest)
        if misled is not None:
            self.assert_right(misled, layer.digest)
        self.assert_pulled(self.pull(self.agents_[0], "honest"), honest)


class ManyAtOnce(EdgeCase):
    def test_thirty_layers_at_once_by_three_agents_each_come_once_from_the_origin(self):
        layers = [self.layer((300 << 10) + 50_001 * number, number) for number in range(30)]
        image = self.push("thirty", layers)
        _, agents = self.cluster(3)
        with concurrent.futures.ThreadPoolExecutor(90) as pool:
            bodies = [(layer.digest, pool.submit(self.fetch, agent, layer.digest))
                      for layer in layers for agent in agents]
        for digest, body in bodies:
            self.assert_right(body.result(), digest)
        self.assertEqual(self.origin.gets_by_blob(), {layer.digest: 1 for layer in layers})
        self.pull_at_once(agents, "thirty", image)

    def test_one_layer_of_two_repositories_under_two_names_is_fetched_once(self):
        layer = self.layer(6 << 20, "shared")
        other = "other/image"
        image = self.push("shared", [layer])
        self.push("shared", [layer], repository=other)
        _, agents = self.cluster(3)
        places = [(self.origin.authority, REPOSITORY), (NAME, other), (NAME, REPOSITORY), (self.origin.authority, other)]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            bodies = [pool.submit(self.fetch, agent, layer.digest, *place) for place in places for agent in agents]
        for body in bodies:
            self.assert_right(body.result(), layer.digest)
        self.assertEqual(self.origin.gets_by_blob(), {layer.digest: 1})
        for agent in agents:
            self.assert_pulled(Pull(agent.registry, NAME, other, "shared").run(), image)
        self.assertEqual(self.origin.gets_by_blob()[layer.digest], 1)


class Generations(EdgeCase):
    """The origin's first stream of a layer is wrong, and nobody can know before its end."""

    def setUp(self):
        super().setUp()
        self.layer_ = self.layer(24 << 20, "restarted")
        self.image = self.push("restarted", [self.layer_])
        self.proxy = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        wrong = Rule(f"GET .*{self.layer_.digest}", corrupt_at=20 << 20, rate=12 << 20, times=1)
        self.proxy.rules = [wrong]

    def test_a_restart_in_mid_swarm_ends_right_everywhere_with_two_reads_and_nobody_blamed(self):
        tracker, agents = self.cluster(3, self.proxy.url)
        outcomes = [puller.ended(40) for puller in [Puller(self, agent, "restarted") for agent in agents]]
        for agent in agents:
            self.wait_until_idle(agent)
        for agent, outcome in zip(agents, outcomes):
            if isinstance(outcome, PullFailed):  # it had bytes of the wrong stream and was cut off
                self.assert_pulled(self.pull(agent, "restarted"), self.image)
            else:
                self.assert_pulled(outcome, self.image)
        self.assertEqual(self.proxy.gets(self.layer_.digest), 2)
        metrics = [agent.metrics() for agent in agents]
        self.assertEqual([each["shoal_agent_swarm_corrupt_pieces_total"] for each in metrics], [0, 0, 0])
        self.assertEqual([each["shoal_agent_origin_received_bytes_total"] for each in metrics], [0, 0, 0])
        self.assertEqual(len(tracker.events("origin layer corrupt, fetching again")), 1)
        self.assert_nothing_reserved(agents)
