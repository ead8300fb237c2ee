"""A disk whose power can be cut: a file system in a file, of which the state at one moment is kept aside.

The inner file system (ext4, as most nodes have it) lies in a file on an outer one (XFS), which can clone a file at one
moment. What the kernel had not yet written to the inner disk is not in the clone, exactly as when the power fails;
mounting the clone replays the inner journal. What had been written is there in the order of writing: a disk that lies
about its cache is not modelled.
"""

import ctypes
import fcntl
import os
import subprocess

_FICLONE = 0x40049409
_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | 0x40000
_OUTER_BYTES = 16 << 30  # sparse
_INNER_BYTES = 2 << 30
_libc = ctypes.CDLL(None, use_errno=True)


def why_there_is_no_rig():
    """A reason to skip, or None."""
    if os.geteuid() != 0:
        return "mounting needs root"
    if not any(os.access(os.path.join(path, "mkfs.xfs"), os.X_OK) for path in ("/sbin", "/usr/sbin")):
        return "mkfs.xfs is not installed: apt-get install xfsprogs"
    return None


def own_mounts():
    """From here on this process's mounts are its own, and go with it however it ends."""
    if _libc.unshare(_CLONE_NEWNS) != 0 or _libc.mount(b"none", b"/", None, _MS_REC_PRIVATE, None) != 0:
        raise OSError(ctypes.get_errno(), "private mounts")


class Disk:
    """Mounted at `path`; `cut` gives a Cut that is to be looked at."""

    def __init__(self, workspace):
        self._workspace = workspace
        self._outer = workspace.directory("outer")
        self.path = workspace.directory("disk")
        self._inner = os.path.join(self._outer, "inner.img")
        self._cuts = 0
        image = os.path.join(workspace.path, "outer.img")
        _make(image, _OUTER_BYTES, ["mkfs.xfs", "-q", "-m", "reflink=1"])
        self._mount(image, self._outer, "loop")
        _make(self._inner, _INNER_BYTES, ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"])
        self._mount(self._inner, self.path, "loop,commit=1")

    def _mount(self, image, path, options):
        subprocess.run(["mount", "-o", options, image, path], check=True, timeout=60)
        self._workspace.callback(lambda: subprocess.run(["umount", "--lazy", path], check=False, timeout=60))

    def cut(self):
        """The disk as it would be if the power failed now."""
        self._cuts += 1
        image = os.path.join(self._outer, f"cut-{self._cuts}.img")
        with open(self._inner, "rb") as source, open(image, "wb") as target:
            fcntl.ioctl(target, _FICLONE, source.fileno())
        return Cut(self._workspace, image, f"cut-{self._cuts}")


class Cut:
    """What the power left. Use as `with cut as path`; once."""

    def __init__(self, workspace, image, name):
        self._image = image
        self._path = workspace.directory(name)

    def __enter__(self):
        subprocess.run(["mount", "-o", "loop", self._image, self._path], check=True, timeout=60)
        return self._path

    def __exit__(self, *_):
        subprocess.run(["umount", self._path], check=True, timeout=60)
        os.remove(self._image)
        os.rmdir(self._path)


def _make(image, size, command):
    with open(image, "wb") as file:
        file.truncate(size)
    subprocess.run([*command, image], check=True, timeout=120, stdout=subprocess.DEVNULL)
