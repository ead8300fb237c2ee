"""Sizes and rates as people write them, in the form of Shoal's configuration: "64MiB", "10MiB/s"; rates also as "50Mbit"."""

import re

_SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_BIT_RATES = {"Kbit": 125, "Mbit": 125_000, "Gbit": 125_000_000}


def parse_size(text):
    """Bytes of "200KiB"; ValueError for anything else, a bare number too."""
    match = re.fullmatch(r"(\d+)(B|KiB|MiB|GiB)", text)
    if not match:
        raise ValueError(f'"{text}" is not understood; write for example "64MiB"')
    return int(match[1]) * _SIZES[match[2]]


def parse_rate(text):
    """Bytes per second of "10MiB/s" or "50Mbit"; ValueError for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(Kbit|Mbit|Gbit)", text)
    if match and float(match[1]) > 0:
        return round(float(match[1]) * _BIT_RATES[match[2]])
    if text.endswith("/s"):
        try:
            rate = parse_size(text[:-2])
        except ValueError:
            rate = 0
        if rate > 0:
            return rate
    raise ValueError(f'"{text}" is not understood; write for example "10MiB/s" or "50Mbit"')


def size_text(size_bytes):
    """A size for a person: "64.0 MiB"."""
    for name, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {name}"
    return f"{size_bytes} B"


def rate_text(bytes_per_second):
    """A rate for a person, in both of its usual forms."""
    return f"{size_text(bytes_per_second)}/s ({bytes_per_second * 8 / 1e6:.1f} Mbit/s)"
