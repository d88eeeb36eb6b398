"""What `holdfast` writes out and reads in: export, import, watch."""

import base64
import json
import signal
import subprocess

from tests.command_line.case import OK, REFUSED, RUN_SECONDS, USAGE, CommandLineTest
from tests.harness import Session, api, eventually, programs

BYTES = bytes(range(256))
TREE = {"/a": b"", "/a/text": "grün\n".encode(), "/a/bytes": BYTES, "/a/deep": b"1",
        "/a/deep/er": b'"quoted" \\ and\ttabbed', "/a/with a blank": b"\xff"}


class Transfer(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.session = Session(self.cell.endpoints)
        self.addCleanup(self.session.die)
        for path, contents in TREE.items():
            self.session.create(path, contents, kind=api.NodeKind.PERSISTENT)

    def contents(self, path):
        return subprocess.run([programs.program("holdfast"), "get", path], env=self.environment,
                              capture_output=True, check=True, timeout=RUN_SECONDS).stdout

    def test_a_subtree_comes_back_byte_by_byte_without_what_belongs_to_sessions(self):
        self.session.create("/a/mine", b"alive", kind=api.NodeKind.EPHEMERAL)
        done = self.run_it("export", "/a")
        self.assertEqual((done.returncode, done.stderr),
                         (OK, "holdfast: 1 ephemeral nodes are left out\n"))
        nodes = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual({node["path"] for node in nodes}, set(TREE))
        by_path = {node["path"]: node for node in nodes}
        self.assertEqual(by_path["/a/text"]["contents"], "grün\n")
        self.assertEqual(base64.b64decode(by_path["/a/bytes"]["contents_base64"]), BYTES)
        self.succeed("rm", "-r", "/a")
        self.assertEqual(self.succeed("import", "-", stdin=done.stdout),
                         "6 created, 0 overwritten, 0 unchanged\n")
        for path, contents in TREE.items():
            self.assertEqual(self.contents(path), contents, path)

    def test_import_overwrites_only_by_force(self):
        lines = self.succeed("export", "/a")
        self.assertEqual(self.succeed("import", "-", stdin=lines),
                         "0 created, 0 overwritten, 6 unchanged\n")
        self.succeed("set", "/a/deep", "changed")
        refused = self.run_it("import", "-", stdin=lines)
        self.assertEqual(refused.returncode, REFUSED)
        self.assertIn("NODE_EXISTS", refused.stderr)
        self.assertIn("/a/deep ", refused.stderr)
        self.assertEqual(self.contents("/a/deep"), b"changed")
        self.assertEqual(self.succeed("import", "--force", "-", stdin=lines),
                         "0 created, 1 overwritten, 5 unchanged\n")
        self.assertEqual(self.contents("/a/deep"), b"1")

    def test_lines_that_export_did_not_write_are_refused_by_their_number(self):
        good = '{"path": "/n", "contents": ""}\n'
        for bad in ("{", "[]", '{"contents": ""}', '{"path": "/x"}',
                    '{"path": "/x", "contents_base64": "QQ"}',
                    '{"path": "/x", "contents_base64": "Q!=="}'):
            refused = self.run_it("import", "-", stdin=good + bad + "\n")
            self.assertEqual(refused.returncode, USAGE, bad)
            self.assertIn("line 2", refused.stderr)
        self.assertEqual(self.run_it("export", "/none").returncode, REFUSED)


class Watch(CommandLineTest):
    def test_it_goes_on_without_a_gap_when_the_leader_dies_and_where_it_ended(self):
        self.succeed("create", "/w", "0")
        watch = self.begin("-o", "json", "watch", "/w", "--kind", "contents-changed", "--announce")
        active = self.next_event(watch)
        self.assertEqual((active["kind"], active["path"]), ("watching", "/w"))
        for value in range(1, 4):
            self.succeed("set", "/w", str(value))
        self.cell.leader().kill()
        for value in range(4, 7):
            eventually("it is written", lambda value=value: self.run_it(
                "set", "/w", str(value), "--if-generation", str(value)).returncode == OK)
        events = [self.next_event(watch) for _ in range(6)]
        self.assertEqual([event["content_generation"] for event in events], [2, 3, 4, 5, 6, 7])
        watch.send_signal(signal.SIGINT)
        self.assertEqual(self.code_of(watch), OK)
        self.assertEqual(watch.stdout.read(), "")
        name = f"{events[2]['zxid']}:{events[2]['index']}"
        later = self.succeed("watch", "/w", "--kind", "contents-changed", "--after", name,
                             "--count", "3")
        self.assertEqual([line.split("  ")[1:4] for line in later.splitlines()],
                         [["contents-changed", "/w", f"generation {n}"] for n in (5, 6, 7)])
        self.assertEqual(self.run_it("watch", "/w", "--after", "yesterday").returncode, USAGE)

    def test_it_ends_its_session_when_it_ends(self):
        watch = self.begin("watch", "/w", "--announce")
        self.assertRegex(watch.stdout.readline(), r"^watching  /w  from \d+\.\d+\n$")
        self.assertEqual(len(self.as_json("session", "ls")), 1)
        watch.terminate()
        self.assertEqual(self.code_of(watch), OK)
        self.assertEqual(self.as_json("session", "ls"), [])
