"""The questions that every registry is put: an image pulled cold through a tracker and two agents, in each way that users have.

What the registry's hosts were asked is compared with what a runtime alone asks of them, and every secret has been seen only by
the hosts that it is for.
"""

import concurrent.futures
import shutil
import time

from simulations.cluster.images import digest_of, make_image
from simulations.cluster.network import why_not_namespaces

from ..case import Case
from .internet import Internet
from .registry import Tokens
from .runtime import Runtime

_KIB, _MIB = 1 << 10, 1 << 20


class DialectCase(Case):
    """`stand_in` is the registry of the class's tests."""

    stand_in = None
    gets_tags = False       # whether a runtime alone needs GET for a tag
    limit_seconds = 60

    def setUp(self):
        super().setUp()
        if reason := why_not_namespaces():
            self.skipTest(f"no network namespaces here: {reason}")
        self.internet = self.network = Internet(self.workspace)
        self.environment = self.internet.environment
        self.registry = self.stand_in(self.internet, self.workspace)
        self.configured = False

    def upstreams(self, url=None):
        return self.registry.upstreams(self.configured)

    def put(self, repository, tag, seed=1):
        """An image of three layers, one of them for a swarm, in an index: its bytes by digest as a pull brings them."""
        layers = [self.library._layer(size, "gzip", seed) for size in (600, 40 * _KIB, _MIB)]
        image = make_image(layers)
        other = make_image([self.library._layer(700, "gzip", seed)], architecture="arm64")
        index = self.registry.put(repository, tag, image, other)
        data = {index: self.registry.manifests[repository, index][1], image.digest: image.manifest, image.id: image.config}
        for layer in layers:
            with open(layer.path, "rb") as file:
                data[layer.digest] = file.read()
        return data

    def runtime(self, agent=None, credential=None):
        return Runtime(self.internet, self.registry, agent, credential, gets_tags=self.gets_tags)

    def credential(self):
        return self.registry.user, self.registry.password

    def asked_directly(self, repository, tag, data, credential=None):
        """What a runtime alone asks, as (host, method, kind): it has the image."""
        self.internet.forget()
        self.assertEqual(set(self.runtime(None, credential).pull(repository, tag)), set(data))
        asked = {(seen.host, seen.method, seen.kind) for seen in self.internet.seen}
        self.internet.forget()
        return asked

    def pull_through(self, agent, repository, tag, data, credential=None):
        """Right in every byte, and nothing asked of the registry's own door."""
        runtime = self.runtime(agent, credential)
        pulled = runtime.pull(repository, tag)
        self.assertEqual(runtime.past_the_agent, [], runtime.statuses)
        self.assertEqual({digest: digest_of(body) for digest, body in pulled.items()}, {digest: digest for digest in data})

    def assert_one_copy(self, data):
        """Of each blob; manifests are not counted in bytes, but asked for once as well."""
        blobs = {digest: len(body) for digest, body in data.items() if not _is_manifest(body)}
        self.assertEqual(self.internet.sent, blobs)

    def assert_only_what_a_runtime_asks(self, asked_directly):
        """Beside what docs/registries.md says: the question at /v2/, HEAD of a manifest or a blob, and tokens by GET."""
        documented = {(host, method, kind) for host, _, known in asked_directly for method, kind in
                      (("GET", "ping"), ("HEAD", "blob"), ("HEAD", "manifest by digest"), ("GET", known if "manifest" not in known else "ping"))}
        asked = {(seen.host, seen.method, seen.kind) for seen in self.internet.seen}
        self.assertEqual(asked - asked_directly - documented, set())

    def assert_no_content_was_asked(self):
        """The cluster had all of it: questions are about the tag, about rights, or for a token."""
        content = [f"{seen.method} {seen.host}{seen.target.partition('?')[0]}" for seen in self.internet.seen
                   if seen.method == "GET" and (seen.kind in ("blob", "manifest by digest") or seen.kind.endswith("*"))]
        self.assertEqual(content, [])
        self.assertEqual(self.internet.sent, {})

    def assert_secrets_are_kept(self, *programs):
        """No host has seen what is not for it, and no program has told one."""
        self.assertEqual(self.internet.leaks(), [])
        for program in programs:
            pages = [program.process.log(), str(program.metrics())]
            if hasattr(program, "status"):
                pages.append(str(program.status()))
            self.assertEqual([len(secret) for page in pages for secret in self.internet.secrets_in(page)], [], program.name)

    # Each of these is the whole of a test.

    def check_pull(self, repository, configured=False, callers=False):
        """Cold at one agent, then at the other."""
        data = self.put(repository, "v1")
        credential = self.credential() if callers else None
        directly = self.asked_directly(repository, "v1", data, self.credential() if callers or configured else None)
        self.configured = configured
        tokens = getattr(self.registry, "tokens", Tokens(self.internet, ()))
        before = tokens.issued
        tracker, agents = self.cluster(2)
        self.pull_through(agents[0], repository, "v1", data, credential)
        self.assert_one_copy(data)
        self.assert_only_what_a_runtime_asks(directly)
        self.internet.forget()
        self.pull_through(agents[1], repository, "v1", data, credential)
        self.assert_no_content_was_asked()
        self.assert_only_what_a_runtime_asks(directly)
        if not callers:
            self.assertLessEqual(tokens.issued - before, 3)  # one for each program
        self.assert_secrets_are_kept(tracker, *agents)

    def check_public(self):
        self.check_pull(self.registry.public)

    def check_configured(self):
        """The credential is in the files of tracker and agents; the runtime has none."""
        self.check_pull(self.registry.private, configured=True)

    def check_callers(self):
        """The runtime alone has the credential, and shows it as it does to the registry: after the challenge."""
        self.check_pull(self.registry.private, callers=True)

    def check_alone(self, repository=None, configured=True, callers=True):
        """An agent without a tracker, with each of the credentials: the same bytes, questions and refusals."""
        repository = repository or self.registry.private
        data = self.put(repository, "v1")
        for with_files in (True, False):
            if not (configured if with_files else callers):
                continue
            directly = self.asked_directly(repository, "v1", data, self.credential())
            self.configured = with_files
            agent = self.agents(1, [])[0]
            self.pull_through(agent, repository, "v1", data, None if with_files else self.credential())
            self.assert_one_copy(data)
            self.assert_only_what_a_runtime_asks(directly)
            self.assert_secrets_are_kept(agent)
            agent.process.end()
            shutil.rmtree(agent.store)

    def check_after_its_end(self, callers=False):
        """Tokens, and what else the registry lets end, have ended between two images and a further pull of the first."""
        repository = self.registry.private
        first, second = self.put(repository, "v1", seed=1), self.put(repository, "v2", seed=2)
        self.configured = not callers
        tracker, agents = self.cluster(2)
        started = time.monotonic()
        self.pull_through(agents[0], repository, "v1", first, self.credential() if callers else None)
        self.assert_one_copy(first)
        if self.configured:
            time.sleep(max(0, started + self.registry.shortest_life - time.monotonic()))
        self.registry.end_credentials()
        self.internet.forget()
        credential = self.credential() if callers else None
        self.pull_through(agents[0], repository, "v2", second, credential)
        self.pull_through(agents[1], repository, "v2", second, credential)
        self.assert_one_copy({digest: body for digest, body in second.items() if digest not in first})
        self.internet.forget()
        self.pull_through(agents[1], repository, "v1", first, credential)
        self.assert_no_content_was_asked()
        self.assert_secrets_are_kept(tracker, *agents)

    def check_at_once(self, count=3):
        """Nodes that pull at the same time with the runtimes' credential: one copy."""
        repository = self.registry.private
        data = self.put(repository, "v1")
        tracker, agents = self.cluster(count)
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            pulls = [pool.submit(self.pull_through, agent, repository, "v1", data, self.credential()) for agent in agents]
            for pull in pulls:
                pull.result()
        self.assert_one_copy(data)
        self.assert_secrets_are_kept(tracker, *agents)

    def check_refused(self, statuses, credential=None, repository=None):
        """Who is not let in hears what the registry says, challenges and all, whatever is asked for."""
        repository = repository or self.registry.private
        data = self.put(repository, "v1")
        digests = {"manifests": next(iter(data)), "blobs": list(data)[-1]}
        tracker, agents = self.cluster(1)
        for what, reference in (("manifests", "v1"), *digests.items()):
            said = [_refusal(self.runtime(None, credential).ask(method, repository, what, reference))
                    for method in ("HEAD", "GET")]
            self.assertLessEqual({status for status, _ in said}, statuses)
            for method in ("HEAD", "GET"):
                heard = self.runtime(agents[0], credential).ask(method, repository, what, reference)
                self.assertIn(_refusal(heard), said, (method, what))  # a digest's HEAD may be read by GET
        self.assertEqual(self.internet.sent, {})
        self.assert_secrets_are_kept(tracker, *agents)


def _refusal(got):
    return got.status, got.headers.get_all("WWW-Authenticate")


def _is_manifest(body):
    return body.startswith(b"{") and b'"schemaVersion"' in body
