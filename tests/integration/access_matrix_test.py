"""Who may have what: every client, content, node, mode and state of the origin, against the origin's own rule.

The rule: no byte to a caller to whom the origin would give none, and no caller refused whom it would let in. A refusal is the
origin's own. While the origin is down all is closed but for live grants and public content; a revoked right ends with the
grant.
"""

import time

from simulations.cluster.processes import wait_until

from .access.access_case import GOOD, NODES, PRIVATE, PUBLIC, AccessCase, MatrixCase
from .access.cells import Client
from .access.content import Content, kinds_of
from .access.registry import basic


class Matrix(MatrixCase):
    """All cells while the origin is up; of the other states a part, always the same ones."""

    def test_the_origins_rule_holds_on_every_node_while_it_is_up(self):
        self.run_matrix()

    def test_all_is_closed_but_for_live_grants_and_public_content_while_it_is_down(self):
        self.origin_state, self.share = "down", 9
        self.run_matrix()

    def test_the_origins_rule_holds_while_it_is_slow(self):
        self.origin_state, self.share = "slow", 9
        self.run_matrix()


class MatrixOfModeNode(MatrixCase):
    """Whoever reaches the port has what the node has, and else what the origin says."""

    access = "node"
    share = 9

    def test_who_reaches_the_port_has_what_the_node_holds_while_the_origin_is_up(self):
        self.run_matrix()

    def test_who_reaches_the_port_has_what_the_node_holds_while_the_origin_is_down(self):
        self.origin_state = "down"
        self.run_matrix()

    def test_who_reaches_the_port_has_what_the_node_holds_while_the_origin_is_slow(self):
        self.origin_state, self.share = "slow", 27
        self.run_matrix()


class WholeMatrix(MatrixCase):
    """Every cell of every state."""

    nightly = "clients"
    limit_seconds = 600

    def test_every_cell_while_the_origin_is_down(self):
        self.origin_state = "down"
        self.run_matrix()

    def test_every_cell_while_the_origin_is_slow(self):
        self.origin_state = "slow"
        self.run_matrix()


class WholeMatrixOfModeNode(WholeMatrix):
    access = "node"

    def test_every_cell_while_the_origin_is_up(self):
        self.run_matrix()


class Revoking(MatrixCase):
    """The origin takes a right away, and the grants that followed from it have ended."""

    grant = anonymous_grant = "2s"
    origin_state = "revoking"
    _GRANT_SECONDS = 2

    def enter_state(self):
        reader = self.caller("right, Basic")
        for node in NODES:  # a grant on each, just before
            for kind in kinds_of(self.held):
                self.judge(self.cell(reader, kind, node))
        self.good.revoke("reader")
        time.sleep(self._GRANT_SECONDS + 0.5)


class WholeMatrixWhileRevoking(Revoking):
    """Every cell of it."""

    nightly = "clients"
    limit_seconds = 600

    def test_every_cell_once_the_grants_of_a_revoked_right_have_ended(self):
        self.run_matrix()


class WholeMatrixOfModeNodeWhileRevoking(WholeMatrixWhileRevoking):
    access = "node"


class Revoked(Revoking):
    """A right that the origin takes away ends with its grant, on every node and for every kind of content."""

    share = 3

    def test_a_revoked_credential_has_nothing_any_more_once_its_grant_has_ended(self):
        self.run_matrix()

    def test_a_caller_who_is_let_in_again_waits_no_longer_than_a_refusal_is_remembered(self):
        self.make_callers()
        content = Content("again").put_into(self.good.repository(PRIVATE))
        self.start_cluster("first")
        late = Client("let in late", basic("newcomer", "soon"))
        for kind in kinds_of(content):
            self.judge(self.cell(late, kind, "first", state="new"))
        self.good.users["newcomer"] = "soon"
        self.good.repository(PRIVATE).readers.add("newcomer")
        blob = self.cell(late, kinds_of(content)[8], "first")
        wait_until(lambda: blob.ask(self.nodes["first"].registry).status == 200, 3, "the newcomer is let in")
        for kind in kinds_of(content):
            self.judge(self.cell(late, kind, "first"))
        self.assert_no_faults()

    def test_one_credentials_failures_are_no_other_ones(self):
        self.make_callers()
        content = Content("others").put_into(self.good.repository(PRIVATE))
        self.start_cluster("first")
        before = len(self.good.asked)
        for kind in kinds_of(content) * 4:
            self.judge(self.cell(self.caller("wrong, Basic"), kind, "first"))
            self.judge(self.cell(self.caller("right, Basic"), kind, "first"))
        shown = [each for each in self.good.asked[before:] if each.authorization == self.caller("wrong, Basic").authorization]
        self.assertLess(len(shown), 4 * len(kinds_of(content)))
        self.assert_no_faults()


class Grace(AccessCase):
    """`offline_grace`: the last positive grant of the same caller, while the origin is down."""

    grant = anonymous_grant = "1s"
    upstream_keys = {"offline_grace": "1m"}

    def setUp(self):
        super().setUp()
        self.make_callers()
        self.content = Content("graced").put_into(self.good.repository(PRIVATE))
        self.by_digest = [kind for kind in kinds_of(self.content) if kind.by_digest]
        self.right = self.caller("right, Basic")

    def pull_and_go_down(self, name="first"):
        self.start_node(name).wait_ready()
        for kind in kinds_of(self.content):
            self.judge(self.cell(self.right, kind, name))
        self.good.down()
        time.sleep(1.5)

    def test_a_caller_of_before_goes_on_while_the_origin_is_down_and_no_other_does(self):
        self.pull_and_go_down()
        for kind in self.by_digest:
            self.judge(self.cell(self.right, kind, "first", origin="down"))
            for client in self.callers:
                cell = self.cell(client, kind, "first", origin="down")
                if client is not self.right and (gives := cell.gives(cell.ask(self.nodes["first"].registry))):
                    self.faults.append(f"{cell}: {gives}")
        self.assert_no_faults()

    def test_without_it_a_grant_that_has_ended_is_closed_and_says_why(self):
        self.upstream_keys = {}
        self.pull_and_go_down()
        for kind in self.by_digest:
            seen = self.cell(self.right, kind, "first", origin="down").ask(self.nodes["first"].registry)
            self.assertEqual(seen.status, 503, kind.name)
            if kind.method == "GET":
                self.assertIn(b"the registry good.lab cannot say now", seen.body, kind.name)

    def test_a_revoked_caller_has_no_grace_once_the_origin_answers_again(self):
        self.pull_and_go_down()
        self.good.revoke("reader")
        self.good.up()
        time.sleep(1)
        wait_until(lambda: self.cell(self.right, self.by_digest[0], "first").ask(self.nodes["first"].registry).status == 401, 20,
                   "the origin is asked again")
        for kind in self.by_digest:
            self.judge(self.cell(self.right, kind, "first"))
        self.assert_no_faults()


class Ends(AccessCase):
    """What a grant lives no longer than."""

    def test_a_grant_ends_with_its_token(self):
        self.make_callers()
        content = Content("short").put_into(self.good.repository(PRIVATE))
        self.start_cluster("first", "second")
        short = Client("short", "Bearer " + self.good.token("reader", PRIVATE, seconds=4))
        began = time.monotonic()
        for node in ("first", "second"):
            for kind in kinds_of(content):
                self.judge(self.cell(short, kind, node))
        time.sleep(max(0, began + 4.5 - time.monotonic()))
        for node in ("first", "second"):
            for kind in kinds_of(content):
                self.judge(self.cell(short, kind, node))
        self.assert_no_faults()

    def test_a_repository_that_is_made_private_is_closed_to_callers_without_a_credential(self):
        self.grant = self.anonymous_grant = "2s"
        self.make_callers()
        content = Content("was-public").put_into(self.good.repository(PUBLIC))
        self.start_node("first").wait_ready()
        for kind in kinds_of(content):
            self.judge(self.cell(self.caller("none"), kind, "first", repository=PUBLIC))
        self.good.repository(PUBLIC).public = False
        time.sleep(2.5)
        for kind in kinds_of(content):
            self.judge(self.cell(self.caller("none"), kind, "first", repository=PUBLIC))
        self.assert_no_faults()


class Ways(AccessCase):
    """Further ways to the same content."""

    def test_each_way_to_name_a_registry_leads_to_its_rights(self):
        self.make_callers()
        content = Content("named").put_into(self.good.repository(PRIVATE))
        self.start_cluster("first")
        for named in ("ns", "path", "header"):
            for client in (self.caller("right, Basic"), *self.callers):
                for kind in kinds_of(content):
                    cell = self.cell(client, kind, "first")
                    self.judge(cell, cell.ask(self.nodes["first"].registry, named=named))
        self.assert_no_faults()

    def test_a_node_without_room_lets_in_nobody_else(self):
        """Its layers pass through memory."""
        self.capacity = "64KiB"
        self.make_callers()
        content = Content("roomless").put_into(self.good.repository(PRIVATE))
        self.start_cluster("first", "second")
        for _ in range(2):
            for node in ("first", "second"):
                self.judge_all([self.cell(client, kind, node, state="new") for client in self.callers for kind in kinds_of(content)])
        self.assert_no_faults()


class Cost(AccessCase):
    """What the origin is asked does not grow with the nodes where one answer is good for all."""

    configured = False  # a reader's credential in Shoal's own files

    def upstreams(self, url=None):
        tables = super().upstreams(url)
        if self.configured:
            tables[GOOD] |= {"username_file": self.workspace.file("user", "reader\n"),
                             "password_file": self.workspace.file("password", "open sesame\n")}
        return tables

    def origins_status(self, cell):
        return 200 if self.configured and not cell.client.authorization else super().origins_status(cell)

    def asked_while(self, client, repository, nodes, content):
        before = len(self.good.asked)
        for node in nodes:
            for kind in kinds_of(content):
                if kind.name in ("manifest by digest", "config", "small layer", "large layer", "HEAD of a layer"):
                    self.judge(self.cell(client, kind, node, repository=repository))
        return [(each.method, each.path.rpartition("/")[2][:20]) for each in self.good.asked[before:]]

    def test_a_public_image_costs_the_origin_no_more_on_further_nodes(self):
        self.make_callers()
        content = Content("shared").put_into(self.good.repository(PUBLIC))
        self.start_cluster("first", "second", "third")
        first = self.asked_while(self.caller("none"), PUBLIC, ["first"], content)
        self.assertNotEqual(first, [])
        self.assertEqual(self.asked_while(self.caller("none"), PUBLIC, ["second", "third", "first"], content), [])
        self.assert_no_faults()

    def test_a_private_image_with_a_configured_credential_costs_the_origin_no_more_on_further_nodes(self):
        self.configured = True
        self.make_callers()
        content = Content("configured").put_into(self.good.repository(PRIVATE))
        self.start_cluster("first", "second", "third")
        self.assertNotEqual(self.asked_while(self.caller("none"), PRIVATE, ["first"], content), [])
        self.assertEqual(self.asked_while(self.caller("none"), PRIVATE, ["second", "third", "first"], content), [])
        for kind in kinds_of(content):
            for client in self.callers:
                self.judge(self.cell(client, kind, "second"))
        self.assert_no_faults()

    def test_a_private_image_costs_the_origin_one_request_without_a_body_on_each_further_node(self):
        self.make_callers()
        content = Content("private").put_into(self.good.repository(PRIVATE))
        self.start_cluster("first", "second", "third")
        right = self.caller("right, Basic")
        self.asked_while(right, PRIVATE, ["first"], content)
        further = self.asked_while(right, PRIVATE, ["second", "third"], content)
        self.assertEqual([method for method, _ in further], ["HEAD", "HEAD"], further)
        self.assertEqual(self.asked_while(right, PRIVATE, ["first", "second", "third"], content), [])
        self.assert_no_faults()
