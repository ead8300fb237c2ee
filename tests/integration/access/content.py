"""What a repository may hold: one image of every kind of content, small enough to be made by the hundred."""

import dataclasses
import json
import random

from simulations.cluster.images import CONFIG, INDEX, MANIFEST, digest_of

_LAYER = "application/vnd.oci.image.layer.v1.tar"
_SIGNATURE = "application/vnd.example.signature"
_SMALL_BYTES, _LARGE_BYTES = 3000, 300_000  # the second one travels by swarm


def described(data, media_type, **more):
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}


def manifest_of(config, layers, **more):
    """As bytes; `layers` are bytes, or descriptors that say what they like."""
    listed = [described(each, _LAYER) if isinstance(each, bytes) else each for each in layers]
    return json.dumps({**{"schemaVersion": 2, "mediaType": MANIFEST, "config": described(config, CONFIG), "layers": listed},
                       **more}).encode()


def index_of(*manifests):
    listed = [described(each, MANIFEST, platform={"os": "linux", "architecture": "amd64"}) for each in manifests]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}).encode()


@dataclasses.dataclass(frozen=True)
class Content:
    """An index, its image, and a signature of the image; all bytes follow from `tag`."""

    tag: str

    def __post_init__(self):
        source = random.Random(self.tag)
        fields = {"small": source.randbytes(_SMALL_BYTES), "large": source.randbytes(_LARGE_BYTES),
                  "config": json.dumps({"architecture": "amd64", "os": "linux", "of": self.tag}).encode()}
        fields["image"] = manifest_of(fields["config"], [fields["small"], fields["large"]])
        fields["child"] = manifest_of(fields["config"], [fields["small"]], annotations={"child": self.tag})
        fields["index"] = index_of(fields["child"])
        fields["signature"] = manifest_of(b"{}", [fields["small"]], artifactType=_SIGNATURE,
                                          subject=described(fields["image"], MANIFEST))
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def put_into(self, repository):
        """All of it, the image under its tag and the index under TAG-index."""
        for data in (self.small, self.large, self.config, b"{}"):
            repository.blobs[digest_of(data)] = data
        for data, media_type in ((self.image, MANIFEST), (self.child, MANIFEST), (self.index, INDEX), (self.signature, MANIFEST)):
            repository.manifests[digest_of(data)] = (media_type, data)
        repository.manifests[self.tag] = (MANIFEST, self.image)
        repository.manifests[f"{self.tag}-index"] = (INDEX, self.index)
        repository.referrers[digest_of(self.image)] = [described(self.signature, MANIFEST, artifactType=_SIGNATURE)]
        return self


@dataclasses.dataclass(frozen=True)
class Kind:
    """One way to ask for something of a Content. `wanted` is the bytes that it is about; None: a list of the origin's."""

    name: str
    method: str
    path: str                 # behind the repository
    wanted: bytes | None
    headers: dict
    status: int = 200         # to a caller who is let in
    span: tuple | None = None
    parts: tuple = ()         # spans that the answer holds, among whatever else
    by_digest: bool = True    # the answer follows from the name alone, so that no origin is needed

    def is_body(self, body):
        """Whether a caller who is let in may read this."""
        if self.parts and body != self.wanted:
            return all(self.wanted[first:last + 1] in body for first, last in self.parts)
        return body == (self.wanted if self.parts else self.body())

    def body(self):
        """What a caller who is let in reads."""
        if self.method == "HEAD" or self.status == 304:
            return b""
        return self.wanted[self.span[0]:self.span[1] + 1] if self.span else self.wanted


def kinds_of(content):
    """Every way, in the order in which a runtime goes."""
    types = {"Accept": f"{MANIFEST}, {INDEX}"}
    small, large, image = (digest_of(each) for each in (content.small, content.large, content.image))

    def same(digest):
        return {"If-None-Match": f'"{digest}"'}

    return [
        Kind("manifest by tag", "GET", f"manifests/{content.tag}", content.image, types, by_digest=False),
        Kind("HEAD of a tag", "HEAD", f"manifests/{content.tag}", content.image, types, by_digest=False),
        Kind("index by tag", "GET", f"manifests/{content.tag}-index", content.index, types, by_digest=False),
        Kind("manifest by digest", "GET", f"manifests/{image}", content.image, types),
        Kind("HEAD of a manifest", "HEAD", f"manifests/{image}", content.image, types),
        Kind("manifest, conditional", "GET", f"manifests/{image}", content.image, {**types, **same(image)}, 304),
        Kind("child of an index", "GET", f"manifests/{digest_of(content.child)}", content.child, types),
        Kind("config", "GET", f"blobs/{digest_of(content.config)}", content.config, {}),
        Kind("small layer", "GET", f"blobs/{small}", content.small, {}),
        Kind("large layer", "GET", f"blobs/{large}", content.large, {}),
        Kind("range of a layer", "GET", f"blobs/{large}", content.large, {"Range": "bytes=1000-1999"}, 206, (1000, 1999)),
        Kind("ranges of a layer", "GET", f"blobs/{large}", content.large, {"Range": "bytes=0-99,2000-2099"}, 206,
             parts=((0, 99), (2000, 2099))),
        Kind("first byte of a layer", "GET", f"blobs/{small}", content.small, {"Range": "bytes=0-0"}, 206, (0, 0)),
        Kind("HEAD of a layer", "HEAD", f"blobs/{large}", content.large, {}),
        Kind("layer, conditional", "GET", f"blobs/{small}", content.small, same(small), 304),
        Kind("list of referrers", "GET", f"referrers/{image}", None, {}, by_digest=False),
        Kind("referrer", "GET", f"manifests/{digest_of(content.signature)}", content.signature, types),
        Kind("list of tags", "GET", "tags/list", None, {}, by_digest=False),
    ]
