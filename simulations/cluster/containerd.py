"""Debian's containerd as a client: its own root, state and socket; `ctr` beside it, and its CRI plugin when asked for."""

import hashlib
import json
import os
import subprocess

from .processes import wait_until
from .shims import end_shims

_CONFIG = """\
version = 2
root = "{path}/root"
state = "{path}/state"
disabled_plugins = [{without_cri}"io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "{path}/containerd.sock"
[ttrpc]
address = "{path}/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "{path}/hosts"
"""
_HOST = """\
[host."{url}"]
capabilities = {capabilities}
"""


def why_not_containerd():
    """None when containerd can unpack images here, else the reason."""
    if os.geteuid() != 0:
        return "containerd needs root"
    return None


def why_not_runc():
    """None when runc can give a container mounts of its own here, else the reason."""
    if os.geteuid() != 0:
        return "runc needs root"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        return "mounts are not permitted here"
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        if not any(line.split()[4] == "/" for line in mounts):
            return "runc needs / to be a mount, and it is none in a chroot"
    return None


class Containerd:
    """One daemon. `native` snapshots work on every file system. With `cri` it answers as a kubelet's containerd, whose
    images are in the namespace k8s.io."""

    def __init__(self, workspace, place, name="containerd", cri=False):
        self._path = workspace.directory(name)
        self._workspace = workspace
        self._place = place
        self._name = name
        self._namespace = "k8s.io" if cri else "shoal"
        self._pulls = 0
        self.socket = f"{self._path}/containerd.sock"
        self.hosts = f"{self._path}/hosts"  # the hosts-dir
        config = workspace.file(f"{name}/config.toml", _CONFIG.format(
            path=self._path, without_cri="" if cri else '"io.containerd.grpc.v1.cri", '))
        workspace.callback(end_shims, self._path)
        self.process = workspace.start(name, ["containerd", "--config", config], place)
        wait_until(self._answers, 20, "containerd answers")

    def _answers(self):
        if not self.process.running():
            raise RuntimeError("containerd ended:\n" + self.process.log_tail())
        return os.path.exists(self.socket) and self._ctr("version").returncode == 0

    def _command(self, *arguments):
        return ["ctr", "--address", self.socket, "--namespace", self._namespace, *arguments]

    def _ctr(self, *arguments):
        return subprocess.run(self._place.command(self._command(*arguments)), capture_output=True, text=True, check=False)

    def hosts_directory(self, upstream, server, *mirrors, capabilities=("pull", "resolve"), header=None):
        """A hosts-dir in which `upstream` (or "_default") is reached through the mirrors, in this order, and at `server`
        when they fail; without `server`, at the registry that the image names. `header`: (name, value) for the mirrors."""
        lines = [f'server = "{server}"'] if server else []
        for mirror in mirrors:
            lines.append(_HOST.format(url=mirror, capabilities=json.dumps(capabilities)))
            if header:
                lines.append(f'[host."{mirror}".header]\n{header[0]} = "{header[1]}"\n')
        self._workspace.file(f"{self._name}/hosts/{upstream}/hosts.toml", "\n".join(lines))
        return self.hosts

    def start_pull(self, image, hosts_directory, user=None):
        """`ctr images pull` as a process: unpacked too, as a node needs it. `user`: "name:password" """
        self._pulls += 1
        login = ["--user", user] if user else []
        return self._workspace.start(f"{self._name}-pull{self._pulls}", self._command(
            "images", "pull", "--snapshotter", "native", "--hosts-dir", hosts_directory, *login, image), self._place)

    def run(self, image, seconds=30):
        """Runs the image's own command with runc, without a network; (exit code, what it printed)."""
        container = f"shoal-{os.getpid()}-{self._place.name}"  # runc knows containers by name on the whole machine
        done = subprocess.run(self._place.command(self._command(
            "run", "--rm", "--snapshotter", "native", "--cgroup", "", "--fifo-dir", f"{self._path}/fifo", image, container)),
            capture_output=True, text=True, timeout=seconds, check=False)
        return done.returncode, done.stdout + done.stderr

    def fetch(self, image, hosts_directory, seconds):
        """Into the content store only, not unpacked; (exit code, what was said)."""
        done = subprocess.run(self._place.command(self._command(
            "content", "fetch", "--hosts-dir", hosts_directory, image)),
            capture_output=True, text=True, timeout=seconds, check=False)
        return done.returncode, done.stdout + done.stderr

    def image_digest(self, image):
        """The digest that the image's name points to."""
        rows = self._ctr("images", "ls", f"name=={image}").stdout.splitlines()[1:]
        return rows[0].split()[2] if rows else None

    def content(self, digest):
        """A small blob out of the content store; None when it is not there."""
        try:
            with open(self._content_path(digest), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def image_id(self, manifest_digest):
        manifest = self.content(manifest_digest)
        return json.loads(manifest)["config"]["digest"] if manifest else None

    def holds(self, digest):
        """Whether the content store has exactly these bytes: hashed again, not believed."""
        try:
            with open(self._content_path(digest), "rb") as file:
                return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest() == digest
        except FileNotFoundError:
            return False

    def received_at(self, digest):
        """When the last byte of a blob was written, in seconds since 1970."""
        return os.stat(self._content_path(digest)).st_mtime

    def received_bytes(self):
        """Bytes in the content store so far, finished blobs and those on their way."""
        store = f"{self._path}/root/io.containerd.content.v1.content"
        total = 0
        for directory, _, files in os.walk(store):
            for file in files:
                try:
                    total += os.stat(os.path.join(directory, file)).st_size
                except FileNotFoundError:
                    pass  # renamed just now; the next look counts it
        return total

    def remove_images(self):
        """Forgets all images and their content, so that the next pull starts from nothing."""
        names = self._ctr("images", "ls", "-q").stdout.split()
        if names:
            self._ctr("images", "rm", "--sync", *names)

    def _content_path(self, digest):
        algorithm, _, name = digest.partition(":")
        return f"{self._path}/root/io.containerd.content.v1.content/blobs/{algorithm}/{name}"
