"""Private images by real clients that alone have the credential: `ctr -u`, CRI with its auth, podman with an auth file."""

import base64
import json
import os
import unittest.mock

from simulations.cluster.containerd import Containerd, why_not_containerd
from simulations.cluster.cri import ImageService, why_not_cri
from simulations.cluster.podman import Containers, Podman, why_not_podman

from .dialects.amazon import Ecr
from .dialects.dialect_case import DialectCase
from .dialects.gitlab import GitLab
from .dialects.harbor import Harbor

_SHOAL = "shoal"


class _Clients(DialectCase):
    """One client and one agent a node; the registry is asked by Shoal alone, its token service by everybody."""

    @staticmethod
    def why_not():
        """The reason for which the client cannot run here, or None."""

    def setUp(self):
        super().setUp()
        if self.why_not():
            self.skipTest(self.why_not())
        self.enterContext(unittest.mock.patch.dict(os.environ, self.internet.environment))  # what Go's programs trust

    def check_two_nodes(self):
        data = self.put(self.registry.private, "v1")
        self.image_id = next(digest for digest, body in data.items() if b'"rootfs"' in body)
        tracker, agents = self.cluster(2)
        for agent in agents:
            self.assert_client_pulls(agent, f"{self.registry.name}/{self.registry.private}:v1")
        strangers = [f"{seen.client} {seen.method} {seen.target}" for seen in self.internet.seen
                     if seen.host == self.registry.name and not seen.client.startswith(_SHOAL)
                     and seen.kind in ("manifest by tag", "manifest by digest", "blob")]
        self.assertEqual(strangers, [])
        self.assert_one_copy({digest: body for digest, body in data.items()})
        self.assert_secrets_are_kept(tracker, *agents)

    def assert_client_pulls(self, agent, image):
        raise NotImplementedError


class _Ctr(_Clients):
    why_not = staticmethod(why_not_containerd)

    def assert_client_pulls(self, agent, image):
        containerd = Containerd(self.workspace, self.place("runtime"), f"containerd-{agent.name}")
        hosts = containerd.hosts_directory("_default", None, agent.registry.url)
        pull = containerd.start_pull(image, hosts, ":".join(self.credential()))
        self.assertEqual(pull.wait(40), 0, pull.log_tail())


class _Cri(_Clients):
    @staticmethod
    def why_not():
        return why_not_containerd() or why_not_cri()

    def assert_client_pulls(self, agent, image):
        containerd = Containerd(self.workspace, self.place("runtime"), f"containerd-{agent.name}", cri=True)
        containerd.hosts_directory("_default", None, agent.registry.url)
        self.assertEqual(ImageService(containerd.socket).pull(image, 40, self.credential()), self.image_id)


class _Podman(_Clients):
    """Its credential for a mirror is the one of the mirror's name, not of the image's (containers/image#2949), and how to
    show it is what /v2/ says, which names no registry: so the agent's default is the one."""

    why_not = staticmethod(why_not_podman)

    def cluster(self, agents, url=None):
        tracker = self.tracker(url)
        return tracker, self.agents(agents, [tracker], url, {"registry": {"default_upstream": self.registry.name}})

    def assert_client_pulls(self, agent, image):
        containers = Containers(self.workspace, f"containers-{agent.name}")
        containers.mirrors(self.registry.name, self.registry.name, f"{agent.registry.authority}/{self.registry.name}")
        auth = {"auth": base64.b64encode(":".join(self.credential()).encode()).decode()}
        names = (self.registry.name, agent.registry.authority)
        file = self.workspace.file(f"auth-{agent.name}.json", json.dumps({"auths": {name: auth for name in names}}))
        podman = Podman(self.workspace, containers, f"podman-{agent.name}", self.place("runtime"))
        pull = podman.start_pull(image, "--authfile", file)
        self.assertEqual(pull.wait(40), 0, pull.log_tail())
        self.assertEqual("sha256:" + pull.log().split()[-1], self.image_id)


class CtrAtGitLab(_Ctr):
    stand_in = GitLab

    def test_ctr_with_a_user_pulls_a_private_image_of_gitlab_on_two_nodes_for_one_copy(self):
        self.check_two_nodes()


class CtrAtEcr(_Ctr):
    stand_in = Ecr

    def test_ctr_with_a_user_pulls_a_private_image_of_ecr_on_two_nodes_for_one_copy(self):
        self.check_two_nodes()


class CtrAtHarbor(_Ctr):
    stand_in = Harbor

    def test_ctr_with_a_robot_pulls_a_private_image_of_harbor_on_two_nodes_for_one_copy(self):
        self.check_two_nodes()


class CriAtGitLab(_Cri):
    stand_in = GitLab

    def test_cri_with_auth_pulls_a_private_image_of_gitlab_on_two_nodes_for_one_copy(self):
        self.check_two_nodes()


class CriAtEcr(_Cri):
    stand_in = Ecr

    def test_cri_with_auth_pulls_a_private_image_of_ecr_on_two_nodes_for_one_copy(self):
        self.check_two_nodes()


class PodmanAtGitLab(_Podman):
    stand_in = GitLab

    def test_podman_with_an_auth_file_pulls_a_private_image_of_gitlab_on_two_nodes_for_one_copy(self):
        self.check_two_nodes()


class PodmanAtEcr(_Podman):
    stand_in = Ecr

    def test_podman_with_an_auth_file_pulls_a_private_image_of_ecr_on_two_nodes_for_one_copy(self):
        self.check_two_nodes()
