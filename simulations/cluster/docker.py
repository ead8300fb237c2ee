"""dockerd as a client: its own data, containerd and socket, no bridge, no firewall rules; `docker` beside it."""

import json
import os
import subprocess

from .containerd import why_not_runc
from .processes import wait_until
from .shims import end_shims


def why_not_docker():
    """None when dockerd can run here, else the reason."""
    return why_not_runc()


class Docker:
    """One daemon that reaches Docker Hub through `mirror`. Whatever is not on this machine it asks `proxy` for."""

    def __init__(self, workspace, place, mirror, proxy, name="docker"):
        self._path = workspace.directory(name)
        self._workspace = workspace
        self._place = place
        self._name = name
        self._pulls = 0
        workspace.callback(end_shims, self._path)
        self._environment = {"DOCKER_CONFIG": workspace.directory(f"{name}/client"), "DOCKER_HOST": f"unix://{self._path}/socket",
                             "DOCKER_CONTEXT": ""}
        self.process = workspace.start(name, [
            "dockerd", "--config-file", workspace.file(f"{name}/daemon.json", "{}"), "--data-root", f"{self._path}/data",
            "--exec-root", f"{self._path}/exec", "--pidfile", f"{self._path}/pid", "--host", f"unix://{self._path}/socket",
            "--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs",
            "--exec-opt", "native.cgroupdriver=cgroupfs", "--registry-mirror", mirror], place,
            {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "NO_PROXY": "127.0.0.0/8"})
        wait_until(self._answers, 30, "dockerd answers")

    def _answers(self):
        if not self.process.running():
            raise RuntimeError("dockerd ended:\n" + self.process.log_tail())
        return os.path.exists(f"{self._path}/socket") and self._docker("version").returncode == 0

    def _docker(self, *arguments, seconds=60):
        return subprocess.run(["docker", *arguments], env={**os.environ, **self._environment}, capture_output=True,
                              text=True, timeout=seconds, check=False)

    def start_pull(self, image):
        """`docker pull` as a process."""
        self._pulls += 1
        return self._workspace.start(f"{self._name}-pull{self._pulls}", ["docker", "pull", image],
                                     environment=self._environment)

    def image(self, image):
        """What `docker image inspect` says: a dictionary; None when it is not there."""
        done = self._docker("image", "inspect", image)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None

    def remove(self, image):
        self._docker("image", "rm", "--force", image)

    def run(self, image, seconds=30):
        """Runs the image's own command without a network; (exit code, what it printed)."""
        done = self._docker("run", "--rm", "--network", "none", "--pull", "never", "--cgroup-parent", "/", image,
                            seconds=seconds)
        return done.returncode, done.stdout + done.stderr
