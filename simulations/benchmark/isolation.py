"""The run in process, mount and network-name spaces of its own, so that nothing outlives it.

The benchmark works in a child that is the first process of a new process space. When it ends, or is killed, or this
program is, the kernel ends every process in that space; with them go the mounts, the temporary files (a tmpfs) and the
network namespaces, which are held by processes and mounts of that space alone. There is no cleaning up that could fail.
"""

import ctypes
import os
import select
import signal
import sys
import tempfile
import traceback

from ..cluster.workspace import Interrupted, interruptible

_CLONE_NEWNS, _CLONE_NEWPID = 0x00020000, 0x20000000
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 2, 4, 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_libc = ctypes.CDLL(None, use_errno=True)


def run_isolated(work):
    """Calls `work()` in the new space and returns the exit code that it returned. Needs root."""
    _check(_libc.unshare(_CLONE_NEWNS | _CLONE_NEWPID), "new process and mount spaces")
    alive, held_open = os.pipe()  # the child reads the end of it when this process is gone
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)  # none is lost before there are handlers
    child = os.fork()
    if child == 0:
        os.close(held_open)
        code = _first_process(work, alive)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    os.close(alive)
    for number in _FORWARDED:
        signal.signal(number, lambda received, _frame: os.kill(child, received))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    _, status = os.waitpid(child, 0)
    os.close(held_open)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def mount_tmpfs(path):
    """Seen in this process's mount space only."""
    _check(_libc.mount(b"tmpfs", path.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, b"mode=0755,size=90%"), f"a tmpfs at {path}")


def _first_process(work, alive):
    try:
        _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL), "prctl")
        if select.select([alive], [], [], 0)[0]:
            return 1  # the parent was gone before prctl took hold
        _check(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None), "private mounts")
        _check(_libc.mount(b"proc", b"/proc", b"proc", _MS_NOSUID | _MS_NODEV, None), "/proc")
        mount_tmpfs("/run")  # with the names of network namespaces, /run/netns
        tempfile.tempdir = "/run"
        with interruptible():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
            return work()
    except Interrupted as interrupted:
        print(f"{interrupted}: everything is cleaned up")
        return interrupted.exit_code
    except Exception:  # whatever it is ends here: behind this there is only the exit
        traceback.print_exc()
        return 1


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
