"""docker-registry on the hub in its proxy mode, as Docker's documentation sets up a mirror. While it fetches a blob for one
client, it hands others on to the origin."""

from ...cluster.processes import wait_until
from ...cluster.puller import Pull
from ...cluster.web import Endpoint
from . import Mode, registry_plan

_CONFIG = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: "{root}"}}, delete: {{enabled: true}}}}
http: {{addr: "{listen}"}}
proxy: {{remoteurl: "{origin}"}}
"""


class TheMode(Mode):
    """Cold: its storage is empty. Warm: the image was pulled through it once."""

    name = "registry-mirror"
    hub_role = "mirror"

    def start(self, stage):
        self._stage = stage
        self._endpoint = Endpoint(stage.hub, stage.hub.address, stage.hub.free_port())
        config = _CONFIG.format(root=stage.workspace.directory("mirror"), listen=self._endpoint.authority,
                                origin=stage.registry.endpoint.url)
        self._process = stage.workspace.start(
            "mirror", ["docker-registry", "serve", stage.workspace.file("mirror.yml", config)], stage.hub)
        wait_until(self._answers, 20, "docker-registry's proxy answers")

    def _answers(self):
        if not self._process.running():
            raise RuntimeError("docker-registry's proxy ended:\n" + self._process.log_tail())
        try:
            return self._endpoint.get("/v2/").status == 200
        except OSError:
            return False

    def warm(self):
        Pull(Endpoint(self._stage.spare, self._endpoint.address, self._endpoint.port), None,
             self._stage.image.repository, self._stage.image.tag).run()

    def plan(self, node, image):
        return registry_plan(self._endpoint, None, image, node.held)

    def roles(self):
        return {"mirror": [self._process]}
