"""A room of ARCHITECTURE's table is a directory, a CMake target, a namespace and a log word."""

import os
import re

_LOGGED = re.compile(r'\blog::(?:debug|info|warning|error)\(\s*"([^"]*)"')
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_NAMESPACE = re.compile(r"^namespace (shoal[\w: ]*) \{", re.MULTILINE)


def rooms_of(architecture):
    """The first column of the table under "The rooms"."""
    section = architecture.partition("## The rooms\n")[2].partition("\n#")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [room for row in rows for room in re.findall(r"`([\w/]+)`", row)]


def target_of(room):
    return room.removeprefix("shared/").replace("/", "_")


def namespace_of(room):
    return "shoal::" + room.removeprefix("shared/").replace("/", "::")


def broken_rooms(architecture, sources):
    """`sources`: path -> text of all C++ and CMake files."""
    rooms = rooms_of(architecture)
    if not rooms:
        yield "ARCHITECTURE.md: no table of rooms"
    targets = {os.path.dirname(path): re.findall(r"^shoal_room\((\w+)", text, re.MULTILINE)
               for path, text in sources.items() if os.path.basename(path) == "CMakeLists.txt"}
    for room in rooms:
        if targets.get(room, []) != [target_of(room)]:
            yield f"{room}: is no directory with the target {target_of(room)}"
    for directory in sorted(place for place, names in targets.items() if names and place not in rooms):
        yield f"{directory}: is a target, and no room of ARCHITECTURE.md"
    for path, text in sources.items():
        room = os.path.dirname(path)
        if room in rooms and path.endswith((".cpp", ".hpp")):
            yield from _strangers(path, text, room)


def includes_upward(architecture, sources):
    """Rooms point only down the table, also inside `agent` and `tracker`. `sources`: path -> text of all C++ files."""
    rooms = rooms_of(architecture)
    for path, text in sources.items():
        own = _room_of(path, rooms)
        for included in _INCLUDE.findall(text):
            other = _room_of(included, rooms)
            if own is not None and other is not None and rooms.index(other) < rooms.index(own):
                yield f"{path}: {own} may not include {included}, which is above it"


def _room_of(path, rooms):
    """The innermost room that the file stands in."""
    return max((room for room in rooms if path.startswith(room + "/")), key=len, default=None)


def _strangers(path, text, room):
    for namespace in _NAMESPACE.findall(text):
        own = namespace.replace("::inline ", "::")
        if own != namespace_of(room) and not own.startswith(namespace_of(room) + "::"):
            yield f"{path}: namespace {own}, not {namespace_of(room)}"
    word = room.rpartition("/")[2]
    for said in sorted(set(_LOGGED.findall(text)) - {word}):
        yield f"{path}: logs as \"{said}\", not as \"{word}\""
