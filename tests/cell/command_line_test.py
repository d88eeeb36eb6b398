"""The command line `holdfast` against a real cell: what it prints, and its exit codes."""

import json
import os
import signal
import subprocess
import time

from tests.command_line.case import (
    LOST, NOT_ACQUIRED, OK, REFUSED, UNKNOWN, UNREACHABLE, USAGE, CommandLineTest)
from tests.harness import programs
from tests.harness.deadline import SLOWNESS


class CommandLine(CommandLineTest):
    # -------------------------------------------------------------------------------------- data

    def test_data_is_created_read_changed_and_removed(self):
        self.succeed("create", "--parents", "/a/b/c", "one")
        self.assertEqual(self.succeed("get", "/a/b/c"), "one")
        self.assertEqual(self.succeed("set", "/a/b/c", "-", stdin="two"), "/a/b/c generation 2\n")
        self.assertEqual(self.as_json("get", "/a/b/c")["contents"], "two")
        self.assertEqual(self.as_json("stat", "/a/b/c")["stat"]["content_generation"], 2)
        self.assertEqual(self.succeed("ls", "/a"), "b\n")
        self.assertEqual(self.as_json("ls", "-l", "/a")[0]["stat"]["children"], 1)
        self.assertEqual(self.succeed("tree", "/a"), "/a\n  b\n    c\n")
        self.assertEqual(self.run_it("rm", "/a").returncode, REFUSED)
        self.succeed("rm", "--recursive", "/a")
        self.assertEqual(self.succeed("ls"), "")

    def test_conditions_and_errors_are_named(self):
        self.succeed("create", "/a", "x")
        late = self.run_it("set", "/a", "y", "--if-generation", "7")
        self.assertEqual((late.returncode, late.stdout), (REFUSED, ""))
        self.assertIn("BAD_GENERATION", late.stderr)
        self.assertIn("NO_NODE", self.run_it("get", "/none").stderr)
        self.assertIn("NODE_EXISTS", self.run_it("create", "/a").stderr)
        self.assertEqual(self.run_it("get", "no-slash").returncode, USAGE)
        self.assertEqual(self.run_it("gett", "/a").returncode, USAGE)
        self.assertEqual(self.run_it("--timeout", "soon", "get", "/a").returncode, USAGE)

    def test_what_is_exported_can_be_imported(self):
        self.succeed("create", "-p", "/a/b", "text")
        binary = subprocess.run([programs.program("holdfast"), "create", "/a/bytes", "-"],
                                env=self.environment, input=b"\xff\x00\xfe", check=True,
                                capture_output=True, timeout=60 * SLOWNESS)
        self.assertEqual(binary.returncode, OK)
        lines = self.succeed("export", "/a")
        self.assertEqual(len(lines.splitlines()), 3)
        self.succeed("rm", "-r", "/a")
        self.assertEqual(self.succeed("import", "-", stdin=lines),
                         "3 created, 0 overwritten, 0 unchanged\n")
        self.assertEqual(self.succeed("export", "/a"), lines)

    def test_a_watch_prints_a_line_an_event(self):
        watch = self.begin("--output", "json", "watch", "/w", "--recursive", "--count", "3",
                           "--announce")
        self.assertEqual(self.next_event(watch)["kind"], "watching")
        self.succeed("create", "/w", "1")
        self.succeed("set", "/w", "2")
        self.succeed("rm", "/w")
        self.assertEqual(watch.wait(timeout=30 * SLOWNESS), OK)
        kinds = [json.loads(line)["kind"] for line in watch.stdout.read().splitlines()]
        self.assertEqual(kinds, ["created", "contents-changed", "deleted"])

    # ------------------------------------------------------------------------------------- locks

    def test_lock_run_hands_the_commands_code_on(self):
        said = self.run_it("lock", "run", "jobs/nightly", "--", "sh", "-c",
                           'echo "$HOLDFAST_LOCK $HOLDFAST_GENERATION $HOLDFAST_SEQUENCER"; exit 7')
        self.assertEqual(said.returncode, 7, said)
        path, generation, sequencer = said.stdout.split()
        self.assertEqual(path, "/jobs/nightly")
        self.assertEqual(f"{int(generation):016x}", sequencer.split(":")[2])
        self.assertEqual(self.run_it("sequencer", "check", sequencer).returncode, REFUSED)
        self.assertEqual(self.run_it("sequencer", "check", "nonsense").returncode, UNKNOWN)
        killed = self.run_it("lock", "run", "x", "--", "sh", "-c", "kill -USR1 $$")
        self.assertEqual(killed.returncode, 128 + signal.SIGUSR1)
        self.assertEqual(self.run_it("lock", "run", "x", "--", "/no/such/command").returncode, 127)
        self.assertEqual(self.run_it("lock", "run", "x").returncode, USAGE)
        self.assertEqual(self.run_it("lock", "run", "x", "--").returncode, USAGE)

    def test_lock_hold_tells_and_releases_on_sigterm(self):
        holder, sequencer = self.held("x", "--description", "for the test")
        self.assertEqual(self.run_it("sequencer", "check", sequencer).returncode, OK)
        info = self.as_json("lock", "info", "x")
        self.assertEqual(info["state"], "held")
        self.assertEqual(info["holders"][0]["description"], "for the test")
        self.assertEqual([lock["path"] for lock in self.as_json("lock", "ls")], ["/x"])
        refused = self.run_it("lock", "run", "x", "--wait", "0", "--", "true")
        self.assertEqual(refused.returncode, NOT_ACQUIRED)
        self.assertIn("LOCK_HELD", refused.stderr)
        waited = self.run_it("lock", "run", "x", "--wait", "300ms", "--", "true")
        self.assertEqual(waited.returncode, NOT_ACQUIRED, waited)
        holder.terminate()
        self.assertEqual(holder.wait(timeout=30 * SLOWNESS), OK)
        self.assertEqual(json.loads(holder.stdout.readline())["event"], "released")
        self.assertEqual(self.run_it("sequencer", "check", sequencer).returncode, REFUSED)

    def test_lock_hold_ends_with_standard_input_where_that_is_asked(self):
        holder = self.begin("lock", "hold", "x", "--json", "--until-eof", stdin=subprocess.PIPE)
        self.assertEqual(self.next_event(holder)["event"], "acquired")
        holder.stdin.write("nobody reads this\n")
        holder.stdin.flush()
        self.assertEqual(self.as_json("lock", "info", "x")["state"], "held")
        holder.stdin.close()
        self.assertEqual(self.code_of(holder), OK)
        self.assertEqual(self.next_event(holder)["event"], "released")
        self.assertEqual(self.as_json("lock", "info", "x")["state"], "free")

    def test_lock_hold_tells_of_jeopardy_and_safety(self):
        holder, _ = self.held("x", "--lease", "2s")
        for replica in self.cell.replicas:
            replica.pause()
        self.assertEqual(self.next_event(holder)["event"], "jeopardy")
        for replica in self.cell.replicas:
            replica.resume()
        # A cell that slept through the lease may give it up or not; it tells which.
        self.assertIn(self.next_event(holder)["event"], ("safe", "lost"))

    def test_shared_holders_hold_together(self):
        self.held("x", "--shared")
        self.held("x", "--shared")
        self.assertEqual(len(self.as_json("lock", "info", "x")["holders"]), 2)

    def test_a_broken_lock_stops_the_command_before_it_passes_on(self):
        mark = os.path.join(self.cell.folder, "mark")
        runner = self.begin("lock", "run", "x", "--", "sh", "-c",
                            f"trap 'echo stopped > {mark}; exit 0' TERM; "
                            "echo ready; while :; do sleep 0.05; done")
        self.assertEqual(runner.stdout.readline(), "ready\n")
        waiter = self.begin("lock", "run", "x", "--", "test", "-e", mark)
        while self.as_json("lock", "info", "x")["waiter_count"] == 0:
            time.sleep(0.05)
        self.succeed("lock", "break", "x", "--reason", "a test")
        self.assertEqual(runner.wait(timeout=30 * SLOWNESS), LOST)
        self.assertIn("a test", runner.stderr.read())
        self.assertEqual(waiter.wait(timeout=30 * SLOWNESS), OK,
                         "the next one ran before the first had ended")

    def test_the_command_ends_before_the_lease_when_the_cell_is_gone(self):
        runner = self.begin("lock", "run", "x", "--lease", "3s", "--", "sh", "-c",
                            "trap '' TERM; echo $$; while :; do sleep 0.05; done")
        command = int(runner.stdout.readline())
        gone_at = time.monotonic()
        for replica in self.cell.replicas:
            replica.kill()
        # The command does not listen to SIGTERM, so it is SIGKILL that ends it in time.
        while os.path.exists(f"/proc/{command}"):
            self.assertLess(time.monotonic() - gone_at, 3.0)
            time.sleep(0.01)
        self.assertEqual(runner.wait(timeout=30 * SLOWNESS), LOST)

    # ------------------------------------------------------------------------------- the cell

    def test_sessions_are_listed_and_killed(self):
        holder, _ = self.held()
        sessions = self.as_json("session", "ls")
        self.assertEqual([session["locks_held"] for session in sessions], [1])
        self.succeed("session", "kill", sessions[0]["session"], "--reason", "a test")
        self.assertEqual(holder.wait(timeout=30 * SLOWNESS), LOST)
        unknown = self.run_it("session", "kill", "1", "--reason", "none")
        self.assertEqual(unknown.returncode, REFUSED)

    def test_cell_status_tells_of_each_replica_and_whether_the_cell_serves(self):
        status = self.as_json("cell", "status")
        self.assertTrue(status["serving"])
        self.assertEqual(sorted(r["role"] for r in status["replicas"]),
                         ["follower", "follower", "leader"])
        for replica in self.cell.replicas:
            replica.kill()
        self.assertEqual(self.run_it("--timeout", "2s", "cell", "status").returncode, UNREACHABLE)
        self.assertEqual(self.run_it("--timeout", "1s", "get", "/").returncode, UNREACHABLE)

    def test_options_come_from_the_line_else_the_environment_else_the_file(self):
        endpoints = self.environment.pop("HOLDFAST_ENDPOINTS")
        folder = self.cell.folder / ".config"
        folder.mkdir()
        (folder / "holdfast.conf").write_text(f'endpoints = "{endpoints}"\noutput = "json"\n')
        self.assertEqual(json.loads(self.succeed("ls", "/")), [])
        self.assertEqual(self.succeed("ls", "/", "-o", "table"), "")
        nowhere = self.cell.spare_endpoint()
        self.environment["HOLDFAST_ENDPOINTS"] = nowhere
        self.assertEqual(self.run_it("--timeout", "1s", "ls", "/").returncode, UNREACHABLE)
        self.assertEqual(json.loads(self.succeed("--endpoints", endpoints, "ls", "/")), [])

    def test_new_ids_are_new(self):
        first, second = self.succeed("cell", "new-id"), self.succeed("cell", "new-id")
        self.assertRegex(first, "^[0-9a-f]{32}\n$")
        self.assertNotEqual(first, second)
