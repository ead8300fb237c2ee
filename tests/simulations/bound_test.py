"""The lower bounds against values worked out by hand. Rates here are small whole numbers of bytes per second."""

import unittest

from simulations.benchmark.bound import (Member, Rollout, aggregate_upload_seconds, lower_bound, origin_seconds,
                                         rack_copy_seconds, rack_share_seconds, ramp_seconds, slowest_node_seconds,
                                         tcp_seconds)


def _members(count, missing=1000, rate=100, **more):
    return tuple(Member(missing, rate, **more) for _ in range(count))


class Terms(unittest.TestCase):
    def test_the_origin_sends_every_byte_once(self):
        self.assertEqual(origin_seconds(1000, 50), 20)

    def test_the_slowest_node_takes_what_it_misses_over_its_own_link(self):
        self.assertEqual(slowest_node_seconds([Member(1000, 100), Member(1000, 40), Member(100, 5)]), 25)

    def test_a_late_node_counts_from_its_arrival(self):
        self.assertEqual(slowest_node_seconds([Member(1000, 100), Member(1000, 100, arrival=7.5)]), 17.5)

    def test_all_copies_are_sent_by_somebody(self):
        # 8 copies of 1000 over 100 + 100 + 8 x 100
        self.assertEqual(aggregate_upload_seconds(_members(8), 1000), 8)

    def test_one_copy_enters_each_rack(self):
        self.assertEqual(rack_copy_seconds(1000, 40), 25)

    def test_what_a_rack_needs_comes_in_or_is_sent_inside(self):
        # 4 copies of 1000 over 100 of the uplink and 4 x 25 inside
        self.assertEqual(rack_share_seconds(4000, 100, 100), 20)

    def test_the_ramp_is_one_piece_for_each_doubling(self):
        self.assertEqual(ramp_seconds(1, 64, 32), 0)
        self.assertEqual(ramp_seconds(2, 64, 32), 2)
        self.assertEqual(ramp_seconds(1000, 64, 32), 18)   # 2^9 <= 1000 < 2^10
        self.assertEqual(ramp_seconds(1024, 64, 32), 20)

    def test_the_ramp_agrees_with_mundinger_at_ten_thousand_nodes(self):
        # S / B x floor(log2 N) / M = 13 / 256 of 1000 s, for M = 256 pieces of 1000 bytes
        self.assertAlmostEqual(ramp_seconds(10_000, 1000, 256), 1000 * 13 / 256)

    def test_tcp_leaves_0_955_of_a_link(self):
        self.assertAlmostEqual(tcp_seconds(0.955), 1)


class WholeRollouts(unittest.TestCase):
    def test_equal_links_are_limited_by_a_nodes_link(self):
        bound = lower_bound(Rollout(1000, 200, 100, _members(8)))
        self.assertEqual(bound.seconds, 10)
        self.assertEqual(bound.limit, "slowest node")
        self.assertEqual(bound.terms["origin"], 5)
        self.assertAlmostEqual(bound.terms["aggregate upload"], 8000 / 1100)

    def test_a_slow_origin_limits_a_cold_rollout(self):
        bound = lower_bound(Rollout(1000, 25, 100, _members(8)))
        self.assertEqual((bound.seconds, bound.limit), (40, "origin"))

    def test_nodes_with_little_upload_in_all_are_limited_by_it(self):
        # Two fast receivers of 1000 and sources of 10 + 90: 2000 / (100 + 0) is more than 1000 / 100.
        members = (Member(1000, 1000), Member(1000, 1000))
        bound = lower_bound(Rollout(100, 10, 90, members))
        self.assertEqual(bound.limit, "origin")
        self.assertAlmostEqual(bound.terms["aggregate upload"], 2000 / 2100)

    def test_a_rack_behind_a_narrow_uplink_is_limited_by_one_copy(self):
        members = _members(4, rack="a") + _members(4, rack="b")
        bound = lower_bound(Rollout(1000, 100, 100, members, {"a": 40, "b": 80}))
        self.assertEqual((bound.seconds, bound.limit), (25, "rack copy"))
        self.assertAlmostEqual(bound.terms["rack share"], 4000 / 440)

    def test_a_node_alone_is_limited_by_the_slower_of_two_links(self):
        self.assertEqual(lower_bound(Rollout(1000, 50, 100, _members(1))).seconds, 20)
        self.assertEqual(lower_bound(Rollout(1000, 500, 100, _members(1))).seconds, 10)

    def test_each_batch_waits_for_the_one_before(self):
        members = _members(2, batch=0) + _members(2, batch=1) + _members(1, batch=2)
        bound = lower_bound(Rollout(1000, 50, 0, members))
        # The first: 1000 / 50 at the origin. The others: 1000 / 100 at each node.
        self.assertEqual(bound.seconds, 20 + 10 + 10)
        self.assertEqual(bound.terms, {"origin": 20, "slowest node": 20})

    def test_a_second_batch_in_the_same_rack_needs_no_copy_from_outside(self):
        members = _members(2, batch=0, rack="a") + _members(2, batch=1, rack="a")
        bound = lower_bound(Rollout(1000, 1000, 0, members, {"a": 20}))
        self.assertEqual(bound.seconds, 1000 / 20 + 10)

    def test_the_formula_is_told(self):
        self.assertIn("sources", lower_bound(Rollout(1000, 1, 1, _members(1))).formula)
