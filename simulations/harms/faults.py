"""How a part is broken. What a context breaks, its end mends."""

import contextlib
import subprocess

from ..cluster.network import shape
from .cluster import LINK, listen_port


def freeze(program):
    """As a machine that hangs: connections stay open, nothing answers."""
    program.process.pause()


def kill(program):
    program.process.kill()


@contextlib.contextmanager
def cut_off(network, place):
    """The machine's link carries nothing: no answer, no RST."""
    link = network.links[place.name]
    _in_namespace(link.switch, "ip", "link", "set", link.port, "nomaster")
    try:
        yield
    finally:
        _in_namespace(link.switch, "ip", "link", "set", link.port, "master", "br0")


@contextlib.contextmanager
def dropped(place, port):
    """Nothing that comes to this port is answered."""
    rule = ("INPUT", "-p", "tcp", "--dport", str(port), "-j", "DROP")
    _in_namespace(place.namespace, "iptables", "-w", "-A", *rule)
    try:
        yield
    finally:
        _in_namespace(place.namespace, "iptables", "-w", "-D", *rule)


def dropped_port(program, table, key):
    return dropped(program.place, listen_port(program, table, key))


@contextlib.contextmanager
def large_packets_lost(network, place):
    """A path-MTU black hole: packets over 1,280 bytes that this machine sends are lost without a word."""
    link = network.links[place.name]
    _in_namespace(link.switch, "ip", "link", "set", link.port, "mtu", "1280")
    # A segment of many packets would pass as one.
    _in_namespace(link.namespace, "ip", "link", "set", link.device, "gso_max_segs", "1")
    try:
        yield
    finally:
        _in_namespace(link.switch, "ip", "link", "set", link.port, "mtu", "1500")
        _in_namespace(link.namespace, "ip", "link", "set", link.device, "gso_max_segs", "65535")


@contextlib.contextmanager
def slow_link(network, place, rate):
    """The machine's link carries so many bytes a second each way."""
    link = network.links[place.name]
    shape(link.namespace, link.device, rate)
    shape(link.switch, link.port, rate)
    try:
        yield
    finally:
        shape(link.namespace, link.device, LINK)
        shape(link.switch, link.port, LINK)


def _in_namespace(namespace, *argv):
    subprocess.run(["ip", "netns", "exec", namespace, *argv], check=True, capture_output=True)
