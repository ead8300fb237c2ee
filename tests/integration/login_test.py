"""Registries that ask who we are: how often their token servers are asked, renewed credentials, a second registry's login."""

import base64
import concurrent.futures
import json
import threading

from simulations.cluster.images import digest_of

from .case import Case
from .scripted_origin import AnsweringHandler, Asked, ServingOrigin

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYERS = {digest_of(data): data for data in (bytes([number]) * (300 << 10) for number in range(40))}


def basic(password):
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


class GuardedOrigin(ServingOrigin):
    """Serves `LAYERS` and a manifest of them to whoever shows `wanted`; answers others with `refusal` and `challenge`, and
    `/token` with `token`: (status, headers, body)."""

    def __init__(self, workspace):
        self.asked = []
        self.lock = threading.Lock()
        self.refusal = 401
        super().__init__(workspace, self._handler())
        self.wanted = "Bearer first"
        self.challenge = f'Bearer realm="{self.url}/token",service="guarded",scope="repository:lib/a:pull,push"'
        self.token = self.giving("first")

    @staticmethod
    def giving(token, **fields):
        return 200, {}, json.dumps({"token": token, **fields}).encode()

    def answer(self, path, authorization):
        if path == "/token":
            return self.token
        if authorization != self.wanted:
            return self.refusal, ({"WWW-Authenticate": self.challenge} if self.refusal == 401 else {}), b"{}"
        return self.content(path)

    def content(self, path):
        if path == "/v2/":
            return 200, {}, b"{}"
        if "/manifests/" in path:
            layers = [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": len(data)}
                      for digest, data in LAYERS.items()]
            config = {"mediaType": "application/vnd.oci.image.config.v1+json", **{key: layers[0][key] for key in ("digest", "size")}}
            body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
            return 200, {"Content-Type": MANIFEST}, body.encode()
        data = LAYERS.get(path.rsplit("/", 1)[1])
        return (200, {}, data) if data else (404, {}, b"{}")

    def targets(self, beginning):
        with self.lock:
            return [asked.target for asked in self.asked if asked.target.startswith(beginning)]

    def _handler(self):
        origin = self

        class Handler(AnsweringHandler):
            def answer(self):
                authorization = self.headers.get("Authorization")
                with origin.lock:
                    origin.asked.append(Asked(self.command, self.path, authorization))
                return origin.answer(self.path.split("?")[0], authorization)

        return Handler


class MovingOrigin(GuardedOrigin):
    """Redirects all that it is asked for to another registry, under another name."""

    def __init__(self, workspace, target):
        self.target = target
        super().__init__(workspace)

    def answer(self, path, authorization):
        return 307, {"Location": self.target + path.replace("/lib/a/", "/real/name/")}, b""


class LoginAlone(Case):
    """Of an agent without a tracker, and below with one."""

    has_tracker = False

    def setUp(self):
        super().setUp()
        self.guarded = GuardedOrigin(self.workspace)
        self.url = self.guarded.url

    def upstreams(self, url=None):
        """One registry, perhaps with a credential."""
        keys = {"url": url or self.url}
        if password := getattr(self, "password", None):
            keys |= {"username_file": self.workspace.file("user", "me\n"), "password_file": password}
        return {"guarded.test": keys}

    def write_password(self, text):
        self.password = self.workspace.file("password", text + "\n")

    def agent(self):
        return self.agents(1, [self.tracker()] if self.has_tracker else [])[0]

    def ask(self, agent, what="manifests/v1", method="GET"):
        return agent.registry.request(method, f"/v2/lib/a/{what}?ns=guarded.test", headers={"Accept": MANIFEST})

    def pull_layers(self, agent):
        with concurrent.futures.ThreadPoolExecutor(len(LAYERS)) as pool:
            answers = dict(zip(LAYERS, pool.map(lambda digest: self.ask(agent, f"blobs/{digest}"), LAYERS)))
        for digest, data in LAYERS.items():
            self.assertEqual((answers[digest].status, answers[digest].body), (200, data), answers[digest].body[:200])

    def test_forty_layers_at_once_cost_one_token(self):
        self.pull_layers(self.agent())
        self.assertEqual(self.guarded.targets("/token"), ["/token?service=guarded&scope=repository%3Alib%2Fa%3Apull"])

    def test_forty_layers_at_once_cost_one_token_after_theirs_was_revoked(self):
        agent = self.agent()
        self.assertEqual(self.ask(agent).status, 200)
        self.guarded.wanted, self.guarded.token = "Bearer second", self.guarded.giving("second", expires_in=0)
        self.pull_layers(agent)
        self.assertEqual(len(self.guarded.targets("/token")), 2)

    def test_a_registry_that_redirects_to_another_with_a_login_of_its_own_is_pulled_from(self):
        moving = MovingOrigin(self.workspace, self.guarded.url)
        self.url = moving.url
        agent = self.agent()
        for method, what in (("GET", "manifests/v1"), ("HEAD", "manifests/v1"), ("HEAD", f"blobs/{next(iter(LAYERS))}")):
            self.assertEqual(self.ask(agent, what, method).status, 200, (method, what))
        self.pull_layers(agent)
        scopes = {target.partition("scope=")[2] for target in self.guarded.targets("/token")}
        self.assertEqual(scopes, {"repository%3Areal%2Fname%3Apull"})
        self.assertEqual({asked.authorization for asked in moving.asked}, {None})

    def test_a_renewed_password_is_used_after_any_refusal_without_a_restart(self):
        self.write_password("old")
        self.guarded.challenge = 'Basic realm="guarded"'
        self.guarded.wanted = basic("old")
        agent = self.agent()
        digests = iter(LAYERS)
        self.assertEqual(self.ask(agent, f"blobs/{next(digests)}").status, 200)
        for number, status in enumerate((400, 401, 403, 404)):
            self.guarded.refusal, self.guarded.wanted = status, basic(f"new{number}")
            self.assertNotEqual(self.ask(agent, f"blobs/{next(digests)}").status, 200)
            self.write_password(f"new{number}")
            self.assertEqual(self.ask(agent, f"blobs/{next(digests)}").status, 200, status)

    def test_a_hidden_repository_comes_with_the_challenge_of_the_registry(self):
        self.write_password("secret")
        self.guarded.refusal, self.guarded.wanted = 404, "Bearer first"
        guarded = self.guarded
        guarded.answer = lambda path, authorization: (
            (401, {"WWW-Authenticate": guarded.challenge}, b"{}") if path == "/v2/" else
            GuardedOrigin.answer(guarded, path, authorization))
        self.pull_layers(self.agent())
        self.assertEqual({asked.authorization for asked in guarded.asked if asked.target.startswith("/token")}, {basic("secret")})

    def test_a_token_server_that_limits_its_requests_is_heard_by_the_caller(self):
        self.guarded.token = (429, {"Retry-After": "40"}, b"{}")
        agent = self.agent()
        for what in ("manifests/v1", f"manifests/{digest_of(b'x')}", f"blobs/{next(iter(LAYERS))}"):
            answer = self.ask(agent, what)
            self.assertEqual(answer.status, 503, (what, answer.body))
        self.assertEqual(len(self.guarded.targets("/token")), 1)


class LoginWithTracker(LoginAlone):
    """The tracker fetches; the agent asks when it may not."""

    has_tracker = True
