"""`holdfast elect`: who leads, who comes next, and who looks on."""

import signal

from tests.command_line.case import LOST, OK, REFUSED, USAGE, CommandLineTest
from tests.harness import eventually


class Election(CommandLineTest):
    def waits(self, count):
        eventually(f"{count} wait",
                   lambda: self.as_json("lock", "info", "lead")["waiter_count"] == count)

    def test_one_leads_and_the_next_follows(self):
        watcher = self.begin("-o", "json", "elect", "lead", "--observe")
        self.assertEqual(self.next_event(watcher)["event"], "no-leader")
        first = self.begin("-o", "json", "elect", "lead", "--value", "one:80")
        elected = self.next_event(first)
        self.assertEqual((elected["event"], elected["value"]), ("elected", "one:80"))
        seen = self.next_event(watcher)
        self.assertEqual((seen["event"], seen["value"], seen["generation"]),
                         ("leader", "one:80", elected["generation"]))
        self.assertEqual(self.run_it("sequencer", "check", elected["sequencer"]).returncode, OK)

        second = self.begin("-o", "json", "elect", "lead", "--value", "two:80")
        self.assertEqual(self.next_event(second), {"event": "waiting", "ahead": 0})
        first.send_signal(signal.SIGTERM)
        self.assertEqual(self.next_event(first), {"event": "resigned"})
        self.assertEqual(self.code_of(first), OK)
        later = self.next_event(second)
        self.assertGreater(int(later["generation"]), int(elected["generation"]))
        # Between the two there may be a moment without a leader, and never the old value.
        seen = [self.next_event(watcher)]
        if seen[-1]["event"] == "no-leader":
            seen.append(self.next_event(watcher))
        self.assertEqual((seen[-1]["event"], seen[-1]["value"]), ("leader", "two:80"))

        self.succeed("lock", "break", "lead", "--reason", "a test")
        self.assertEqual(self.next_event(second)["event"], "lost")
        self.assertEqual(self.code_of(second), LOST)
        self.assertEqual(self.next_event(watcher)["event"], "no-leader")
        watcher.send_signal(signal.SIGINT)
        self.assertEqual(self.code_of(watcher), OK)

    def test_a_command_runs_while_it_leads(self):
        first = self.begin("elect", "lead", "--value", "one", "--", "sh", "-c",
                           'echo "$HOLDFAST_LOCK $HOLDFAST_SEQUENCER"; exit 3')
        path, sequencer = first.stdout.readline().split()
        self.assertEqual(path, "/lead")
        self.assertEqual(self.code_of(first), 3)
        self.assertEqual(self.run_it("sequencer", "check", sequencer).returncode, REFUSED)
        leader = self.begin("elect", "lead", "--value", "two", "--", "sleep", "1000")
        eventually("the leader says who it is", lambda: self.succeed("get", "/lead") == "two")
        second = self.begin("elect", "lead", "--", "sh", "-c", "holdfast get /lead")
        self.waits(1)
        leader.terminate()
        self.assertEqual(self.code_of(leader), 128 + signal.SIGTERM)
        self.assertEqual(self.code_of(second), OK)
        self.assertRegex(second.stdout.read(), r".+@.+ \(pid \d+\)")

    def test_looking_on_and_standing_do_not_go_together(self):
        said = self.run_it("elect", "lead", "--observe", "--", "true")
        self.assertEqual(said.returncode, USAGE)
        self.assertIn("--observe", said.stderr)
