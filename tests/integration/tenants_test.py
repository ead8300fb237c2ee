"""Tenants of one cluster, each with a registry of its own: one's manifest, answer or silence is never another's.

good.lab has what is private. At other.lab somebody else writes manifests that name the same digests, and has every right there.
That registry never had the bytes, so that nothing goes out under its rights, wherever in the cluster they are.
"""

import concurrent.futures
import time

from simulations.cluster.images import INDEX, MANIFEST, digest_of
from simulations.cluster.processes import wait_until

from .access.access_case import GOOD, OTHER, PRIVATE, AccessCase
from .access.cells import Cell, Client
from .access.content import Content, Kind, described, index_of, kinds_of, manifest_of
from .access.registry import basic

FORGED = "forged/app"
UNSEEN = ("subject", "subject of another size", "foreign layers")  # forgeries that an honest registry takes
_FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar"
LONGEST_SECONDS = 15
TYPES = {"Accept": f"{MANIFEST}, {INDEX}"}


def forged(content):
    """By name: what somebody who knows the digests can push at a registry of his own, as (type, bytes)."""
    size = {"size": 5}
    layers = [described(each, "application/vnd.oci.image.layer.v1.tar") for each in (content.small, content.large)]
    own = b"{}"
    return {
        "layers": (MANIFEST, manifest_of(own, [content.small, content.large])),
        "foreign layers": (MANIFEST, manifest_of(own, [described(each, _FOREIGN, urls=["https://elsewhere.lab/it"])
                                                       for each in (content.small, content.large)])),
        "a field of artifacts": (MANIFEST, manifest_of(own, [], blobs=layers)),
        "layers of an index": (INDEX, manifest_of(content.config, [content.small, content.large], mediaType=INDEX, manifests=[])),
        "children of an image": (MANIFEST, manifest_of(own, [], manifests=[described(each, MANIFEST) for each in (
            content.image, content.child, content.signature)])),
        "config": (MANIFEST, manifest_of(content.config, [])),
        "layers of other sizes": (MANIFEST, manifest_of(own, [{**each, **size} for each in layers])),
        "manifests as layers": (MANIFEST, manifest_of(own, [content.image, content.child, content.index, content.signature])),
        "children": (INDEX, index_of(content.image, content.child, content.index, content.signature)),
        "subject": (MANIFEST, manifest_of(own, [], subject=described(content.image, MANIFEST))),
        "subject of another size": (MANIFEST, manifest_of(own, [], subject={**described(content.image, MANIFEST), **size})),
    }


class TenantsCase(AccessCase):
    has_tracker = False

    def setUp(self):
        super().setUp()
        self.good.users["reader"] = "open sesame"
        self.good.repository(PRIVATE).readers.add("reader")
        self.other.users["mallory"] = "his own"
        self.other.repository(FORGED).readers.add("mallory")
        self.reader = Client("reader", basic("reader", "open sesame"), True)
        self.mallory = Client("mallory", basic("mallory", "his own"))

    def start(self, *names):
        if self.has_tracker:
            self.start_cluster(*names)
        else:
            for name in names:
                self.start_node(name).wait_ready()

    def private(self, tag):
        return Content(tag).put_into(self.good.repository(PRIVATE))

    def forge(self, content):
        """All forgeries under tags of their own, and a list of referrers."""
        repository = self.other.repository(FORGED)
        repository.blobs[digest_of(b"{}")] = b"{}"
        for name, (media_type, body) in forged(content).items():
            tag = name.replace(" ", "-") + "-" + content.tag
            repository.manifests[tag] = repository.manifests[digest_of(body)] = (media_type, body)
        listed = [described(each, MANIFEST) for each in (content.signature, content.child, content.image)]
        repository.referrers[digest_of(content.index)] = listed
        return content

    def forged_kinds(self, content):
        """Asking for the forgeries themselves: this is let in."""
        kinds = [Kind(f"forgery: {name}", "GET", f"manifests/{reference}", body, TYPES)
                 for name, (_, body) in forged(content).items()
                 for reference in (name.replace(" ", "-") + "-" + content.tag, digest_of(body))]
        return [*kinds, Kind("forged list of referrers", "GET", f"referrers/{digest_of(content.index)}", None, {})]

    def mallorys(self, kind, node):
        return Cell(self.mallory, OTHER, FORGED, "held", kind, node, "origin", "up")

    def attack(self, content, node, held=True):
        """Reads the forgeries, then asks for all that they name. What is not held has the size that the forgeries say: nobody
        was asked, and nothing is told but their own words."""
        for kind in self.forged_kinds(content):
            self.judge(self.mallorys(kind, node))
        for kind in named_kinds(content):
            cell = self.mallorys(kind, node)
            seen = cell.ask(self.nodes[node].registry)
            if held or seen.body or seen.status in (200, 206) and kind.method == "GET":
                self.judge(cell, seen)

    def pull(self, content, node):
        for kind in kinds_of(content):
            self.judge(self.cell(self.reader, kind, node))

    def assert_neighbour_names_in_vain(self, tag, names):
        """A neighbour at the owner's registry pushes these forgeries, has them, and gets nothing for what they name."""
        content = self.private(tag)
        self.good.users["neighbour"] = "next door"
        neighbours = self.good.repository(FORGED)
        neighbours.readers.add("neighbour")
        forgeries = {name: forged(content)[name] for name in names}
        for name, typed in forgeries.items():
            neighbours.manifests[digest_of(typed[1])] = neighbours.manifests[name.replace(" ", "-")] = typed
        self.start("first")
        self.pull(content, "first")
        neighbour = Client("neighbour", basic("neighbour", "next door"))
        for name, (_, body) in forgeries.items():
            for reference in (digest_of(body), name.replace(" ", "-")):
                kind = Kind(f"forgery: {name}", "GET", f"manifests/{reference}", body, TYPES)
                self.judge(self.cell(neighbour, kind, "first", repository=FORGED))
            for kind in named_kinds(content):
                cell = self.cell(neighbour, kind, "first", repository=FORGED)
                if gives := cell.gives(cell.ask(self.nodes["first"].registry)):
                    self.faults.append(f"after {name}: {cell}: {gives}")
        self.pull(content, "first")
        self.assert_no_faults()


def named_kinds(content):
    """Every way to ask for a digest, and the manifests as blobs too."""
    as_blobs = [Kind(f"{name} as a blob", method, f"blobs/{digest_of(body)}", body, {})
                for name, body in (("manifest", content.image), ("index", content.index)) for method in ("GET", "HEAD")]
    return [*(kind for kind in kinds_of(content) if kind.by_digest), *as_blobs]


class NamedByAnother(TenantsCase):
    """A manifest at other.lab names what good.lab has."""

    def test_what_a_node_holds_of_one_registry_is_not_given_under_anothers_rights(self):
        content = self.forge(self.private("held"))
        self.start("first")
        self.pull(content, "first")
        self.attack(content, "first")
        self.pull(content, "first")
        self.assert_no_faults()

    def test_who_names_it_first_has_nothing_before_and_after_and_disturbs_nobody(self):
        content = self.forge(self.private("named-first"))
        self.start("first")
        self.attack(content, "first", held=False)
        self.pull(content, "first")
        self.attack(content, "first")
        self.assert_no_faults()

    def test_a_size_that_another_registry_names_is_not_the_layers(self):
        content = self.private("sized")
        self.start("first")
        sizes = forged(content)["layers of other sizes"]
        self.other.repository(FORGED).manifests["sizes"] = sizes
        tag = Kind("forged sizes", "GET", "manifests/sizes", sizes[1], TYPES)
        layers = [kind for kind in kinds_of(content) if "layer" in kind.name]
        for kind in sorted(layers, key=lambda kind: kind.method != "HEAD"):
            self.judge(self.mallorys(tag, "first"))
            self.judge(self.cell(self.reader, kind, "first"))
        self.assert_no_faults()

    def test_a_neighbour_at_the_same_registry_names_in_vain_what_no_registry_looks_for(self):
        """Registries refuse a manifest whose layers or children they do not have, but take any subject and foreign layers."""
        self.assert_neighbour_names_in_vain("next-door", UNSEEN)


class OnItsWay(TenantsCase):
    """other.lab's caller asks while the owner's pull is under way."""

    NODES = ("first",)

    def test_what_is_on_its_way_to_its_owner_is_not_given_under_anothers_rights(self):
        content = self.forge(self.private("on-its-way"))
        self.start(*self.NODES)
        ways = [kind for kind in kinds_of(content) if kind.name in ("small layer", "large layer")]
        for kind in ways:
            self.good.hold(kind.path.rpartition("/")[2])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            owners = [pool.submit(self.judge, self.cell(self.reader, kind, "first", state="arriving")) for kind in ways]
            wait_until(lambda: all(self.good.gets(kind.path.rpartition("/")[2]) for kind in ways), 10, "it is on its way")
            attacks = [pool.submit(self.attack, content, node, False) for node in self.NODES]
            late = concurrent.futures.wait(attacks, 12).not_done
            self.good.release_all()
            for each in (*owners, *attacks):
                each.result()
        self.assertEqual(late, set(), "the other tenant's answers waited for the owner's registry")
        self.assert_no_faults()


class NamedByAnotherInACluster(NamedByAnother):
    """The same with a tracker, and from a node that has nothing itself."""

    has_tracker = True

    def test_what_another_node_holds_is_not_given_under_anothers_rights(self):
        content = self.forge(self.private("elsewhere"))
        self.start("first", "second")
        self.pull(content, "first")
        self.wait_until_idle(self.nodes["first"], self.running_tracker)
        self.attack(content, "second", held=False)
        self.pull(content, "second")
        self.attack(content, "second")
        self.assert_no_faults()

    def test_two_nodes_asked_first_by_another_tenant_serve_the_owner(self):
        content = self.forge(self.private("both-nodes"))
        self.start("first", "second")
        for node in ("first", "second"):
            self.attack(content, node, held=False)
        for node in ("second", "first"):
            self.pull(content, node)
        for node in ("first", "second"):
            self.attack(content, node)
        self.assert_no_faults()


class TogetherCase(TenantsCase):
    """Both ask for one layer at a time."""

    _MOST_SECONDS = 4    # of the owner's answer, while the other registry needs 6

    def layer_kinds(self, content):
        return [kind for kind in kinds_of(content) if kind.name in ("small layer", "large layer")]

    def owner_is_served(self, tag, misbehave, retries=0, released_after=None):
        """While the other's request is under way, under a manifest that names the layers; returns the other's answers."""
        content = self.forge(self.private(tag))
        for kind in self.forged_kinds(content):
            self.judge(self.mallorys(kind, "first"))
        misbehave(content)
        kinds = self.layer_kinds(content)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            others = [pool.submit(self.mallorys(kind, "first").ask, self.nodes["first"].registry) for kind in kinds]
            time.sleep(0.5)  # they are under way
            began = time.monotonic()
            if released_after:
                pool.submit(lambda: (time.sleep(released_after), self.other.release_all()))
            owners = list(pool.map(lambda kind: self._owners(kind, retries), kinds))
            seconds = time.monotonic() - began
            self.other.delay = 0
            self.other.release_all()
            answers = [other.result() for other in others]
        for cell, seen in owners:
            self.judge(cell, seen)
        if seconds > self._MOST_SECONDS:
            self.faults.append(f"{tag}: the owner waited {seconds:.1f} s for the other's registry")
        return list(zip(kinds, answers))

    def _owners(self, kind, retries):
        cell = self.cell(self.reader, kind, "first", state="arriving")
        for left in range(retries, -1, -1):
            seen = cell.ask(self.nodes["first"].registry, LONGEST_SECONDS)
            if left == 0 or seen.body == kind.wanted:
                break
        return cell, seen

    def assert_others_got_nothing(self, answers):
        for kind, seen in answers:
            if gives := self.mallorys(kind, "first").gives(seen):
                self.faults.append(f"the other registry's caller, {kind.name}: {gives}; seen {seen}")
        self.assert_no_faults()


class AskedTogether(TogetherCase):
    """other.lab is slow, absent, wrong, or breaks off."""

    def test_a_slow_registry_without_the_layer_holds_up_no_other_tenant(self):
        self.start("first")

        def absent(_content):
            self.other.delay = 6

        self.assert_others_got_nothing(self.owner_is_served("slow-and-absent", absent))

    def test_a_registry_that_breaks_off_breaks_no_other_tenants_layer(self):
        self.start("first")

        def cut(content):
            for data in (content.small, content.large):
                self.other.repository(FORGED).blobs[digest_of(data)] = data
                self.other.cut_off.add(digest_of(data))

        self.owner_is_served("breaks-off", cut)
        self.assert_no_faults()

    def test_wrong_bytes_of_one_registry_are_no_answer_to_another_tenant(self):
        self.start("first")

        def lie(content):
            for data in (content.small, content.large):
                self.other.repository(FORGED).blobs[digest_of(data)] = bytes(len(data))
                self.other.hold(digest_of(data))

        self.owner_is_served("wrong-bytes", lie, retries=1, released_after=0.5)
        self.assert_no_faults()

    def test_a_registry_that_is_gone_is_no_answer_to_another_tenant(self):
        self.start("first")

        def gone(_content):
            self.other.down()

        self.assert_others_got_nothing(self.owner_is_served("gone", gone))

    def test_a_refused_callers_answer_is_his_alone(self):
        self.start("first")
        content = self.private("refused-first")
        self.good.delay = 0.7
        stranger = Client("stranger", basic("reader", "guessed"))
        kinds = self.layer_kinds(content)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            cells = [self.cell(client, kind, "first", state="new") for _ in range(2) for client in (stranger, self.reader)
                     for kind in kinds]
            list(pool.map(self.judge, cells))
        self.assert_no_faults()


class HalfSent(TogetherCase):
    """other.lab begins a layer and does not go on."""

    def test_a_registry_that_sends_half_and_no_more_holds_up_no_other_tenant(self):
        self.start("first")

        def hang(content):
            for data in (content.small, content.large):
                self.other.repository(FORGED).blobs[digest_of(data)] = data
                self.other.hold(digest_of(data))

        self.owner_is_served("half-and-no-more", hang)
        self.assert_no_faults()


class AskedTogetherInACluster(AskedTogether):
    has_tracker = True
