"""podman and skopeo as clients: one registries.conf for both, a storage of its own for podman."""

import base64
import json
import os
import subprocess

_REGISTRY = """\
[[registry]]
prefix = "{prefix}"
location = "{location}"
insecure = true
"""
_MIRROR = """\
[[registry.mirror]]
location = "{location}"
insecure = true
pull-from-mirror = "{which}"
"""
_CONTAINERS = """\
[engine]
lock_type = "file"
events_logger = "file"
cgroup_manager = "cgroupfs"
tmp_dir = "{path}/engine"
static_dir = "{path}/static"
volume_path = "{path}/volumes"
"""
_POLICY = {"default": [{"type": "insecureAcceptAnything"}]}


def why_not_podman():
    """None when podman can keep images here, else the reason."""
    if os.geteuid() != 0:
        return "podman with a storage of its own needs root"
    return None


class Containers:
    """What both programs read: mirrors by registry and the policy that accepts every image."""

    def __init__(self, workspace, name="containers"):
        self.path = workspace.directory(name)
        self._workspace = workspace
        self._name = name
        self.policy = workspace.file(f"{name}/policy.json", json.dumps(_POLICY))
        self._settings = workspace.file(f"{name}/containers.conf", _CONTAINERS.format(path=self.path))
        self._registries = workspace.file(f"{name}/registries.conf", "")
        self._login = {}

    def mirrors(self, prefix, location, *mirrors, which="all"):
        """Images named `prefix`/... are at `location`, and at each mirror before that."""
        text = _REGISTRY.format(prefix=prefix, location=location)
        text += "".join(_MIRROR.format(location=mirror, which=which) for mirror in mirrors)
        self._registries = self._workspace.file(f"{self._name}/registries.conf", text)

    def log_in(self, registry, user, password):
        """As `podman login` leaves it: for this registry or mirror."""
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        auths = {"auths": {registry: {"auth": secret}}}
        self._login = {"REGISTRY_AUTH_FILE": self._workspace.file(f"{self._name}/auth.json", json.dumps(auths))}

    @property
    def environment(self):
        return {**os.environ, **self._login, "CONTAINERS_REGISTRIES_CONF": self._registries, "CONTAINERS_CONF": self._settings,
                "TMPDIR": self._workspace.directory(f"{self._name}/temporary")}

    def skopeo_copy(self, image, directory, seconds=60):
        """Copies "registry/name:tag" into a directory, one file a blob; (exit code, what was said)."""
        done = subprocess.run(["skopeo", "--policy", self.policy, "--registries-conf", self._registries, "copy",
                               "--src-tls-verify=false", f"docker://{image}", f"dir:{directory}"],
                              env=self.environment, capture_output=True, text=True, timeout=seconds, check=False)
        return done.returncode, done.stderr


class Podman:
    """podman without a daemon: `vfs` storage works on every file system."""

    def __init__(self, workspace, containers, name="podman", place=None):
        self._path = workspace.directory(name)
        self._workspace = workspace
        self._place = place
        self._containers = containers
        self._name = name
        self._pulls = 0

    def _command(self, *arguments):
        return ["podman", "--root", f"{self._path}/root", "--runroot", f"{self._path}/run", "--storage-driver", "vfs",
                *arguments]

    def _podman(self, *arguments, seconds=60):
        return subprocess.run(self._command(*arguments), env=self._containers.environment, capture_output=True, text=True,
                              timeout=seconds, check=False)

    def start_pull(self, image, *options):
        """`podman pull` as a process; its last line of output is the image's id."""
        self._pulls += 1
        return self._workspace.start(f"{self._name}-pull{self._pulls}", self._command(
            "pull", "--quiet", "--signature-policy", self._containers.policy, *options, image),
            self._place, self._containers.environment)

    def image(self, image):
        """What `podman image inspect` says: a dictionary; None when it is not there."""
        done = self._podman("image", "inspect", image)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None

    def remove(self, image):
        self._podman("image", "rm", "--force", image)
