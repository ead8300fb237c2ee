"""The images that the tests pull, made once for a run and kept in one docker-registry."""

from simulations.cluster.content import make_layer
from simulations.cluster.images import make_image, make_index
from simulations.cluster.registry import Registry

REPOSITORY = "lib/image"
_KIB, _MIB = 1 << 10, 1 << 20


class Library:
    """Images by tag, each made when it is first asked for."""

    def __init__(self, workspace, network):
        self._directory = workspace.directory("layers")
        self._images = {}
        self._layers = {}
        self.registry = Registry(workspace, network.add("origin"))

    def layer(self, size, compressed=True, seed=1):
        key = (size, compressed, seed)
        if key not in self._layers:
            self._layers[key] = make_layer(self._directory, size, seed, compressed)
        return self._layers[key]

    def image(self, tag, *layers, with_media_type=True, architecture="amd64"):
        """An image in the registry under this tag; the same tag always means the same image."""
        if tag not in self._images:
            image = make_image(layers, architecture, with_media_type)
            self.registry.push_image(REPOSITORY, tag, image)
            self._images[tag] = image
        self.registry.forget_requests()
        return self._images[tag]

    def every_size(self):
        """Layers from 1 KiB to 200 MiB, gzip and plain, on both sides of what is small."""
        layers = [self.layer(500), self.layer(100 * _KIB, False), self.layer(250 * _KIB), self.layer(300 * _KIB),
                  self.layer(5 * _MIB, False), self.layer(40 * _MIB), self.layer(200 * _MIB - 2 * _KIB, False)]
        return self.image("every-size", *layers)

    def small(self):
        return self.image("small", self.layer(600), self.layer(50 * _KIB, False))

    def medium(self):
        """A few seconds of work: one layer of 24 MiB and a small one."""
        return self.image("medium", self.layer(24 * _MIB), self.layer(20 * _KIB))

    def large(self):
        """One layer of 200 MiB."""
        return self.image("large", self.layer(200 * _MIB, False, seed=2))

    def without_media_type(self):
        return self.image("untyped", self.layer(700), self.layer(1 * _MIB, False), with_media_type=False)

    def index(self):
        """The amd64 image of an index with two platforms, under the tag "index"."""
        ours = self.image("amd64", self.layer(2 * _MIB), self.layer(900))
        other = self.image("arm64", self.layer(800, seed=3), architecture="arm64")
        self.registry.push_index(REPOSITORY, "index", make_index([ours, other]))
        self.registry.forget_requests()
        return ours
