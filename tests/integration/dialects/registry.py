"""What the stand-ins share: content, accounts and tokens that can be ended on command, and the storage behind a redirect."""

import hashlib
import re
import secrets

from simulations.cluster.images import INDEX, digest_of, make_index

from .exchange import Answer, errors, json_answer

_ROUTE = re.compile(r"(?P<repository>.+)/(?P<what>manifests|blobs|tags|referrers)/(?P<reference>[^/]+)$")
_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


class StandIn:
    """A registry. A family says how it lets callers in (`refusal`), and where its blobs are (`blob`).

    `name` is what images are named after, `public` and `private` are its two repositories. A family makes its hosts in
    `open`, and every secret that it gives away is kept by the internet together with the hosts that may see it.
    """

    name = "registry.example.com"
    public = "open/app"
    private = "team/app"
    user = "canary"
    shortest_life = 0   # seconds before which its credential does not end
    head_of_manifests = 200

    def __init__(self, internet, workspace):
        self.internet = internet
        self.workspace = workspace
        self.manifests = {}     # (media type, bytes) by (repository, tag or digest)
        self.blobs = {}         # bytes by (repository, digest)
        self.password = self.new_password()
        self.spare_hosts()
        self.open()

    # What a family says.

    def open(self):
        """Makes the hosts."""
        raise NotImplementedError

    def spare_hosts(self):
        """Says who may see the password: the hosts that the real registry's clients show it to."""
        self.internet.keep_secret(self.password, *self.hosts_of_the_password())

    def hosts_of_the_password(self):
        return (self.name,)

    def new_password(self):
        return "pass-" + secrets.token_hex(12)

    def refusal(self, request, repository):
        """The answer to a caller who may not have this; None lets the request through."""
        raise NotImplementedError

    def upstreams(self, credential):
        """The `[upstreams]` of agents and tracker: as docs/registries.md says, with the configured credential or without."""
        return {self.name: self.credential_keys()} if credential else {"allow": [self.name]}

    def credential_keys(self):
        files = self.workspace
        return {"username_file": files.file("username", self.user + "\n"),
                "password_file": files.file("password", self.password + "\n")}

    def renew_password(self):
        """The old one has ended; the operator's files have the new one."""
        self.password = self.new_password()
        self.spare_hosts()
        self.credential_keys()

    def end_credentials(self):
        """Whatever it has given out until now has ended."""

    def door(self):
        """Where a runtime without a mirror asks."""
        return f"https://{self.name}"

    def own_name(self, repository):
        """What the registry itself calls a repository."""
        return repository

    # Content.

    def put(self, repository, tag, *images):
        """An image, or an index over several, under a tag. Returns the digest of what the tag names."""
        for image in images:
            for layer in image.layers:
                with open(layer.path, "rb") as file:
                    self.blobs[repository, layer.digest] = file.read()
            self.blobs[repository, image.id] = image.config
            self.manifests[repository, image.digest] = (image.media_type, image.manifest)
        media_type, data = images[0].media_type, images[0].manifest
        if len(images) > 1:
            media_type, data = INDEX, make_index(images)
        digest = digest_of(data)
        self.manifests[repository, digest] = self.manifests[repository, tag] = (media_type, data)
        return digest

    # The distribution API.

    def answer(self, request):
        path = request.path
        if not path.startswith("/v2/"):
            return Answer(404)
        if path == "/v2/":
            return self.refusal(request, None) or self.ping()
        route = _ROUTE.match(path[len("/v2/"):])
        if not route:
            return errors(404, "NAME_INVALID", "no such page", _VERSION)
        repository, what, reference = route["repository"], route["what"], route["reference"]
        if request.method not in ("GET", "HEAD"):
            return errors(405, "UNSUPPORTED", "The operation is unsupported.", _VERSION)
        return self.refusal(request, repository) or self._give(request, repository, what, reference)

    def ping(self):
        return json_answer(200, {}, _VERSION)

    def _give(self, request, repository, what, reference):
        if what == "manifests":
            return self.manifest(request, repository, reference)
        if what == "blobs":
            return self.blob(request, repository, reference)
        return errors(404, "NOT_FOUND", "not found", _VERSION)

    def manifest(self, request, repository, reference):
        found = self.manifests.get((repository, reference))
        if not found:
            return errors(404, "MANIFEST_UNKNOWN", "manifest unknown", _VERSION, {"Tag": reference})
        if request.method == "HEAD" and self.head_of_manifests != 200:
            return Answer(self.head_of_manifests)
        return self.whole_manifest(request, *found)

    def whole_manifest(self, _request, media_type, data):
        return Answer(200, {**_VERSION, "Content-Type": media_type, "Docker-Content-Digest": digest_of(data)}, data)

    def blob(self, request, repository, digest):
        """From the registry itself; a family with a storage redirects instead."""
        data = self.blobs.get((repository, digest))
        if data is None:
            return errors(404, "BLOB_UNKNOWN", "blob unknown to registry", _VERSION, digest)
        return part(request, data, digest, {**_VERSION, "Docker-Content-Digest": digest})


def part(request, data, digest, headers=None):
    """The blob, or the range of it that was asked for."""
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **(headers or {})}
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range") or "")
    if not asked:
        return Answer(200, headers, data, blob=digest)
    first, last = int(asked[1]), int(asked[2] or len(data) - 1)
    if first >= len(data):
        return Answer(416, {"Content-Range": f"bytes */{len(data)}"})
    body = data[first:last + 1]
    return Answer(206, {**headers, "Content-Range": f"bytes {first}-{first + len(body) - 1}/{len(data)}"}, body, blob=digest)


class Tokens:
    """A token service: tokens by what they allow, all of which can be ended on command.

    Source: https://distribution.github.io/distribution/spec/auth/token/ and .../oauth/.
    """

    def __init__(self, internet, registry_hosts, prefix="token-"):
        self._internet = internet
        self._registry_hosts = registry_hosts
        self._prefix = prefix
        self._alive = {}    # repositories by token; None: all
        self.issued = 0

    def issue(self, repositories):
        """A token for these repositories, or for all with None. Only the registry may see it."""
        token = self._prefix + secrets.token_urlsafe(24)
        self.issued += 1
        self._alive[token] = repositories
        return self._internet.keep_secret(token, *self._registry_hosts)

    def end_all(self):
        self._alive.clear()

    def known(self, token):
        return token in self._alive

    def allows(self, token, repository):
        """Also the ping, which is for nobody in particular (None)."""
        if token not in self._alive:
            return False
        allowed = self._alive[token]
        return allowed is None or repository is None or repository in allowed


def repositories_of(request):
    """What a question for a token names in its scopes, of query or form."""
    scopes = request.query.get("scope", []) + request.form.get("scope", "").split()
    names = (re.match(r"repository:([^:]+):", scope) for text in scopes for scope in text.split())
    return {name[1] for name in names if name}


class BearerStandIn(StandIn):
    """A registry that answers with a Bearer challenge, and its token service, which has a host of its own or not."""

    realm = None                # the URL of the token service; None: TOKEN_PATH at the registry
    token_path = "/token"
    service = None              # None: the registry's name
    public_needs_token = True   # as most do, also for what everybody may have
    post = 405                  # status of a question by POST (OAuth2); 200: it is answered
    lifetime = 300              # seconds, "expires_in"
    names_scope = True          # in the challenge
    token_field = "token"
    asks_for_certificates = False

    def open(self):
        self.tokens = Tokens(self.internet, (self.name_of_host(),))
        self.internet.host(self.name_of_host(), self.answer, asks_for_certificates=self.asks_for_certificates)

    def name_of_host(self):
        return self.name

    def door(self):
        return f"https://{self.name_of_host()}"

    def realm_url(self):
        return self.realm or f"https://{self.name_of_host()}{self.token_path}"

    def end_credentials(self):
        self.tokens.end_all()

    def answer(self, request):
        if not self.realm and request.path == self.token_path:
            return self.answer_token(request)
        return super().answer(request)

    def challenge(self, repository, error=None):
        text = f'Bearer realm="{self.realm_url()}",service="{self.service or self.name}"'
        if repository and self.names_scope:
            text += f',scope="repository:{repository}:pull"'
        return {"Www-Authenticate": text + (f',error="{error}"' if error else ""), **_VERSION}

    def refusal(self, request, repository):
        if request.bearer:
            if self.tokens.allows(request.bearer, repository):
                return None
            return self.refused_token(request, repository)
        if repository == self.public and not self.public_needs_token:
            return None
        return errors(401, "UNAUTHORIZED", "authentication required", self.challenge(repository),
                      [{"Type": "repository", "Class": "", "Name": repository, "Action": "pull"}])

    def refused_token(self, request, repository):
        error = "insufficient_scope" if self.tokens.known(request.bearer) else "invalid_token"
        return errors(401, "UNAUTHORIZED", "authentication required", self.challenge(repository, error))

    def answer_token(self, request):
        """GET with Basic or without credential, and POST as far as the service takes it."""
        if request.method == "POST":
            return self.answer_post(request)
        if request.basic is None:
            return self.token_for_nobody(request)
        if not self.is_right(*request.basic):
            return self.wrong_credential()
        return self.token_answer(repositories_of(request))

    def is_right(self, user, password):
        return (user, password) == (self.user, self.password)

    def token_for_nobody(self, request):
        """A token without access is what Docker Hub and others give to who may not have what is asked for."""
        return self.token_answer(repositories_of(request) & {self.public})

    def wrong_credential(self):
        return errors(401, "UNAUTHORIZED", "incorrect username or password")

    def answer_post(self, request):
        if self.post != 200:
            return errors(self.post, "UNSUPPORTED", "not here")
        form = request.form
        if form.get("grant_type") != "password" or not self.is_right(form.get("username"), form.get("password")):
            return self.wrong_credential()
        return self.token_answer(repositories_of(request), "access_token")

    def token_answer(self, repositories, field=None):
        return json_answer(200, {field or self.token_field: self.tokens.issue(repositories), "expires_in": self.lifetime})


class Storage:
    """Where blobs are behind a redirect: URLs that are signed for one blob and one method, and end.

    The signature in the query is all that lets a caller in: a further Authorization is refused with 400. Sources: S3
    (open-policy-agent/opa#6580), Azure (Azure/acr#217); a URL signed for GET is 403 for HEAD (containerd/stargz-snapshotter#167).
    """

    def __init__(self, internet, host, blobs, *, signature="X-Amz-Signature", directory="", heads=True, refuses=True,
                 is_private=False):
        self.host = host
        self._internet = internet
        self._blobs = blobs
        self._signature = signature
        self._directory = directory
        self._heads = heads
        self._refuses = refuses
        self._signed = {}   # digest by signature
        internet.host(host, self.answer, is_private=is_private)

    def url(self, digest):
        """A new one each time, as they are."""
        sign = secrets.token_hex(16)
        self._signed[sign] = digest
        self._internet.keep_secret(sign, self.host)
        algorithm, _, value = digest.partition(":")
        return (f"https://{self.host}{self._directory}/{algorithm}/{value[:2]}/{value}/data"
                f"?se=2030-01-01T00%3A00%3A00Z&{self._signature}={sign}")

    def answer(self, request):
        if self._refuses and request.headers.get("Authorization"):
            message = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string " \
                      "parameter or the Authorization header should be specified"
            return Answer(400, {"Content-Type": "application/xml"},
                          f"<Error><Code>InvalidArgument</Code><Message>{message}</Message></Error>".encode())
        digest = self._signed.get(request.query.get(self._signature, [""])[0])
        if not digest or (request.method == "HEAD" and not self._heads):
            return Answer(403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>")
        data = next(data for (_, known), data in self._blobs.items() if known == digest)
        return part(request, data, digest, {"ETag": f'"{hashlib.md5(data).hexdigest()}"'})


class Redirecting:
    """For a registry whose blobs are in a storage: mixed in before it. `storage` is made by the family's `open`."""

    redirect = 307

    def blob(self, request, repository, digest):
        if (repository, digest) not in self.blobs:
            return super().blob(request, repository, digest)
        return Answer(self.redirect, {"Location": self.location(digest), "Docker-Content-Digest": digest})

    def location(self, digest):
        return self.storage.url(digest)
