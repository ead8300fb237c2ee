"""Classes stay small enough to be read at once."""

from .cpp import classes

MOST_METHODS = 25
MOST_DATA_MEMBERS = 12

# Larger classes, each with its reason. "path: Name".
LISTED = {}


def large_classes(path, text, listed=None):
    for one in classes(text):
        if f"{path}: {one.name}" in (LISTED if listed is None else listed):
            continue
        if len(one.methods) > MOST_METHODS:
            yield f"{path}:{one.line}: {one.name} has {len(one.methods)} methods, at most {MOST_METHODS}"
        if len(one.data) > MOST_DATA_MEMBERS:
            yield f"{path}:{one.line}: {one.name} has {len(one.data)} data members, at most {MOST_DATA_MEMBERS}"
