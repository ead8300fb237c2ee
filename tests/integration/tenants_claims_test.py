"""Tenants again: what a registry claims without having it, manifests of two kinds, and other registries in a cluster."""

from simulations.cluster.images import digest_of

from . import tenants_test
from .access.access_case import OTHER, PRIVATE
from .access.cells import Cell, Client
from .access.content import Kind, manifest_of
from .tenants_test import FORGED, LONGEST_SECONDS, TYPES, TenantsCase, named_kinds

# Honest registries take them: https://github.com/advisories/GHSA-mc8v-mgrf-8f4m tells of manifests of two kinds.
AMBIGUOUS = ("a field of artifacts", "layers of an index", "children of an image")


class ClaimedByAnother(TenantsCase):
    """other.lab says that it has what it never had: its HEAD is as good as any. Only its bytes can prove that."""

    NODES = ("first",)

    def claim(self, content, absent, of_size):
        repository = self.other.repository(FORGED)
        repository.absent = absent
        for kind in named_kinds(content):
            repository.claims[kind.path.rpartition("/")[2]] = bytes(of_size(kind.wanted))

    def assert_nothing_leaks(self, tag, absent, of_size=len):
        content = self.forge(self.private(tag))
        self.claim(content, absent, of_size)
        self.other.repository(FORGED).public = True
        self.start(*self.NODES)
        self.pull(content, "first")
        self.wait_until_idle(self.nodes["first"], self.running_tracker if self.has_tracker else None)
        for _ in range(2):
            for node in self.NODES:
                for client in (self.mallory, Client("anybody")):
                    self.assert_claims_leak_nothing(content, client, node)
        for node in self.NODES:
            self.pull(content, node)
        self.assert_no_faults()

    def assert_claims_leak_nothing(self, content, client, node):
        for kind in (*self.forged_kinds(content), *named_kinds(content)):
            cell = Cell(client, OTHER, FORGED, "held", kind, node, "origin", "up")
            seen = cell.ask(self.nodes[node].registry, LONGEST_SECONDS)
            if not kind.name.startswith("forge") and cell.leaks(seen):
                self.faults.append(f"{cell}: the owner's bytes; seen: {seen}")

    def test_a_registry_that_claims_to_have_a_layer_and_sends_none_is_given_none(self):
        self.assert_nothing_leaks("claimed", absent=True)

    def test_a_registry_that_sends_other_bytes_is_given_none(self):
        self.assert_nothing_leaks("faked", absent=False)

    def test_a_registry_that_claims_another_size_is_given_none_and_changes_none(self):
        self.assert_nothing_leaks("resized", absent=True, of_size=lambda wanted: len(wanted) + 1)


class ClaimedByAnotherInACluster(ClaimedByAnother):
    NODES = ("first", "second")
    has_tracker = True


class TwoKinds(TenantsCase):
    """A manifest that is of two kinds, and a blob that reads like a manifest."""

    def test_a_neighbour_at_the_same_registry_names_in_vain_what_a_manifest_of_two_kinds_names(self):
        """A registry looks for what the manifest's type has, and for no other field."""
        self.assert_neighbour_names_in_vain("two-kinds", AMBIGUOUS)

    def test_a_blob_that_reads_like_a_manifest_is_none(self):
        content = self.private("in-a-blob")
        text = manifest_of(content.config, [content.small], annotations={"kept": "as a blob"})
        self.good.repository(PRIVATE).blobs[digest_of(text)] = text
        self.start("first")
        for _ in range(2):
            self.judge(self.cell(self.reader, Kind("it as a blob", "GET", f"blobs/{digest_of(text)}", text, {}), "first"))
            for method in ("GET", "HEAD"):
                kind = Kind("it as a manifest", method, f"manifests/{digest_of(text)}", text, TYPES)
                self.judge(self.cell(self.reader, kind, "first"))
        self.assert_no_faults()


class HalfSentInACluster(tenants_test.HalfSent):
    has_tracker = True


class OnItsWayInACluster(tenants_test.OnItsWay):
    NODES = ("first", "second")
    has_tracker = True
