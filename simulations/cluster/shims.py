"""What a daemon's containers leave behind when something was killed: shims, which outlive it on purpose, and mounts."""

import os
import signal
import subprocess

_SHIM = "containerd-shim-runc-v2"


def end_shims(path):
    """Ends the shims of the daemon whose files are below `path`, known by its socket in their command lines, and what runs
    in them; takes its mounts away. After a run that ended well there is nothing to do."""
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", encoding="utf-8", errors="replace") as file:
                program, *words = file.read().split("\0")
            if os.path.basename(program) == _SHIM and any(word.startswith(path + "/") for word in words):
                for process in [*_children(number), number]:
                    os.kill(int(process), signal.SIGKILL)
        except OSError:
            pass  # it is gone already
    with open("/proc/self/mounts", encoding="utf-8") as file:
        mounted = [line.split()[1] for line in file]
    for each in reversed(mounted):
        if each.startswith(path + "/"):
            subprocess.run(["umount", "--lazy", each], capture_output=True, check=False)


def _children(number):
    """Of all threads: any of them may have started it."""
    for thread in os.listdir(f"/proc/{number}/task"):
        with open(f"/proc/{number}/task/{thread}/children", encoding="ascii") as file:
            yield from file.read().split()
