"""The memory of a running program as a core dump would hold it: all that the program may write, in use or freed."""

import os

from .planted import every_secret, forms_of

_LARGEST_REGION = 1 << 30  # beyond it is a sanitizer's shadow, which has no bytes of the program's
_STEP = 8 << 20
_AROUND = 400  # bytes on each side of a find: the longest form of a secret is shorter
_BEGINS = tuple(forms_of("canary"))  # every planted secret has it, or is base64 of a text that has it


def secrets_in_memory(process_id):
    """The names of the planted secrets that stand in it, in whatever form. For root."""
    found, secrets = set(), every_secret()
    with open(f"/proc/{process_id}/mem", "rb", buffering=0) as memory:
        for begin, end in _writable(process_id):
            for window in _windows(memory, begin, end):
                found |= {name for name, secret in secrets.items() if any(form in window for form in forms_of(secret))}
    return found


def _writable(process_id):
    with open(f"/proc/{process_id}/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            place, rights = line.split()[:2]
            begin, end = (int(each, 16) for each in place.split("-"))
            if rights.startswith("rw") and end - begin <= _LARGEST_REGION:
                yield begin, end


def _windows(memory, begin, end):
    """The bytes around everything that looks like a part of a secret."""
    for start in range(begin, end, _STEP):
        data = _read(memory, start, min(start + _STEP + _AROUND, end))
        for form in _BEGINS:
            at = data.find(form)
            while at >= 0:
                yield data[max(0, at - _AROUND):at + _AROUND]
                at = data.find(form, at + 1)


def _read(memory, begin, end):
    try:
        return os.pread(memory.fileno(), end - begin, begin)
    except OSError:  # given back meanwhile
        return b""
