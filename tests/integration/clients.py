"""What the tests of real clients share: the origin has a door of its own for them, and that keeps a list of who came in.

Images are named after the door, agents and tracker go to the registry behind it. So a client that has its image, and an
empty list, say together that the cluster delivered all of it.
"""

import concurrent.futures
import contextlib

from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent

from .case import NAME, Case
from .faulty_origin import FaultyOrigin, Rule
from .library import REPOSITORY


class ClientCase(Case):
    @staticmethod
    def why_not():
        """The reason for which the client cannot run here, or None."""

    def setUp(self):
        super().setUp()
        if self.why_not():
            self.skipTest(self.why_not())
        self.door = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")

    def upstreams(self, url=None):
        return {**super().upstreams(url), self.door.authority: {"url": url or self.origin.endpoint.url}}

    def slow_origin(self, image):
        """The origin sends the image's first layer in a few seconds, so that there is a middle of it."""
        slow = FaultyOrigin(self.workspace, self.origin, "127.0.0.1")
        slow.rules = [Rule(f"GET .*{image.layers[0].digest}", rate=8 << 20)]
        return slow

    def agent_that_answers_errors(self):
        """It runs, but has never heard of the registry."""
        return Agent(self.workspace, self.programs, self.place("stranger"), {}).start()

    def unused_url(self):
        """Where nobody listens."""
        place = self.place("nobody")
        return f"http://{place.address}:{place.free_port()}"

    def agent_with_stale_tags(self, url):
        """With a tracker, and `stale_if_error`: what a tag was is good enough while the origin cannot say."""
        settings = {"registry": {"stale_if_error": "1h", "default_upstream": NAME}}
        return self.agents(1, [self.tracker(url)], url, settings)[0]

    def image_name(self, reference):
        joint = "@" if reference.startswith("sha256:") else ":"
        return f"{self.door.authority}/{REPOSITORY}{joint}{reference}"

    def assert_nothing_from_the_origin(self):
        """No client went past the agents."""
        self.assertEqual(self.door.requests, [])

    def assert_all_from_the_origin(self, image):
        self.assertEqual({digest: self.door.gets(digest) for digest in image.blobs}, {digest: 1 for digest in image.blobs})

    def assert_all_from_the_cluster(self, image):
        """And the cluster asked the origin once."""
        self.assert_nothing_from_the_origin()
        self.assert_asked_once(image)

    def kill_in_mid_layer(self, agent, image):
        """Once a quarter of the image is through the agent."""
        def received():
            return sum(agent.received().values()) > image.size // 4

        wait_until(received, 30, "a quarter has arrived")
        agent.process.kill()

    @staticmethod
    @contextlib.contextmanager
    def in_background(function, *arguments):
        """A future of what the function returns."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            yield pool.submit(function, *arguments)
