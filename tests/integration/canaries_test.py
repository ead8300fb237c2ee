"""Each secret is seen by the one host that it is for: registries, redirects' targets, stores, token servers and proxies."""

import base64
import json

from simulations.cluster.images import digest_of
from simulations.cluster.network import why_not_namespaces
from simulations.cluster.shoal import Agent, Tracker

from .case import Case
from .closed_network import ClosedNetwork

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = b"a layer of the shop" * 1000
CONFIG = b"{}"

HOSTS = {"registry.shop.test": "11.0.0.10",  # its token server is of the same owner
         "auth.shop.test": "11.0.0.11",
         "store.far.test": "11.0.0.12",      # where it redirects blobs to
         "real.other.test": "11.0.0.13",     # where it redirects one repository to
         "auth.third.test": "11.0.0.14",     # the token server of that one
         "basic.own.test": "11.0.0.15",      # an upstream with a password of its own
         "proxy.near.test": "11.0.0.16"}     # the way to another one, whose name it alone can resolve


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def described(data, kind):
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data)}


BODY = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                   "config": described(CONFIG, "application/vnd.oci.image.config.v1+json"),
                   "layers": [described(LAYER, "application/vnd.oci.image.layer.v1.tar")]}).encode()

# Every secret, and the hosts that may see it. The runtime's own is for the registry that it names.
SECRETS = {basic("shopper", "canary-shop"): {"auth.shop.test"},
           "Bearer canary-shop-token": {"registry.shop.test"},
           "Bearer canary-real-token": {"real.other.test"},
           "Bearer canary-runtime": {"registry.shop.test"},
           basic("owner", "canary-own"): {"basic.own.test"},
           basic("proxier", "canary-proxy"): {"proxy.near.test"},
           "signature=canary-signed": {"store.far.test"}}


class Canaries(Case):
    def setUp(self):
        super().setUp()
        if reason := why_not_namespaces():
            self.skipTest(f"no network namespaces here: {reason}")
        self.closed = ClosedNetwork(self.workspace, "canaries", {name: [address] for name, address in HOSTS.items()})
        self.names = {address: name for name, address in HOSTS.items()}
        self.seen = []
        self.port = self.closed.serve(self.workspace, self.answer)

    def at(self, host, path=""):
        return f"http://{host}:{self.port}{path}"

    def answer(self, seen):
        host = self.names.get(seen.address, seen.address)
        self.seen.append((host, seen))
        answers = {"registry.shop.test": self.registry, "real.other.test": self.real, "basic.own.test": self.own,
                   "store.far.test": self.store, "proxy.near.test": self.proxy,
                   "auth.shop.test": lambda _: self.token("canary-shop-token"),
                   "auth.third.test": lambda _: self.token("canary-real-token")}
        return answers[host](seen)

    def registry(self, seen):
        if seen.authorization not in ("Bearer canary-shop-token", "Bearer canary-runtime"):
            return self.challenge("auth.shop.test", "repository:lib/shop:pull,push")
        if "/lib/moved/" in seen.path:
            return 307, {"Location": self.at("real.other.test", seen.path.replace("/lib/moved/", "/real/name/"))}, b""
        if "/blobs/" in seen.path:
            return 307, {"Location": self.at("store.far.test", f"/{seen.path.rsplit('/')[-1]}?signature=canary-signed")}, b""
        return self.content(seen.path)

    def real(self, seen):
        if seen.authorization != "Bearer canary-real-token":
            return self.challenge("auth.third.test", "repository:real/name:pull")
        return self.content(seen.path)

    def own(self, seen):
        if seen.authorization != basic("owner", "canary-own"):
            return 401, {"WWW-Authenticate": 'Basic realm="own"'}, b"{}"
        return self.content(seen.path)

    def proxy(self, seen):
        if seen.headers.get("Proxy-Authorization") != basic("proxier", "canary-proxy"):
            return 407, {"Proxy-Authenticate": 'Basic realm="proxy"'}, b""
        self.assertTrue(seen.target.startswith("http://registry.unknown.test"), seen.target)
        return self.content(seen.path)

    def store(self, seen):
        return self.content("/blobs" + seen.path)

    def challenge(self, host, scope):
        return 401, {"WWW-Authenticate": f'Bearer realm="{self.at(host, "/token")}",service="s",scope="{scope}"'}, b"{}"

    @staticmethod
    def token(text):
        return 200, {"Content-Type": "application/json"}, json.dumps({"token": text, "expires_in": 300}).encode()

    @staticmethod
    def content(path):
        reference = path.rsplit("/", 1)[-1]
        if "/blobs/" in path:
            body = {digest_of(data): data for data in (LAYER, CONFIG)}.get(reference)
            return (200, {"Content-Type": "application/octet-stream"}, body) if body else (404, {}, b"{}")
        return 200, {"Content-Type": MANIFEST, "Docker-Content-Digest": digest_of(BODY)}, BODY

    def upstreams(self, url=None):
        """Two registries, each with a credential of its own, and one behind a proxy that has one."""
        def credential(name, user, password, prefix=""):
            return {f"{prefix}username_file": self.workspace.file(f"{name}-user", user + "\n"),
                    f"{prefix}password_file": self.workspace.file(f"{name}-password", password + "\n")}
        return {"shop.test": {"url": self.at("registry.shop.test"), **credential("shop", "shopper", "canary-shop")},
                "own.test": {"url": self.at("basic.own.test"), **credential("own", "owner", "canary-own")},
                "proxied.test": {"url": "http://registry.unknown.test", "proxy": self.at("proxy.near.test"),
                                 **credential("proxy", "proxier", "canary-proxy", "proxy_")}}

    def pull(self, agent, upstream, repository, headers=None):
        """A manifest by tag and by digest, its layer whole, and what HEAD says of it."""
        asked = [("GET", "manifests/v1"), ("GET", f"manifests/{digest_of(BODY)}"), ("GET", f"blobs/{digest_of(LAYER)}"),
                 ("HEAD", f"blobs/{digest_of(CONFIG)}"), ("GET", f"blobs/{digest_of(CONFIG)}")]
        for method, what in asked:
            answer = agent.registry.request(method, f"/v2/{repository}/{what}?ns={upstream}",
                                            headers={"Accept": MANIFEST, **(headers or {})})
            self.assertEqual(answer.status, 200, (upstream, repository, method, what, answer.body))

    def assert_secrets_are_kept(self, programs):
        for host, seen in self.seen:
            text = f"{seen.target}\n{seen.headers}"
            for secret, allowed in SECRETS.items():
                if secret in text:
                    self.assertIn(host, allowed, (secret, seen.target))
        for program in programs:
            self.assertNotIn("canary", program.process.log())
        shown = {secret for secret in SECRETS for _, seen in self.seen if secret in f"{seen.target}\n{seen.headers}"}
        self.assertEqual(shown, set(SECRETS))

    def pull_all(self, agent):
        self.pull(agent, "shop.test", "lib/shop")
        self.pull(agent, "shop.test", "lib/moved")
        self.pull(agent, "own.test", "lib/own")
        self.pull(agent, "proxied.test", "lib/far")
        answer = agent.registry.request("GET", "/v2/lib/runtime/manifests/v2?ns=shop.test",
                                        headers={"Accept": MANIFEST, "Authorization": "Bearer canary-runtime"})
        self.assertEqual(answer.status, 200)

    def test_no_host_sees_the_secret_of_another(self):
        agent = Agent(self.workspace, self.programs, self.closed.place("agent"), self.upstreams()).start()
        self.pull_all(agent)
        self.assert_secrets_are_kept([agent])

    def test_no_host_sees_the_secret_of_another_when_a_tracker_fetches(self):
        tracker = Tracker(self.workspace, self.programs, self.closed.place("tracker"), self.upstreams()).start()
        agent = Agent(self.workspace, self.programs, self.closed.place("agent"), self.upstreams(), [tracker]).start()
        self.pull_all(agent)
        self.assert_secrets_are_kept([tracker, agent])

    def test_a_token_is_asked_for_once_and_to_pull_only(self):
        agent = Agent(self.workspace, self.programs, self.closed.place("agent"), self.upstreams()).start()
        self.pull(agent, "shop.test", "lib/shop")
        asked = [seen.target for host, seen in self.seen if host == "auth.shop.test"]
        self.assertEqual(asked, ["/token?service=s&scope=repository%3Alib%2Fshop%3Apull"])
