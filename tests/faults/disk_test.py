"""The disk does not give what is held."""

import http.client
import os

from simulations.cluster.processes import wait_until

from ..integration.case import Case


class Unreadable(Case):
    def test_a_held_layer_that_is_cut_short_under_a_client_is_pulled_anew(self):
        image = self.library.large()
        layer = image.layers[0]
        _, agents = self.cluster(1)
        self.assert_pulled(self.pull(agents[0], "large"), image)
        self.wait_until_idle(agents[0])
        connection = agents[0].registry.open()
        self.addCleanup(connection.close)
        connection.request("GET", self.blob_path(layer.digest))
        response = connection.getresponse()
        response.read(1 << 20)
        os.truncate(self.store_file(agents[0], layer.digest), layer.size // 2)
        with self.assertRaises((OSError, http.client.HTTPException)):  # it breaks off, and is no whole answer
            response.read()
        wait_until(lambda: agents[0].events("held layer unreadable, removed"), 10, "the agent has noticed")
        self.assert_pulled(self.pull(agents[0], "large"), image)
