"""The OCI distribution specification's own conformance suite, its pull and discovery parts, against the origin and an agent.

Not in Debian 12. `go install github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111`, and
SHOAL_CONFORMANCE names the program.
"""

import collections
import os
import re
import shutil
import subprocess

from .case import NAME, Case
from .library import REPOSITORY

_LINE = re.compile(r"^ +OCI Conformance Test/(\S+): (Pass|FAIL|Error)$", re.MULTILINE)
_READ_ONLY = {"OCI_TLS": "disabled", "OCI_REPO1": REPOSITORY, "OCI_API_PUSH": "false", "OCI_API_BLOBS_DELETE": "false",
              "OCI_API_MANIFESTS_DELETE": "false", "OCI_API_TAGS_DELETE": "false"}


def suite():
    return os.environ.get("SHOAL_CONFORMANCE") or shutil.which("conformance")


class Conformance(Case):
    """docker-registry fails some by itself; with an agent between, nothing may fail that it passes."""

    def setUp(self):
        super().setUp()
        if not suite():
            self.skipTest("no conformance suite here: SHOAL_CONFORMANCE names its program")
        image = self.library.small()
        self.library.index()
        self.library.referrer()
        self.content = {"OCI_RO_DATA_TAGS": "small index", "OCI_RO_DATA_MANIFESTS": image.digest,
                        "OCI_RO_DATA_BLOBS": " ".join(image.blobs), "OCI_RO_DATA_REFERRERS": image.digest}

    def results(self, endpoint):
        """How often each of its tests ended how, by (test, outcome). It writes them before its report, at which it may fail."""
        environment = {**os.environ, **_READ_ONLY, **self.content, "OCI_REGISTRY": endpoint.authority,
                       "OCI_RESULTS_DIR": self.workspace.directory("results")}
        run = subprocess.run([suite()], env=environment, cwd=self.workspace.path, capture_output=True, text=True, timeout=60)
        found = collections.Counter(_LINE.findall(run.stdout))
        self.assertGreater(sum(found.values()), 20, run.stdout + run.stderr)
        return found

    def assert_none_is_worse(self, trackers):
        agent = self.agents(1, trackers, settings={"registry": {"default_upstream": NAME}})[0]
        own = self.results(self.origin.endpoint)
        through = self.results(agent.registry)
        worse = {test: count for (test, outcome), count in through.items()
                 if outcome != "Pass" and count > own[test, "FAIL"] + own[test, "Error"]}
        self.assertEqual(worse, {})
        self.assertGreaterEqual(sum(count for (_, outcome), count in through.items() if outcome == "Pass"),
                                sum(count for (_, outcome), count in own.items() if outcome == "Pass"))

    def test_the_conformance_suite_finds_nothing_with_a_tracker_that_the_origin_does_not_have(self):
        self.assert_none_is_worse([self.tracker()])

    def test_the_conformance_suite_finds_nothing_without_a_tracker_that_the_origin_does_not_have(self):
        self.assert_none_is_worse([])
