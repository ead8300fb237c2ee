"""A cluster before two registries with rights of their own: the callers, the warm nodes, the cells and how they are judged."""

import concurrent.futures
import time

from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent

from ..case import Case
from .cells import Cell, Client
from .content import Content, kinds_of
from .registry import AccessRegistry, basic

GOOD, OTHER = "good.lab", "other.lab"
PRIVATE, PUBLIC, NEIGHBOUR = "team/app", "open/app", "team/neighbour"
NODES = ("first", "second", "restarted", "lost")
AT_ONCE = 16
_SHORT_TOKEN_SECONDS = 4
_LONGEST_REFUSAL_SECONDS = 10
_MOST_SHOWN = 40


class AccessCase(Case):
    """`access` and the grants are the agents' configuration."""

    access = "origin"
    grant = None             # as long as it is unless configured
    anonymous_grant = None
    upstream_keys = {}
    capacity = "20GiB"       # of an agent's store

    def setUp(self):
        super().setUp()
        self.good, self.other = AccessRegistry(self.workspace), AccessRegistry(self.workspace)
        self.nodes = {}
        self.faults = []
        self.judged = 0

    def upstreams(self, url=None):
        return {GOOD: {"url": self.good.url}, OTHER: {"url": self.other.url}}

    def start_node(self, name, tracker=None):
        keys = {"access": self.access, **self.upstream_keys} if self.access != "origin" else dict(self.upstream_keys)
        upstreams = {upstream: {**table, **keys} for upstream, table in self.upstreams().items()}
        grants = {"grant": self.grant, "anonymous_grant": self.anonymous_grant}
        settings = {"registry": {key: value for key, value in grants.items() if value}}
        agent = Agent(self.workspace, self.programs, self.place(name), upstreams, [tracker] if tracker else [],
                      self.capacity, settings)
        agent.start(wait=False)
        self.nodes[name] = agent
        return agent

    def start_cluster(self, *names):
        self.running_tracker = self.tracker()
        for name in names:
            self.start_node(name, self.running_tracker)
        for agent in self.nodes.values():
            agent.wait_ready()

    # Callers

    def make_callers(self):
        """Each of the matrix's clients by name; all rights of the private repository are its readers'."""
        good, other = self.good, self.other
        good.users |= {"reader": "open sesame", "leaver": "changed since", "neighbour": "next door"}
        other.users |= {"stranger": "far away"}
        good.repository(PRIVATE).readers |= {"reader", "leaver"}
        good.repository(NEIGHBOUR).readers.add("neighbour")
        good.repository(PUBLIC).public = True
        other.repository(PRIVATE).readers.add("stranger")
        reader = good.token("reader", PRIVATE, PUBLIC)
        opaque = good.token("reader", PRIVATE, PUBLIC, jwt=False)
        self.callers = [
            Client("none"), Client("wrong, Basic", basic("reader", "guessed")), Client("wrong, Bearer", "Bearer guessed"),
            Client("expired, Basic", basic("leaver", "of yesterday")),
            Client("expired, Bearer opaque", "Bearer " + good.token("reader", PRIVATE, seconds=0, jwt=False)),
            Client("expired, Bearer JWT", "Bearer " + good.token("reader", PRIVATE, seconds=-60)),
            Client("another repository's, Basic", basic("neighbour", "next door")),
            Client("another repository's, Bearer", "Bearer " + good.token("neighbour", NEIGHBOUR)),
            Client("another registry's, Basic", basic("stranger", "far away")),
            Client("another registry's, Bearer", "Bearer " + other.token("stranger", PRIVATE)),
            Client("right, Basic", basic("reader", "open sesame"), True), Client("right, Bearer JWT", "Bearer " + reader, True),
            Client("right, Bearer opaque", "Bearer " + opaque, True)]
        return self.callers

    def caller(self, name):
        return next(each for each in self.callers if each.name == name)

    # Cells

    def cell(self, client, kind, node, **more):
        fields = {"upstream": GOOD, "repository": PRIVATE, "state": "held", "mode": self.access, "origin": "up", **more}
        return Cell(client=client, kind=kind, node=node, **fields)

    def origins_status(self, cell):
        """What the origin would answer now."""
        registry = self.good if cell.upstream == GOOD else self.other
        return registry.answer(cell.kind.method, f"/v2/{cell.repository}/{cell.kind.path}", cell.client.headers)[0]

    def judge(self, cell, seen=None):
        """Asks unless an answer is given, and keeps what is wrong with it."""
        registry = self.good if cell.upstream == GOOD else self.other
        expected = cell.expected(self.origins_status(cell), registry.repository(cell.repository).public)
        seen = seen or cell.ask(self.nodes[cell.node].registry)
        self.judged += 1
        if fault := cell.fault(expected, seen):
            self.faults.append(f"{cell}\n    expected: {expected}; seen: {seen}; {fault}")

    def judge_all(self, cells):
        """At once; those that are let in come last, so that they make nothing held for the others."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for entitled in (False, True):
                list(pool.map(self.judge, [cell for cell in cells if (self.origins_status(cell) < 400) == entitled]))

    def assert_no_faults(self):
        self.assertGreater(self.judged, 0)
        if self.faults:
            shown = "\n".join(self.faults[:_MOST_SHOWN])
            self.fail(f"{len(self.faults)} of {self.judged} cells are wrong:\n{shown}")


class MatrixCase(AccessCase):
    """All cells of one mode and one state of the origin, in one cluster."""

    origin_state = "up"
    share = 1     # one of so many cells is asked

    def run_matrix(self):
        self.make_callers()
        self.held = Content("held").put_into(self.good.repository(PRIVATE)).put_into(self.good.repository(NEIGHBOUR))
        self.held.put_into(self.other.repository(PRIVATE))
        self.public = Content("public").put_into(self.good.repository(PUBLIC))
        self.start_cluster(*NODES)
        self._warm()
        self.enter_state()
        there = [node for node in NODES if node != "lost"]
        self.judge_all(self._cells(there))
        if self.origin_state != "down":
            self._judge_arriving(there)
        self.running_tracker.process.kill()
        self.judge_all(self._cells(["lost"]))
        self.assert_no_faults()

    def enter_state(self):
        if self.origin_state == "down":
            self.good.down()
        elif self.origin_state == "slow":
            self.good.delay = 0.2

    def _warm(self):
        """Who may pulls what it may on all nodes but the second. A token that ends soon pulls with them, and ends."""
        short = Client("expired, Bearer JWT after a grant",
                       "Bearer " + self.good.token("reader", PRIVATE, seconds=_SHORT_TOKEN_SECONDS))
        began = time.monotonic()
        rights = [client for client in self.callers if client.right]
        asks = [(client, GOOD, PRIVATE, self.held) for client in (short, *rights)]
        asks += [(client, GOOD, NEIGHBOUR, self.held) for client in self.callers if client.name.startswith("another repo")]
        asks += [(client, OTHER, PRIVATE, self.held) for client in self.callers if client.name.startswith("another regi")]
        asks.append((self.caller("none"), GOOD, PUBLIC, self.public))
        cells = [Cell(client, upstream, repository, "held", kind, node, self.access, "up")
                 for node in ("first", "restarted", "lost") for client, upstream, repository, content in asks
                 for kind in kinds_of(content)]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            late = list(pool.map(lambda cell: (cell, cell.ask(self.nodes[cell.node].registry)), cells))
        for cell, seen in late:
            if cell.client is not short:
                self.judge(cell, seen)
        for agent in self.nodes.values():
            self.wait_until_idle(agent)
        restarted = self.nodes["restarted"]
        self.assertEqual(restarted.process.end(), 0)
        restarted.start()
        wait_until(lambda: time.monotonic() - began > _SHORT_TOKEN_SECONDS + 0.5, 30, "the short token has ended")
        self.callers.append(short)

    def _cells(self, nodes):
        cells = []
        for node in nodes:
            for client in self.callers:
                cells += [self.cell(client, kind, node, origin=self.origin_state) for kind in kinds_of(self.held)]
                cells += [self.cell(client, kind, node, state="new", origin=self.origin_state)
                          for kind in kinds_of(self._new(client, node))]
            for client in map(self.caller, ("none", "wrong, Basic", "right, Bearer JWT")):
                cells += [self.cell(client, kind, node, repository=PUBLIC, origin=self.origin_state)
                          for kind in kinds_of(self.public)]
        return [cell for cell in cells if cell.is_chosen(self.share)]

    def _new(self, client, node):
        """Nobody has asked for it: one for all who are not let in, one of its own for each who is."""
        tag = f"new-{node}-" + ("".join(filter(str.isalnum, client.name)) if client.right else "refused")
        return Content(tag).put_into(self.good.repository(PRIVATE))

    def _judge_arriving(self, nodes):
        """A reader has asked on the first node, and the origin keeps the rest back until all who are refused have been."""
        reader = self.caller("right, Basic")
        if self.good.status(reader.authorization, PRIVATE) != 200:
            return
        content = Content("arriving").put_into(self.good.repository(PRIVATE))
        ways = [kind for kind in kinds_of(content) if kind.by_digest and kind.name not in ("config", "child of an index")]
        held = ("small layer", "large layer", "manifest by digest", "referrer")
        for kind in ways:
            if kind.name in held:
                self.good.hold(kind.path.rpartition("/")[2])
        cells = [self.cell(client, kind, node, state="arriving", origin=self.origin_state)
                 for node in nodes for client in self.callers for kind in ways]
        cells = [cell for cell in cells if cell.is_chosen(self.share) or cell.client is reader]
        refused = [cell for cell in cells if self.access == "origin" and
                   self.good.status(cell.client.authorization, PRIVATE) != 200]
        let_in = [cell for cell in cells if cell not in refused]
        with concurrent.futures.ThreadPoolExecutor(len(let_in) + AT_ONCE) as pool:
            begun = [pool.submit(self.judge, self.cell(reader, kind, "first", state="arriving", origin=self.origin_state))
                     for kind in ways if kind.name in held]
            wait_until(lambda: all(self._is_asked(kind) for kind in ways if kind.name in held), 20, "it is on its way")
            begun += [pool.submit(self.judge, cell) for cell in let_in]
            answered = [pool.submit(self.judge, cell) for cell in refused]
            waiting = concurrent.futures.wait(answered, _LONGEST_REFUSAL_SECONDS).not_done
            self.good.release_all()
            if waiting:
                self.faults.append(f"{len(waiting)} refusals waited for a layer on its way")
            for each in (*begun, *answered):
                each.result()

    def _is_asked(self, kind):
        return self.good.gets(kind.path.rpartition("/")[2]) > 0
