"""nginx as a program of a run, with one `http` block of its own; Debian's nginx-light is enough."""

import shutil

from .processes import wait_until
from .web import Endpoint

# As Debian's own configuration: sendfile, workers as many as CPUs. They stay root to read the run's private directory.
_CONFIG = """\
daemon off;
user root;
worker_processes auto;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  default_type application/octet-stream;
  access_log off;
{temporary}
{http}
}}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def why_not_nginx():
    """None when nginx is here, else the reason in one line."""
    return None if shutil.which("nginx") else "nginx is not installed (Debian: nginx-light)"


class Nginx:
    """A running nginx. `http` is what stands in its http block, made by the caller from the authority to listen on."""

    def __init__(self, workspace, place, name, http):
        self.endpoint = Endpoint(place, place.address, place.free_port())
        self.directory = workspace.directory(name)
        temporary = "\n".join(f"  {kind}_temp_path {self.directory}/{kind}-temporary;" for kind in _TEMPORARY)
        config = _CONFIG.format(directory=self.directory, temporary=temporary, http=http(self.endpoint.authority))
        path = workspace.file(f"{name}.conf", config)
        self.process = workspace.start(name, ["nginx", "-c", path, "-p", self.directory], place)
        wait_until(self._listens, 20, f"{name} listens")

    def workers(self):
        """The ids of all its processes, the master's first."""
        with open(f"/proc/{self.process.id}/task/{self.process.id}/children", encoding="ascii") as children:
            return [self.process.id, *(int(each) for each in children.read().split())]

    def _listens(self):
        if not self.process.running():
            raise RuntimeError("nginx ended:\n" + self.process.log_tail())
        try:
            self.endpoint.place.connect(self.endpoint.address, self.endpoint.port, 5).close()
        except OSError:
            return False
        return True
