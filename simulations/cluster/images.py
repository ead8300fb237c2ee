"""Images over layers: config, manifest and index as the bytes that go into a registry."""

import dataclasses
import hashlib
import json

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclasses.dataclass(frozen=True)
class Image:
    """One platform's image: its layers, and its config and manifest as bytes."""

    layers: tuple
    config: bytes
    manifest: bytes
    architecture: str

    @property
    def id(self):
        """The config's digest: what runtimes call the image id."""
        return digest_of(self.config)

    @property
    def digest(self):
        return digest_of(self.manifest)

    @property
    def blobs(self):
        """Size by digest of everything that a pull reads as a blob: config and layers."""
        return {self.id: len(self.config), **{layer.digest: layer.size for layer in self.layers}}

    @property
    def size(self):
        """Bytes of config and layers."""
        return sum(self.blobs.values())


def make_image(layers, architecture="amd64", with_media_type=True):
    """An image of these layers. Without `mediaType` its type is known only from the registry's Content-Type."""
    config = _encoded({"architecture": architecture, "os": "linux", "config": {},
                       "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}})
    manifest = {"schemaVersion": 2, "config": _descriptor(CONFIG, digest_of(config), len(config)),
                "layers": [_descriptor(layer.media_type, layer.digest, layer.size) for layer in layers]}
    if with_media_type:
        manifest["mediaType"] = MANIFEST
    return Image(tuple(layers), config, _encoded(manifest), architecture)


def make_index(images):
    """An index over images of different platforms, as bytes."""
    entries = [{**_descriptor(MANIFEST, image.digest, len(image.manifest)),
                "platform": {"os": "linux", "architecture": image.architecture}} for image in images]
    return _encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})


def _descriptor(media_type, digest, size):
    return {"mediaType": media_type, "digest": digest, "size": size}


def _encoded(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
