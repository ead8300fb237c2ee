"""JFrog Artifactory by the repository path method: the repository's key is the first part of an image's name.

Sources: earthly/earthly#1017 (/v2/docker-local/NAME, the scope without the key), containerd/containerd#3556 (no scope in the
challenge to HEAD), containerd/containerd#6339 (the realm), dragonflyoss/dragonfly#4573 and google/go-containerregistry#1061
(blobs in chunks), containerd's docker/authorizer.go (401 to POST).
"""

import dataclasses

from .registry import BearerStandIn


class Artifactory(BearerStandIn):
    name = "artifactory.example.com"
    public = "docker-remote/library/app"
    private = "docker-local/team/app"
    user = "deployer"
    token_path = "/artifactory/api/docker/docker-local/v2/token"
    post = 401
    lifetime = 3600

    def refusal(self, request, repository):
        if request.basic and self.is_right(*request.basic):
            return None
        answer = super().refusal(request, repository)
        if answer and repository and "Www-Authenticate" in answer.headers:
            answer.headers["Www-Authenticate"] = self._challenge_of(request, repository)
        return answer

    def _challenge_of(self, request, repository):
        challenge = f'Bearer realm="{self.realm_url()}",service="{self.name}"'
        if request.method == "HEAD":
            return challenge
        return challenge + f',scope="repository:{repository.partition("/")[2]}:pull"'

    def token_answer(self, repositories, field=None):
        """A token says who the caller is; what that user may have is judged with each request."""
        return super().token_answer(None, field)

    def token_for_nobody(self, request):
        return super().token_answer({self.public})

    def blob(self, request, repository, digest):
        answer = super().blob(request, repository, digest)
        return dataclasses.replace(answer, chunked=answer.status == 200 and request.method == "GET")
