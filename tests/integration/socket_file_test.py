"""The Unix socket beside the registry port: its file, what it serves, and what keeps it from being made."""

import os
import signal
import socket
import stat
import subprocess

from simulations.cluster.images import MANIFEST, digest_of
from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent

from .case import Case
from .library import REPOSITORY


class SocketFile(Case):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.workspace.directory("run"), "registry.sock")

    def made(self):
        """An agent with the socket, not started."""
        settings = {"registry": {"socket": self.path}}
        return Agent(self.workspace, self.programs, self.place("agent"), self.upstreams(), settings=settings)

    def curl(self, path, *more):
        """(status, body) over the socket."""
        command = ["curl", "-sS", "--max-time", "30", "--unix-socket", self.path, "-w", "%{stderr}%{http_code}", *more,
                   f"http://localhost{path}"]
        done = subprocess.run(command, capture_output=True, timeout=40, check=False)
        return int(done.stderr or 0), done.stdout

    def start_fails(self, agent):
        done = subprocess.run(agent.command, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_layers_and_manifests_come_over_it_as_over_tcp(self):
        image = self.library.medium()
        agent = self.made().start()
        for digest, size in image.blobs.items():
            status, body = self.curl(self.blob_path(digest))
            self.assertEqual((status, len(body), digest_of(body)), (200, size, digest))
            self.assertEqual(agent.registry.get(self.blob_path(digest)).body, body)
        tag = f"/v2/{REPOSITORY}/manifests/medium?ns={self.origin.authority}"
        self.assertEqual(self.curl(tag, "-H", f"Accept: {MANIFEST}"), (200, image.manifest))
        self.assertEqual(self.curl("/v2/", "-H", "Host: any.name.at.all")[0], 200)
        self.assertEqual(self.curl("/v2/", "-X", "DELETE")[0], 405)
        self.assertEqual(agent.registry.request("GET", "/v2/", headers={"Host": "any.name.at.all"}).status, 403)

    def test_its_file_has_mode_0660_and_goes_with_the_agent(self):
        agent = self.made().start()
        found = os.stat(self.path)
        self.assertTrue(stat.S_ISSOCK(found.st_mode))
        self.assertEqual((stat.S_IMODE(found.st_mode), found.st_gid), (0o660, os.getgid()))
        agent.process.end()
        self.assertEqual(os.listdir(os.path.dirname(self.path)), [])

    def test_the_file_of_a_killed_agent_is_replaced(self):
        agent = self.made().start()
        agent.process.kill()
        wait_until(lambda: not agent.process.running(), 10, "the agent has ended")
        self.assertTrue(os.path.exists(self.path))
        agent.start()
        self.assertEqual(self.curl("/v2/")[0], 200)

    def test_a_socket_that_another_process_listens_on_is_left_alone(self):
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.path)
            other.listen()
            self.assertIn(f"cannot listen on {self.path}: another process listens there; stop it", self.start_fails(self.made()))
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(self.path)

    def test_what_keeps_it_from_being_made_is_told(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("kept")
        self.assertIn("remove it, or name another path", self.start_fails(self.made()))
        self.assertEqual(os.path.getsize(self.path), 4)
        os.remove(self.path)
        os.rmdir(os.path.dirname(self.path))
        self.assertIn("RuntimeDirectory=shoal", self.start_fails(self.made()))

    def test_an_answer_under_way_is_finished_at_sigterm(self):
        image = self.library.medium()
        agent = self.made().start()
        layer = max(image.blobs, key=image.blobs.get)
        self.curl(self.blob_path(layer))
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(self.path)
            client.sendall(f"GET {self.blob_path(layer)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            received = client.recv(1000)
            agent.process.send(signal.SIGTERM)
            wait_until(lambda: not os.path.exists(self.path), 10, "the socket has gone")
            while more := client.recv(1 << 20):
                received += more
        self.assertEqual(digest_of(received.partition(b"\r\n\r\n")[2]), layer)
