"""The images that the tests pull, made once for a run and kept in one docker-registry."""

import os
import subprocess

from simulations.cluster.content import make_empty_layer, make_layer, make_layer_of_files
from simulations.cluster.images import make_artifact, make_docker_image, make_image, make_index
from simulations.cluster.registry import Registry

REPOSITORY = "lib/image"
GREETING = "every layer is in its place\n"
_KIB, _MIB = 1 << 10, 1 << 20
# Reads a file of another layer, so that what it prints shows both.
_PROGRAM = """
#include <stdio.h>
int main(void) {
  char line[100];
  FILE *file = fopen("/etc/greeting", "r");
  if (!file || !fgets(line, sizeof line, file)) return 1;
  fputs(line, stdout);
  return 0;
}
"""


class Library:
    """Images by tag, each made when it is first asked for."""

    def __init__(self, workspace, network):
        self._directory = workspace.directory("layers")
        self._images = {}
        self._layers = {}
        self._workspace = workspace
        self.registry = Registry(workspace, network.add("origin"))

    def layer(self, size, compressed=True, seed=1):
        return self._layer(size, "gzip" if compressed else "plain", seed)

    def _layer(self, size, compression, seed=1, algorithm="sha256"):
        key = (size, compression, seed, algorithm)
        if key not in self._layers:
            self._layers[key] = make_layer(self._directory, size, seed, compression, algorithm)
        return self._layers[key]

    def image(self, tag, *layers, with_media_type=True, architecture="amd64"):
        """An image in the registry under this tag; the same tag always means the same image."""
        return self._kept(tag, lambda: make_image(layers, architecture, with_media_type))

    def _kept(self, tag, make):
        if tag not in self._images:
            image = make()
            self.registry.push_image(REPOSITORY, tag, image)
            self._images[tag] = image
        self.registry.forget_requests()
        return self._images[tag]

    def also_as(self, repository, tag, image):
        """The same image under another name."""
        self.registry.push_image(repository, tag, image)
        self.registry.forget_requests()
        return image

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

    def huge(self):
        """One layer of 2 GiB."""
        return self.image("huge", self.layer(2048 * _MIB, False, seed=4))

    def without_media_type(self):
        return self.image("untyped", self.layer(700), self.layer(1 * _MIB, False), with_media_type=False)

    def index(self):
        """The amd64 image of an index with two platforms, under the tag "index"."""
        ours = self.image("amd64", self.layer(2 * _MIB), self.layer(900))
        other = self.image("arm64", self.layer(800, seed=3), architecture="arm64")
        self.registry.push_index(REPOSITORY, "index", make_index([ours, other]))
        self.registry.forget_requests()
        return ours

    def every_compression(self):
        """gzip, zstd and plain, each small and large."""
        return self.image("compressions", *(self._layer(size, compression, seed=5) for size in (40 * _KIB, 2 * _MIB)
                                            for compression in ("gzip", "zstd", "plain")))

    def forty_layers(self):
        """Most of them small, every eighth one for a swarm."""
        sizes = [400 * _KIB if number % 8 == 0 else (number + 1) * _KIB for number in range(40)]
        return self.image("forty", *(self.layer(size, seed=100 + number) for number, size in enumerate(sizes)))

    def empty_layers(self):
        """A file, and layers without any: the end of an archive as it is and as gzip."""
        return self.image("empty", self.layer(700), make_empty_layer(self._directory),
                          make_empty_layer(self._directory, compression="gzip"))

    def layer_of_no_bytes(self):
        """A file, and a layer of size 0."""
        return self.image("no-bytes", self.layer(700), make_empty_layer(self._directory, 0))

    def docker_types(self):
        """A manifest in Docker's own media types."""
        return self._kept("docker", lambda: make_docker_image([self.layer(900), self.layer(1 * _MIB)]))

    def artifact(self):
        """No image: an empty config, and a type of its own."""
        return self._kept("artifact", lambda: make_artifact([self.layer(3 * _KIB), self.layer(600 * _KIB)],
                                                            "application/vnd.example.data"))

    def referrer(self):
        """A signature, say: an artifact whose `subject` is the small image."""
        return self._kept("referrer", lambda: make_artifact([self.layer(2 * _KIB)], "application/vnd.example.signature",
                                                            self.small()))

    def sha512(self):
        """Layers named by SHA-512, small and large."""
        return self._kept("sha512", lambda: make_image([self._layer(5 * _KIB, "gzip", 6, "sha512"),
                                                        self._layer(1 * _MIB, "gzip", 6, "sha512")]))

    def runnable(self):
        """Prints GREETING: a static program in one layer, the text in another."""
        return self._kept("runnable", self._make_runnable)

    def _make_runnable(self):
        source = self._workspace.file("greet.c", _PROGRAM)
        program = os.path.join(self._directory, "greet")
        subprocess.run(["gcc", "-static", "-Os", "-s", "-o", program, source], check=True, timeout=60)
        with open(program, "rb") as file:
            layers = [make_layer_of_files(self._directory, "program", {"bin/greet": file.read()}),
                      make_layer_of_files(self._directory, "greeting", {"etc/greeting": GREETING.encode()}, "plain")]
        return make_image(layers, command=["/bin/greet"])
