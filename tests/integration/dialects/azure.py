"""Azure Container Registry: a refresh token or the admin user for an access token, blobs in Azure's blob storage.

Sources: https://azure.github.io/acr/Token-BasicAuth.html (GET /oauth2/token with Basic), https://azure.github.io/acr/AAD-OAuth.html
(POST with a refresh token; the null GUID as its user), Azure/acr#217 (400 "Authentication information is not given in the
correct format" by the storage), containerd's docker/authorizer.go (400 to POST with a password).
"""

import base64
import json
import secrets

from .exchange import Answer, errors
from .registry import BearerStandIn, Redirecting, Storage, repositories_of

_NULL_USER = "00000000-0000-0000-0000-000000000000"


class Acr(Redirecting, BearerStandIn):
    name = "contoso.azurecr.io"
    user = "contoso"  # the admin user has the registry's name
    token_path = "/oauth2/token"
    token_field = "access_token"  # and nothing of how long it lives

    def open(self):
        super().open()
        self.storage = Storage(self.internet, "eusmanaged12.blob.core.windows.net", self.blobs, signature="sig",
                               directory="/a1b2c3d4e5f6", heads=False)

    def token_for_nobody(self, request):
        if repositories_of(request) <= {self.public}:  # "anonymous pull" is on for these
            return super().token_for_nobody(request)
        return errors(401, "UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization for more information.")

    def answer_post(self, request):
        form = request.form
        if form.get("grant_type") != "refresh_token":
            return errors(400, "UNSUPPORTED", "The grant type is not supported.")
        if form.get("refresh_token") != self.password:
            return self.wrong_credential()
        return self.token_answer(repositories_of(request))

    def token_answer(self, repositories, field=None):
        return Answer(200, {"Content-Type": "application/json"},
                      json.dumps({self.token_field: self.tokens.issue(repositories)}).encode())


class AcrWithRefreshToken(Acr):
    """What `az acr login` leaves in docker's file: the null GUID as user, and an identity token. It is taken as OAuth2 has
    it, and as the password of that user."""

    user = _NULL_USER

    def open(self):
        self.asked = []     # (client, method, whether with Basic) of questions for tokens
        super().open()

    def answer_token(self, request):
        self.asked.append((request.headers.get("User-Agent") or "", request.method, request.basic is not None))
        return super().answer_token(request)

    def new_password(self):
        return "eyJhbGciOiJSUzI1NiJ9." + secrets.token_urlsafe(300)

    def credential_keys(self):
        auth = base64.b64encode(f"{_NULL_USER}:".encode()).decode()
        entry = {"auth": auth, "identitytoken": self.password}
        return {"auth_file": self.workspace.file("config.json", json.dumps({"auths": {self.name: entry}}))}

    def end_credentials(self):
        super().end_credentials()
        self.renew_password()
