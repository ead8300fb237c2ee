"""Images and artifacts: config, manifest and index as the bytes that go into a registry."""

import dataclasses
import hashlib
import json

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"  # config of an artifact that has none, two bytes long
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_DOCKER_TYPES = {CONFIG: "application/vnd.docker.container.image.v1+json",
                 "application/vnd.oci.image.layer.v1.tar+gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip"}


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


@dataclasses.dataclass(frozen=True)
class Image:
    """One platform's image, or an artifact: its layers, and its config and manifest as bytes."""

    layers: tuple
    config: bytes
    manifest: bytes
    architecture: str
    media_type: str = MANIFEST

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


def make_image(layers, architecture="amd64", with_media_type=True, command=None):
    """An image of these layers. Without `mediaType` its type is known only from the registry's Content-Type."""
    config = _config(layers, architecture, command)
    manifest = _manifest(layers, config, CONFIG)
    if with_media_type:
        manifest["mediaType"] = MANIFEST
    return Image(tuple(layers), config, _encoded(manifest), architecture)


def make_docker_image(layers, architecture="amd64"):
    """The same in Docker's own media types (schema 2), as most images on Docker Hub have them; gzip layers only."""
    config = _config(layers, architecture, None)
    manifest = {**_manifest(layers, config, CONFIG), "mediaType": DOCKER_MANIFEST}
    for descriptor in (manifest["config"], *manifest["layers"]):
        descriptor["mediaType"] = _DOCKER_TYPES[descriptor["mediaType"]]
    return Image(tuple(layers), config, _encoded(manifest), architecture, DOCKER_MANIFEST)


def make_artifact(layers, artifact_type, subject=None):
    """Something that is no image: an empty config and a type; `subject` is the Image that it refers to."""
    config = b"{}"
    manifest = {**_manifest(layers, config, EMPTY), "mediaType": MANIFEST, "artifactType": artifact_type}
    if subject:
        manifest["subject"] = _descriptor(subject.media_type, subject.digest, len(subject.manifest))
    return Image(tuple(layers), config, _encoded(manifest), "")


def make_index(images):
    """An index over images of different platforms, as bytes."""
    entries = [{**_descriptor(image.media_type, image.digest, len(image.manifest)),
                "platform": {"os": "linux", "architecture": image.architecture}} for image in images]
    return _encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})


def _config(layers, architecture, command):
    return _encoded({"architecture": architecture, "os": "linux", "config": {"Cmd": command} if command else {},
                     "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}})


def _manifest(layers, config, config_type):
    return {"schemaVersion": 2, "config": _descriptor(config_type, digest_of(config), len(config)),
            "layers": [_descriptor(layer.media_type, layer.digest, layer.size) for layer in layers]}


def _descriptor(media_type, digest, size):
    return {"mediaType": media_type, "digest": digest, "size": size}


def _encoded(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
