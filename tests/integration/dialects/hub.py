"""Docker Hub: images of docker.io, requests at registry-1.docker.io, tokens of auth.docker.io, blobs from a CDN.

Sources: https://distribution.github.io/distribution/spec/auth/token/ (challenge, token), containerd/containerd#6492 (heads as
they are: docker-ratelimit-source), https://docs.docker.com/docker-hub/usage/pulls/ (429, ratelimit-limit and -remaining on
GET and HEAD of a manifest, HEAD is not counted), osism/ansible-collection-services#1049 (the CDN's name).
"""

import base64
import dataclasses
import json
import secrets

from .exchange import Answer, errors, json_answer
from .registry import BearerStandIn, Redirecting, Storage, Tokens, repositories_of


class DockerHub(Redirecting, BearerStandIn):
    name = "docker.io"
    public = "library/app"
    realm = "https://auth.docker.io/token"
    service = "registry.docker.io"
    post = 200

    def open(self):
        self.left = 100     # pulls that the limit still allows: GETs of manifests
        self.counted = 0
        self.tokens = Tokens(self.internet, (self.name_of_host(),))
        self.internet.host("registry-1.docker.io", self.answer)
        self.internet.host("auth.docker.io", self.answer_auth)
        self.storage = Storage(self.internet, "production.cloudflare.docker.com", self.blobs, signature="verify",
                               directory="/registry-v2/docker/registry/v2/blobs", refuses=False)

    def name_of_host(self):
        return "registry-1.docker.io"

    def hosts_of_the_password(self):
        return ("auth.docker.io",)

    def answer_auth(self, request):
        return self.answer_token(request) if request.path == "/token" else Answer(404)

    def wrong_credential(self):
        return Answer(401, {"Content-Type": "application/json"}, b'{"details":"incorrect username or password"}\n')

    def manifest(self, request, repository, reference):
        limit = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": f"{self.left};w=21600",
                 "Docker-RateLimit-Source": "44.128.0.200"}
        if request.method == "GET":
            if self.left <= 0:
                return errors(429, "TOOMANYREQUESTS", "You have reached your unauthenticated pull rate limit. "
                              "https://www.docker.com/increase-rate-limit", limit)
            self.left -= 1
            self.counted += 1
        answer = super().manifest(request, repository, reference)
        return dataclasses.replace(answer, headers={**answer.headers, **limit})


class DockerHubWithIdentityToken(DockerHub):
    """What `docker login` by a browser leaves in docker's file: an identity token, which is no password. Each use gives the
    next one.

    Source: https://distribution.github.io/distribution/spec/auth/oauth/ (grant_type refresh_token, refresh_token in the answer).
    """

    def open(self):
        self.given = []     # refresh tokens in place of the first one
        self.shown = []     # those that it was asked with
        super().open()

    def credential_keys(self):
        auth = base64.b64encode(f"{self.user}:".encode()).decode()
        entry = {"auth": auth, "identitytoken": self.password}
        file = json.dumps({"auths": {"https://index.docker.io/v1/": entry}})
        return {"auth_file": self.workspace.file("config.json", file)}

    def answer_token(self, request):
        if request.method != "POST" and request.basic:
            return self.wrong_credential()
        return super().answer_token(request)

    def answer_post(self, request):
        form = request.form
        self.shown.append(form.get("refresh_token"))
        is_known = self.shown[-1] in (self.password, *self.given)
        if form.get("grant_type") != "refresh_token" or not form.get("client_id") or not is_known:
            return Answer(400, {"Content-Type": "application/json"}, b'{"error":"invalid_grant"}')
        self.given.append(self.internet.keep_secret("next-" + secrets.token_urlsafe(24), "auth.docker.io"))
        answer = json.loads(self.token_answer(repositories_of(request), "access_token").body)
        return json_answer(200, {**answer, "scope": form.get("scope", ""), "refresh_token": self.given[-1]})
