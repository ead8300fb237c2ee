"""Every node pulls from the origin itself: what a cluster does that has nothing."""

from . import Mode, registry_plan


class TheMode(Mode):
    """No program at all."""

    name = "direct"

    def start(self, stage):
        self._origin = stage.registry.endpoint

    def plan(self, node, image):
        return registry_plan(self._origin, None, image, node.held)
