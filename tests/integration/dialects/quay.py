"""Quay: robot accounts, blobs from a CDN, and a front that compresses unless it is told not to.

Sources: https://docs.quay.io/glossary/robot-accounts.html, oras-project/rust-oci-client#226 (302 with a page of HTML to
cdn03.quay.io), quay/quay PR 1310 (gzip by nginx before it).
"""

import dataclasses
import gzip

from .exchange import Answer
from .registry import BearerStandIn, Redirecting, Storage


class Quay(Redirecting, BearerStandIn):
    name = "quay.io"
    public = "organisation/open"
    private = "organisation/app"
    user = "organisation+robot"
    token_path = "/v2/auth"
    redirect = 302

    def open(self):
        super().open()
        self.storage = Storage(self.internet, "cdn03.quay.io", self.blobs, directory="/quayio-production-s3", heads=False)

    def blob(self, request, repository, digest):
        answer = super().blob(request, repository, digest)
        if answer.status != 302:
            return answer
        page = f"<!doctype html>\n<title>Redirecting...</title>\n<a href=\"{answer.headers['Location']}\">here</a>".encode()
        return dataclasses.replace(answer, headers={**answer.headers, "Content-Type": "text/html; charset=utf-8"}, body=page)

    def whole_manifest(self, request, media_type, data):
        """RFC 9110 12.5.3: without Accept-Encoding, or with one that names gzip, any coding may be chosen."""
        answer = super().whole_manifest(request, media_type, data)
        accepted = request.headers.get("Accept-Encoding")
        if accepted is not None and "gzip" not in accepted:
            return answer
        return Answer(200, {**answer.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}, gzip.compress(data))
