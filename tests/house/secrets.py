"""A secret has a type: who may see its text is a short list, and no password, token or credential is a plain text."""

import re

from .cpp import without_noise

# Why each of them needs the text of a secret.
PLACES = {
    "shared/core/secret.hpp": "copies it",
    "shared/core/codec.cpp": "writes a caller's credential into a frame, which goes over loopback",
    "shared/http/request_text.cpp": "writes it into the head of a request",
    "shared/http/stream_transport.hpp": "sends that head",
    "shared/origin/auth_file.cpp": "reads credentials out of docker's and podman's files",
    "shared/origin/configured_files.cpp": "reads files of one password, and of certificates",
    "shared/origin/credential_program.cpp": "reads a credential helper's answer",
    "shared/origin/proxies.cpp": "reads a proxy's user and password out of a variable",
    "shared/origin/token.cpp": "reads a token server's answer",
    "shared/origin/oauth2.cpp": "writes a refresh token into the form for a token server",
    "shared/origin/credential.cpp": "writes the value of a Basic header",
    "shared/origin/authorization.cpp": "writes the value of a Bearer header; hashes it, keyed",
    "shared/origin/origin.cpp": "hashes it, keyed",
    "shared/origin/discretion.cpp": "finds it in a registry's refusal, to cover it",
    "agent/access/keyed_hash.cpp": "hashes it, keyed",
    "agent/access/grants.cpp": "hashes it, keyed; reads when a token ends",
    "agent/access/access.cpp": "hashes it, keyed",
    "agent/registry/last_known.cpp": "hashes it, keyed",
    "agent/registry/base.cpp": "hashes it",
    "agent/registry/client_header.cpp": "reads the file of one header",
    "tracker/seeder/remembered_refusals.cpp": "hashes it",
    "tracker/seeder/keys.cpp": "reads and writes the files of the cluster's keys",
}
_REVEALED = re.compile(r"\breveal\(\)")
_PLAIN = re.compile(r"\b(?:std::string|std::optional<std::string>|Bytes)\s*&?\s*"
                    r"(?:\w*_)?(?:password|passphrase|authorization|credential|bearer|token|secret)_?\s*[;{=,)]")
# A key of our own for keyed hashes: random, of this process alone.
_OWN_KEY = re.compile(r"\bBytes secret_?\b")


def shown_secrets(path, text):
    code = without_noise(text)
    for number, line in enumerate(code.split("\n"), 1):
        if path not in PLACES and _REVEALED.search(line):
            yield f"{path}:{number}: shows a secret's text; only the files in tests/house/secrets.py may"
        plain = _PLAIN.search(line)
        if plain and not _OWN_KEY.search(plain[0]):
            yield f"{path}:{number}: {plain[0].strip(' ;{=,)')} is a secret by its name; its type is Secret"
