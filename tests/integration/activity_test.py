"""The activity log: who pulled what by whose right, one line a pull; refusals too; rotation; a full disk."""

import json
import os
import re
import signal
import subprocess

from simulations.cluster.images import MANIFEST
from simulations.cluster.processes import wait_until
from simulations.cluster.shoal import Agent

from .case import Case
from .library import REPOSITORY
from .private_origin import PASSWORD, PrivateOrigin, basic

_SEEN_AFTER = 20  # a pull is told 5 s after its last request
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class ActivityCase(Case):
    """Agents whose activity log is a file of JSON lines."""

    def setUp(self):
        super().setUp()
        self.image = self.library.small()
        self.directory = self.workspace.directory("activity")

    def agent(self, url=None, upstream=None, place=None, name="node"):
        """One without a tracker. `upstream`: further keys of the origin's table; `place`: of the log."""
        self.path = place or os.path.join(self.directory, "activity.log")
        upstreams = {key: {**table, **(upstream or {})} for key, table in self.upstreams(url).items()}
        return Agent(self.workspace, self.programs, self.place(name), upstreams,
                     settings={"log": {"activity": self.path, "format": "json"}}).start()

    def records(self, event=None, path=None):
        """Whole lines of the log; each must be an object."""
        with open(path or self.path, encoding="ascii") as file:
            found = [json.loads(line) for line in file if line.endswith("\n")]
        return [record for record in found if event in (None, record["event"])]

    def told(self, event, count=1):
        """The records of that event, once there are so many."""
        wait_until(lambda: len(self.records(event)) >= count, _SEEN_AFTER, f"{count} records of {event}: {self.records()}")
        records = self.records(event)
        self.assertEqual(len(records), count, records)
        return records

    def told_at_the_end(self, agent, event, count=1):
        """The same, without the wait for what is told later: an agent that ends tells all."""
        agent.process.end()
        return self.told(event, count)

    def get(self, agent, path, authorization=None, **headers):
        shown = {"Authorization": authorization} if authorization else {}
        return agent.registry.get(f"/v2/{REPOSITORY}/{path}?ns={self.origin.authority}", {**headers, **shown}, 60)

    def pull_all(self, agent, authorization=None, client="test/1.0"):
        """A manifest by its tag, and every blob, as one client: the bytes received."""
        headers = {"Accept": MANIFEST, "User-Agent": client}
        answers = [self.get(agent, "manifests/small", authorization, **headers)]
        answers += [self.get(agent, f"blobs/{digest}", authorization, **headers) for digest in self.image.blobs]
        self.assertEqual({answer.status for answer in answers}, {200})
        return sum(len(answer.body) for answer in answers)


class Pulls(ActivityCase):
    """What was let in."""

    def test_a_public_pull_is_one_line_with_image_digest_time_node_client_authority_and_sources(self):
        agent = self.agent()
        got = self.pull_all(agent)
        pull, = self.told("pull")
        self.assertRegex(pull["time"], _TIME)
        self.assertRegex(pull["ended"], _TIME)
        self.assertLessEqual(pull["time"], pull["ended"])
        self.assertEqual({key: pull[key] for key in ("verdict", "kind", "image", "digest", "node", "client", "authority",
                                                     "credential", "goes_on", "failed_requests")},
                         {"verdict": "granted", "kind": "image", "image": f"{self.origin.authority}/{REPOSITORY}:small",
                          "digest": self.image.digest, "node": "node", "client": "test/1.0", "authority": "anonymous",
                          "credential": "", "goes_on": False, "failed_requests": 0})
        self.assertEqual(pull["address"], "127.0.0.1")
        self.assertEqual(pull["bytes"], got)
        self.assertEqual(sum(value for key, value in pull.items() if re.fullmatch(r"(from|passed)_\w+_bytes", key)), got)
        self.assertEqual(pull["requests"], len(self.image.blobs) + 1)
        wait_until(lambda: agent.metrics()['shoal_agent_activity_lines_total{event="pull"}'] == 1, 5, "it is counted")

    def test_a_private_pull_names_the_same_credential_by_the_same_hash_and_never_shows_it(self):
        private = PrivateOrigin(self.workspace, self.origin)
        agent = self.agent(private.url)
        self.assertEqual(self.get(agent, "manifests/small", Accept=MANIFEST, **{"User-Agent": "test/1.0"}).status, 401)
        self.pull_all(agent, basic())
        self.pull_all(agent, basic(), client="other/1.0")
        first, second = self.told_at_the_end(agent, "pull", 2)
        self.assertEqual({first["authority"], second["authority"]}, {"credential"})
        self.assertEqual(first["credential"], second["credential"])
        self.assertRegex(first["credential"], r"^[0-9a-f]{16}$")
        self.assertEqual({first["client"], second["client"]}, {"test/1.0", "other/1.0"})
        self.assertEqual(self.records("refusal"), [], "the challenge that the pull followed is no refusal")
        with open(self.path, encoding="ascii") as file:
            text = file.read()
        for secret in (PASSWORD, basic().removeprefix("Basic ")):
            self.assertNotIn(secret, text)

    def test_a_pull_by_the_upstreams_mode_is_the_nodes(self):
        agent = self.agent(upstream={"access": "node"})
        self.pull_all(agent, basic())
        pull, = self.told_at_the_end(agent, "pull")
        self.assertEqual((pull["authority"], pull["credential"]), ("node", ""))

    def test_a_layer_that_is_read_alone_is_one_line_however_many_requests_it_takes(self):
        agent = self.agent()
        digest = max(self.image.blobs, key=self.image.blobs.get)
        for _ in range(3):
            self.assertEqual(self.get(agent, f"blobs/{digest}").status, 200)
        pull, = self.told_at_the_end(agent, "pull")
        self.assertEqual((pull["kind"], pull["image"], pull["digest"]),
                         ("layer", f"{self.origin.authority}/{REPOSITORY}", digest))
        self.assertEqual((pull["requests"], pull["bytes"]), (3, 3 * self.image.blobs[digest]))

    def test_a_pull_that_has_not_ended_is_told_when_the_agent_does(self):
        agent = self.agent()
        self.pull_all(agent)
        agent.process.end()
        self.assertEqual([record["event"] for record in self.records()], ["start", "pull", "stop"])


class Refusals(ActivityCase):
    """What was not let in."""

    def test_a_wrong_credential_is_told_at_once_and_its_repeats_are_counted(self):
        private = PrivateOrigin(self.workspace, self.origin)
        agent = self.agent(private.url)
        for _ in range(30):
            self.assertEqual(self.get(agent, "manifests/small", basic("me", "wrong"), Accept=MANIFEST).status, 401)
        refusal, = self.told("refusal")
        self.assertEqual({key: refusal[key] for key in ("verdict", "image", "authority", "status", "times", "node")},
                         {"verdict": "refused", "image": f"{self.origin.authority}/{REPOSITORY}:small",
                          "authority": "credential", "status": 401, "times": 1, "node": "node"})
        agent.process.end()
        first, rest = self.records("refusal")
        self.assertEqual(rest["times"], 29)
        self.assertEqual(first["credential"], rest["credential"])
        self.assertEqual(self.records("pull"), [])

    def test_a_challenge_that_nobody_answers_is_a_refusal_in_the_end(self):
        private = PrivateOrigin(self.workspace, self.origin)
        agent = self.agent(private.url)
        self.assertEqual(self.get(agent, "manifests/small", Accept=MANIFEST).status, 401)
        agent.process.end()
        refusal, = self.records("refusal")
        self.assertEqual((refusal["authority"], refusal["status"], refusal["times"]), ("anonymous", 401, 1))

    def test_an_image_that_is_not_there_and_an_origin_that_is_away_are_verdicts_of_their_own(self):
        agent = self.agent()
        self.assertEqual(self.get(agent, "manifests/nothing", Accept=MANIFEST).status, 404)
        refusal, = self.told("refusal")
        self.assertEqual((refusal["verdict"], refusal["status"]), ("not_found", 404))
        agent.process.end()
        agent = self.agent("http://127.0.0.1:1", name="other")
        self.assertEqual(self.get(agent, "manifests/small", Accept=MANIFEST).status, 503)
        self.assertEqual(self.told("refusal", 2)[1]["verdict"], "unavailable")

    def test_no_header_of_a_client_forges_a_line(self):
        agent = self.agent()
        forged = 'x" event="pull" \\ \t{"event":"pull"}'
        self.assertEqual(self.get(agent, "manifests/nothing", Accept=MANIFEST, **{"User-Agent": forged * 20}).status, 404)
        refusal, = self.told("refusal")
        self.assertTrue(refusal["client"].startswith(forged.split(" ", maxsplit=1)[0]))
        self.assertLessEqual(len(refusal["client"]), 128)
        self.assertEqual(self.records("pull"), [])


class TheFile(ActivityCase):
    """Its mode, its rotation, its disk."""

    def test_after_a_rename_and_sighup_lines_go_to_a_new_file_and_none_is_lost(self):
        agent = self.agent()
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o640)
        old = self.path + ".1"
        self.assertEqual(self.get(agent, "manifests/before", Accept=MANIFEST).status, 404)
        self.told("refusal")
        os.rename(self.path, old)
        agent.process.send(signal.SIGHUP)
        wait_until(lambda: os.path.exists(self.path), 10, "the agent has opened a new file")
        self.assertEqual(self.get(agent, "manifests/after", Accept=MANIFEST, **{"User-Agent": "other"}).status, 404)
        self.assertEqual(self.told("refusal")[0]["client"], "other")
        self.assertEqual([record["event"] for record in self.records(path=old)], ["start", "refusal"])
        agent.process.send(signal.SIGHUP)  # without a rename: the same file goes on
        self.pull_all(agent)
        self.told_at_the_end(agent, "pull")

    def test_a_signal_without_an_activity_log_ends_no_agent(self):
        agent = self.agents(1, [])[0]
        agent.process.send(signal.SIGHUP)
        self.assertEqual(self.get(agent, "manifests/small", Accept=MANIFEST).status, 200)
        self.assertTrue(agent.process.running())

    def test_a_place_that_is_no_file_of_its_own_keeps_the_agent_from_starting(self):
        target = self.workspace.file("target", "kept")
        link = os.path.join(self.directory, "link.log")
        os.symlink(target, link)
        for place, said in ((link, "symbolic link"), (self.directory, "directory"), ("relative.log", "absolute path")):
            with self.subTest(place=place):
                agent = Agent(self.workspace, self.programs, self.place("node"), self.upstreams(),
                              settings={"log": {"activity": place}})
                done = subprocess.run(agent.command, capture_output=True, text=True, timeout=30, check=False)
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assertIn(said, done.stderr.lower())
        with open(target, encoding="ascii") as file:
            self.assertEqual(file.read(), "kept")

    def test_a_full_disk_stops_no_pull_and_the_lines_come_once_there_is_room(self):
        disk = self.workspace.directory("disk")
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        agent = self.agent(place=os.path.join(disk, "activity.log"))
        ballast = os.path.join(disk, "ballast")
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        # What is left of the log's own page takes some lines.
        for number in range(40):
            answer = self.get(agent, f"manifests/none{number}", Accept=MANIFEST, **{"User-Agent": f"client {number}"})
            self.assertEqual(answer.status, 404)
        wait_until(lambda: "records not written" in agent.process.log(), 10, "the full disk is told")
        self.pull_all(agent)
        os.remove(ballast)
        clients = [refusal["client"] for refusal in self.told("refusal", 40)]
        self.assertEqual(clients, [f"client {number}" for number in range(40)])
        self.assertEqual(agent.metrics()["shoal_agent_activity_dropped_lines_total"], 0)
        self.told_at_the_end(agent, "pull")
        self.assertEqual(self.records()[-1]["event"], "stop")


class OnStandardError(ActivityCase):
    """Beside the log, for a journal or a container's collector."""

    def test_lines_have_a_field_of_their_own_among_those_of_the_log(self):
        agent = self.agent(place="stderr")
        self.pull_all(agent)

        def activity():
            lines = [json.loads(line) for line in agent.process.log().splitlines()]
            return [line for line in lines if line.get("record") == "activity"]

        agent.process.end()
        self.assertEqual([line["event"] for line in activity()], ["start", "pull", "stop"])
