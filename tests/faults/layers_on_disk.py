"""What a program's store shows: the layers under their names, and whether they are what these say."""

import hashlib
import os


def visible_layers(store):
    """Paths of data files by digest."""
    top = os.path.join(store, "layers")
    found = {}
    for directory, _, names in os.walk(top):
        algorithm = os.path.relpath(directory, top).split(os.sep)[0]
        found.update({f"{algorithm}:{name}": os.path.join(directory, name) for name in names if "." not in name})
    return found


def wrong_layers(layers):
    """Digests whose bytes are others, of what `visible_layers` gave."""
    return {digest for digest, path in layers.items() if _digest_of_file(path, digest.partition(":")[0]) != digest}


def _digest_of_file(path, algorithm):
    with open(path, "rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"
