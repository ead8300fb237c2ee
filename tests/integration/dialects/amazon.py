"""Amazon ECR, private and public.

Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html (user AWS, a password for 12 hours);
awslabs/amazon-ecr-credential-helper#7 (403 when it has ended, in words, not JSON, and no challenge);
open-policy-agent/opa#6580 (307 to a presigned URL of S3, 400 "Only one auth mechanism allowed");
aws/containers-roadmap#2835 (public: 400 without a challenge when a token has ended).
"""

import base64
import os
import secrets
import stat

from .exchange import Answer, errors
from .registry import BearerStandIn, Redirecting, StandIn, Storage


class Ecr(Redirecting, StandIn):
    """A private registry: Basic alone, the password from a credential helper of docker."""

    name = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    user = "AWS"
    helper = "test-ecr-login"  # as "ecr-login" of docker-credential-ecr-login
    shortest_life = 10.5    # agents run a helper again after 10 s at the earliest, not for each layer of a rollout
    json_errors = False

    def open(self):
        self._ended = set()
        self.storage = Storage(self.internet, "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com", self.blobs,
                               directory="/a1b2c3/123456789012", heads=False)
        self.internet.host(self.name, self.answer)

    def new_password(self):
        """As long as the real one, which is above 1 KiB."""
        return base64.b64encode(secrets.token_bytes(900)).decode()

    def end_credentials(self):
        """The twelve hours are over. The helper gives the next password."""
        self._ended.add(self.password)
        self.renew_password()

    def refusal(self, request, repository):
        if request.basic == (self.user, self.password):
            return None
        if request.basic and request.basic[1] in self._ended:
            return self._expired()
        challenge = {"Www-Authenticate": f'Basic realm="https://{self.name}/",service="ecr.amazonaws.com"'}
        return Answer(401, {**challenge, "Content-Type": "text/plain; charset=utf-8"}, b"Not Authorized\n")

    def _expired(self):
        if self.json_errors:
            return errors(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
        return Answer(403, {"Content-Type": "text/plain; charset=utf-8"},
                      b"Your Authorization Token has expired. Please run 'aws ecr get-login' to fetch a new one.")

    def credential_keys(self):
        """A program that follows docker's protocol: the registry on standard input, JSON on standard output."""
        directory = self.workspace.directory("bin")
        self.workspace.file("bin/secret", f'{{"ServerURL":"{self.name}","Username":"{self.user}","Secret":"{self.password}"}}\n')
        path = self.workspace.file(f"bin/docker-credential-{self.helper}",
                                   f'#!/bin/sh\n[ "$1" = get ] || exit 1\nread -r server\necho "$server" >> {directory}/asked\n'
                                   f"exec cat {directory}/secret\n")
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        return {"credential_helper": path}


class EcrOfToday(Ecr):
    """The same with its errors as JSON, which newer reports show."""

    json_errors = True


class EcrPublic(Redirecting, BearerStandIn):
    """public.ecr.aws: everybody may pull with an anonymous token, whose scope is the word aws."""

    name = "public.ecr.aws"
    public = "alias/app"
    token_path = "/token/"

    def open(self):
        super().open()
        self.storage = Storage(self.internet, "d5l0dvt14r5h8.cloudfront.net", self.blobs, signature="Signature")

    def challenge(self, repository, error=None):
        return {"Www-Authenticate": f'Bearer realm="{self.realm_url()}",service="{self.name}",scope="aws"'}

    def refused_token(self, request, repository):
        return errors(400, "INVALID_REQUEST", "Your authorization token has expired. Reauthenticate and try again.")

    def token_for_nobody(self, request):
        return Answer(200, {"Content-Type": "application/json"},
                      f'{{"token":"{self.tokens.issue({self.public})}"}}'.encode())
