"""nginx on the hub as a pull-through cache: blobs in slices, so that nobody waits for a whole layer and the origin sends
each byte once."""

from ...cluster.nginx import Nginx, why_not_nginx
from ...cluster.puller import Pull
from ...cluster.web import Endpoint
from . import Mode, registry_plan

# As nginx's own documentation of ngx_http_slice_module and proxy_cache_lock has it. Who waits for a slice looks again
# every half second: large slices make that rare. Without the longer time-outs those who waited would ask the origin too.
_HTTP = """\
  proxy_cache_path {cache} levels=1:2 keys_zone=layers:32m max_size=100g inactive=1d use_temp_path=off;
  upstream origin {{ server {origin}; keepalive 32; }}
  server {{
    listen {listen};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host {origin};
    proxy_cache layers;
    proxy_cache_lock on;
    proxy_cache_lock_timeout 10m;
    proxy_cache_lock_age 10m;
    location ~ "/blobs/sha256:[0-9a-f]{{64}}$" {{
      slice 4m;
      proxy_cache_key $uri$slice_range;
      proxy_set_header Range $slice_range;
      proxy_cache_valid 200 206 1d;
      proxy_pass http://origin;
    }}
    location /v2/ {{
      proxy_cache_key $uri$http_accept;
      proxy_cache_valid 200 5s;
      proxy_pass http://origin;
    }}
  }}
"""


class TheMode(Mode):
    """Cold: the cache is empty. Warm: the image was pulled through it once."""

    name = "mirror"
    hub_role = "mirror"

    def start(self, stage):
        if reason := why_not_nginx():
            raise RuntimeError(reason)
        cache = stage.workspace.directory("mirror-cache")
        self._stage = stage
        self._nginx = Nginx(stage.workspace, stage.hub, "mirror",
                            lambda listen: _HTTP.format(cache=cache, listen=listen, origin=stage.registry.authority))

    def warm(self):
        endpoint = self._nginx.endpoint
        Pull(Endpoint(self._stage.spare, endpoint.address, endpoint.port), None, self._stage.image.repository,
             self._stage.image.tag).run()

    def plan(self, node, image):
        return registry_plan(self._nginx.endpoint, None, image, node.held)

    def roles(self):
        return {"mirror": [self._nginx.process]}
