"""Docker Hub: images of docker.io, requests at registry-1.docker.io, tokens of auth.docker.io, blobs from a CDN.

Sources: https://distribution.github.io/distribution/spec/auth/token/ (challenge, token), containerd/containerd#6492 (heads as
they are: docker-ratelimit-source), https://docs.docker.com/docker-hub/usage/pulls/ (429, ratelimit-limit and -remaining on
GET and HEAD of a manifest, HEAD is not counted), osism/ansible-collection-services#1049 (the CDN's name).
"""

import dataclasses

from .exchange import Answer, errors
from .registry import BearerStandIn, Redirecting, Storage, Tokens


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
