"""The recipes of the C++ library in processes that are killed, in a cell that loses its leader."""

import json
import signal
import threading

from tests.python.package import holdfast  # Before tests.harness.

from tests.cell.recipe_agent import RecipeTest
from tests.harness import eventually
from tests.harness.deadline import SLOWNESS


class Election(RecipeTest):
    def waits(self, count):
        eventually(f"{count} wait", lambda: json.loads(
            self.holdfast("-o", "json", "lock", "info", "/lead"))["waiter_count"] == count)

    def candidate_in_python(self):
        """[what it became], and the event that lets it resign."""
        session = holdfast.connect(self.cell.endpoints, lease=6 * SLOWNESS, client_name="python")
        self.addCleanup(session.close)
        became, may_resign = [], threading.Event()
        self.addCleanup(may_resign.set)

        def run():
            election = session.election("/lead")
            election.campaign(b"python")
            became.append(election.lock.generation)
            may_resign.wait(60 * SLOWNESS)
            election.resign()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 30 * SLOWNESS)
        return became, may_resign

    def observed_in_python(self):
        session = holdfast.connect(self.cell.endpoints, lease=6 * SLOWNESS)
        self.addCleanup(session.close)
        return session.election("/lead").leader()

    def test_candidates_of_three_kinds_exclude_one_another_and_follow_in_their_order(self):
        one, two, looker = self.agent("one"), self.agent("two"), self.agent("looker")
        seen = looker.ask("observe", "/lead")
        looker.last(seen, "nobody")
        first = one.ask("campaign", "/lead", "one:80", "")
        generations = [int(one.says(first, "elected")[1])]
        looker.last(seen, "leader", "one", "one:80", generations[0])
        second = two.ask("campaign", "/lead", "two:80", "")
        self.assertEqual(two.says(second, "waiting"), ["waiting", "0"])
        python, python_may_resign = self.candidate_in_python()
        self.waits(2)
        shell = self.begin("-o", "json", "elect", "/lead", "--value", "shell:80")
        self.waits(3)
        self.assertEqual(json.loads(shell.stdout.readline())["event"], "waiting")

        # The cell's leader goes; theirs stays, and proclaims something else.
        self.lose_the_leader()
        self.assertEqual(one.answer("proclaim", first, "one:81"), ["proclaimed"])
        looker.last(seen, "leader", "one", "one:81", generations[0])
        self.assertEqual(self.observed_in_python().value, b"one:81")
        told = {words[0] for words in two.heard(second)}
        self.assertEqual((told, python), ({"waiting"}, []), "two lead")

        one.kill()
        generations.append(int(two.says(second, "elected")[1]))
        looker.last(seen, "leader", "two", "two:80", generations[1])
        self.assertEqual(python, [], "two lead")
        self.assertEqual(two.answer("resign", second), ["resigned"])
        generations.append(eventually("Python leads", lambda: python)[0])
        looker.last(seen, "leader", "python", "python", generations[2])
        self.assertEqual(two.answer("proclaim", second, "late"), ["error", "STALE_SEQUENCER"])
        self.assertEqual(two.answer("leader", "/lead"),
                         ["leader", "python", "python", str(generations[2])])
        python_may_resign.set()
        elected = json.loads(shell.stdout.readline())
        self.assertEqual(elected["event"], "elected")
        generations.append(int(elected["generation"]))
        looker.last(seen, "leader", self.observed_in_python().party.client_name, "shell:80",
                    generations[3])
        self.assertEqual(generations, sorted(set(generations)))
        shell.send_signal(signal.SIGTERM)
        looker.last(seen, "nobody")

    def test_a_campaign_ends_in_time_and_leaves_nothing_behind(self):
        one, two = self.agent("one"), self.agent("two")
        first = one.ask("campaign", "/lead", "one", "")
        one.says(first, "elected")
        self.assertEqual(two.answer("campaign", "/lead", "two", 0), ["error", "LOCK_HELD"])
        self.assertEqual(two.answer("campaign", "/lead", "two", 100)[0], "waiting")
        self.waits(0)
        self.assertEqual(one.answer("campaign", "/lead", "again", 0), ["error", "LOCK_HELD"])

    def test_a_leader_who_is_deposed_hears_of_it(self):
        one = self.agent("one")
        first = one.ask("campaign", "/lead", "one", "")
        one.says(first, "elected")
        self.holdfast("lock", "break", "/lead", "--reason", "a test")
        one.says(first, "lost")
        self.assertEqual(one.answer("proclaim", first, "late"), ["error", "STALE_SEQUENCER"])
        self.assertEqual(one.answer("resign", first), ["error", "NOT_HELD"])


class ConfigWatch(RecipeTest):
    def test_it_has_the_last_value_through_a_killed_leader_as_in_python(self):
        looker = self.agent("looker")
        seen = looker.ask("config", "/settings/mode")
        self.assertEqual(looker.says(seen, "absent")[0], "absent")
        session = holdfast.connect(self.cell.endpoints, lease=6 * SLOWNESS)
        self.addCleanup(session.close)
        same = session.config("/settings/mode")
        self.addCleanup(same.close)
        session.create("/settings/mode", b"value-0", create_parents=True)
        looker.says(seen, "value", "value-0")
        for number in range(1, 40):
            if number == 20:
                self.lose_the_leader()
            written = session.set("/settings/mode", f"value-{number}".encode())
        state, value, zxid = looker.says(seen, "value", "value-39")
        self.assertGreaterEqual(int(zxid), written.zxid)
        same.wait_for(lambda now: now.contents == b"value-39", timeout=20 * SLOWNESS)
        self.assertEqual(looker.heard(seen)[-1], [state, value, zxid])
        values = [int(words[1].split("-")[1]) for words in looker.heard(seen)[1:]]
        self.assertEqual(values, sorted(set(values)), "a value came back, or twice")
        session.delete("/settings/mode")
        looker.says(seen, "absent")
        eventually("it is absent", lambda: looker.heard(seen)[-1][0] == "absent")

    def test_it_says_when_the_value_may_be_old(self):
        self.holdfast("create", "/mode", "blue")
        looker = self.agent("looker")
        seen = looker.ask("config", "/mode")
        looker.says(seen, "value", "blue")
        self.assertEqual(looker.answer("current", seen)[:3], ["current", "value", "blue"])
        for replica in self.cell.replicas:
            replica.pause()
        eventually("it is old", lambda: looker.answer("current", seen)[0] == "stale")
        self.assertEqual(looker.answer("current", seen)[:3], ["stale", "value", "blue"])
        for replica in self.cell.replicas:
            replica.resume()
        eventually("it is current", lambda: looker.answer("current", seen)[0] == "current")
        self.holdfast("session", "kill", self.session_of("looker"), "--reason", "a test")
        eventually("it has ended", lambda: looker.answer("current", seen)[0] == "ended")
        self.assertEqual(looker.answer("current", seen)[:3], ["ended", "value", "blue"])


class ConfigWatchWithoutHistory(RecipeTest):
    flags = ("--event-history-bytes", "1000")

    def test_it_has_the_last_value_when_the_events_between_are_lost(self):
        self.holdfast("create", "/mode", "value-0")
        mine = self.cell.followers()[0]
        looker = self.agent("looker", [mine.endpoint], lease_ms=30_000)
        seen = looker.ask("config", "/mode")
        looker.says(seen, "value", "value-0")
        session = holdfast.connect([replica.endpoint for replica in self.cell.replicas
                                    if replica is not mine], lease=6 * SLOWNESS)
        self.addCleanup(session.close)
        mine.kill()
        session.set("/mode", b"value-1")
        for number in range(100):  # What comes after the change drives it out of the history.
            session.create(f"/other-{number}")
        mine.start()
        looker.says(seen, "value", "value-1")


class Group(RecipeTest):
    def test_members_come_and_go_with_their_processes(self):
        one, two, looker = self.agent("one"), self.agent("two"), self.agent("looker")
        self.assertEqual(looker.answer("members", "/svc/workers"), ["members"])
        seen = looker.ask("group", "/svc/workers")
        looker.last(seen, "members")
        first = one.ask("join", "/svc/workers", "one", "1:80")
        one.says(first, "joined", "one")
        second = two.ask("join", "/svc/workers", "two", "2:80")
        looker.last(seen, "members", "one=1:80", "two=2:80")
        self.assertEqual(two.answer("join", "/svc/workers", "one", "x"), ["error", "NODE_EXISTS"])
        numbered = two.answer("join", "/svc/workers", "n-", "3:80")[1]
        looker.last(seen, "members", f"{numbered}=3:80", "one=1:80", "two=2:80")
        # Somebody else's node below it is no member.
        self.holdfast("create", "/svc/workers/readme", "text")
        self.lose_the_leader()
        self.assertEqual(one.answer("update", first, "1:81"), ["updated"])
        looker.last(seen, "members", f"{numbered}=3:80", "one=1:81", "two=2:80")
        self.assertEqual(two.answer("part", second), ["parted"])
        looker.last(seen, "members", f"{numbered}=3:80", "one=1:81")
        self.assertEqual(two.heard(second), [["joined", "two"]], "who leaves is not gone")
        two.kill()
        looker.last(seen, "members", "one=1:81")
        self.holdfast("rm", "/svc/workers/one")
        one.says(first, "gone")
        looker.last(seen, "members")
        self.assertEqual(one.answer("update", first, "late"), ["error", "NO_NODE"])
        self.assertEqual(looker.answer("members", "/svc/workers"), ["members"])
