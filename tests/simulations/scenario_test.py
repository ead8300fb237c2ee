"""The scenario file format: what it says, and that nothing wrong in it goes by."""

import unittest

from simulations.benchmark.scenario import Arrival, ScenarioError, make_topology, parse_arrival, parse_layers, parse_scenario

_WHOLE = """
name = "everything"
start = "warm"
arrival = "batches:25%"
[topology]
nodes = 8
rate = "8Mbit"
origin_rate = "16Mbit"
hub_rate = "4Mbit"
racks = 2
oversubscription = 4
links = [{ nodes = 1, rate = "4Mbit" }]
[image]
layers = ["3MiB", "2x64KiB"]
changed_layers = 2
"""
_LEAST = '[topology]\nnodes = 2\n[image]\nlayers = ["1MiB"]\n'


def _refused(test, text, words):
    with test.assertRaises(ScenarioError) as caught:
        parse_scenario(text)
    test.assertIn(words, str(caught.exception))


class Files(unittest.TestCase):
    def test_every_key_is_read(self):
        scenario = parse_scenario(_WHOLE)
        topology = scenario.topology
        self.assertEqual((scenario.name, scenario.warm), ("everything", True))
        self.assertEqual((topology.rate, topology.origin_rate, topology.hub_rate), (1_000_000, 2_000_000, 500_000))
        self.assertEqual(topology.node_rates(), [1_000_000] * 7 + [500_000])
        self.assertEqual(topology.rack_rates(), {"rack1": 1_000_000, "rack2": 875_000})
        self.assertEqual(scenario.image.layers, (3 << 20, 64 << 10, 64 << 10))
        self.assertEqual(scenario.image.changed, 2)
        self.assertEqual(scenario.arrival, Arrival("batches", share=0.25))

    def test_the_least_that_must_be_said_gets_the_defaults(self):
        scenario = parse_scenario('name = "least"\n' + _LEAST)
        self.assertEqual(scenario.topology.rate, 24 << 20)
        self.assertEqual(scenario.topology.rate, scenario.topology.origin_rate)
        self.assertEqual((scenario.warm, scenario.arrival.pattern, scenario.image.changed), (False, "flash", None))

    def test_an_unknown_key_is_named(self):
        _refused(self, 'name = "x"\ncolour = 1\n' + _LEAST, "colour: no such key")
        _refused(self, _WHOLE.replace("racks", "rack"), "topology.rack: no such key")

    def test_a_missing_key_is_named(self):
        _refused(self, _LEAST, "name: missing")
        _refused(self, _WHOLE.replace("nodes = 8", ""), "topology.nodes: missing")

    def test_wrong_values_are_named(self):
        for wrong, words in (("nodes = 0", "nodes: from 1"), ("nodes = 201", "nodes: from 1"), ("nodes = true", "wrong type"),
                             ('nodes = "8"', "topology.nodes: of the wrong type")):
            _refused(self, _WHOLE.replace("nodes = 8", wrong), words)
        _refused(self, _WHOLE.replace('"8Mbit"', '"8"'), "topology.rate")
        _refused(self, _WHOLE.replace('"warm"', '"hot"'), "start")
        _refused(self, _WHOLE.replace("racks = 2", "racks = 9"), "racks")
        _refused(self, _WHOLE.replace("racks = 2", ""), "oversubscription: needs racks")
        _refused(self, _WHOLE.replace("oversubscription = 4", "oversubscription = 0.5"), "oversubscription: 1 or more")
        _refused(self, _WHOLE.replace("changed_layers = 2", "changed_layers = 3"), "changed_layers")
        _refused(self, _WHOLE.replace("{ nodes = 1,", "{ nodes = 9,"), "links")
        _refused(self, _WHOLE.replace('"batches:25%"', '"batches:0%"'), "arrival")
        _refused(self, _WHOLE.replace('"2x64KiB"', "7"), "image.layers")

    def test_what_is_no_toml_is_told(self):
        _refused(self, "name =", "Invalid value")


class Arrivals(unittest.TestCase):
    def test_batches_are_rounded_up(self):
        self.assertEqual(parse_arrival("batches:25%").batches(8), [0, 0, 1, 1, 2, 2, 3, 3])
        self.assertEqual(parse_arrival("batches:25%").batches(5), [0, 0, 1, 1, 2])
        self.assertEqual(parse_arrival("batches:10%").batches(10), list(range(10)))
        self.assertEqual(parse_arrival("batches:10%").batches(3), [0, 1, 2])

    def test_staggered_nodes_are_spread_evenly(self):
        self.assertEqual(parse_arrival("staggered:9s").times(4), [0, 3, 6, 9])
        self.assertEqual(parse_arrival("staggered:9s").times(1), [0])

    def test_forty_layers_are_written_shortly(self):
        self.assertEqual(parse_layers(["40x256KiB"]), (256 << 10,) * 40)
        for wrong in ("0x1MiB", "x1MiB", "-1x1MiB", "1MiBx2", ""):
            with self.assertRaises(ValueError):
                parse_layers([wrong])

    def test_racks_take_turns(self):
        topology = make_topology(5, 100, racks=2, oversubscription=2)
        self.assertEqual([topology.rack_of(number) for number in range(5)], ["rack1", "rack2", "rack1", "rack2", "rack1"])
        self.assertEqual(topology.rack_rates(), {"rack1": 150, "rack2": 100})
