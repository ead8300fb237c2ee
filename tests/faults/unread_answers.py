"""A program of another user that keeps many connections to a server open, each with a request whose answer it does not read.

A connection that the server closes is opened again at once; one that cannot be is tried again after a moment. Started by `python3 -c`, since that user may not be able to
read this directory; ends when its standard input does.
"""

import shutil
import subprocess
import sys

NOBODY = 65534

_PROGRAM = """
import select, socket, sys, time

address, port, path, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
request = f"GET {path} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".encode()
held, watched = {}, select.poll()
watched.register(0, select.POLLIN)

def is_held():
    each = socket.socket(family)
    each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    each.settimeout(10)
    try:
        each.connect((address, port))
    except OSError:  # as many wait as may
        each.close()
        return False
    try:
        each.sendall(request)
    except OSError:
        pass  # closed already: seen below
    held[each.fileno()] = each
    watched.register(each.fileno(), 0)  # an end alone
    return True

def hold():
    ends_at = time.monotonic() + 10
    while not is_held() and time.monotonic() < ends_at:
        time.sleep(0.01)

for _ in range(count):
    hold()
print("ready", flush=True)
while True:
    for descriptor, _ in watched.poll():
        if descriptor == 0:
            sys.exit()
        watched.unregister(descriptor)
        held.pop(descriptor).close()
        hold()
"""


class UnreadAnswers:
    """`user`: a uid, or None for our own. A short answer, which the kernel takes for the client, leaves the connection idle.
    Ready when it is made; `end` ends it."""

    def __init__(self, endpoint, path, count, user=None):
        python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable  # one that the other user may run
        arguments = [python, "-c", _PROGRAM, endpoint.address, str(endpoint.port), path, str(count)]
        other = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self._process = subprocess.Popen(arguments, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, **other)
        if self._process.stdout.readline() != b"ready\n":
            self.end()
            raise RuntimeError("the connections could not be opened")

    def end(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
