"""Elections, watched values and checks of sequencers against a real cell."""

import os
import subprocess
import tempfile
import threading
import unittest

from tests.python.package import holdfast
from tests.harness import CellTest, eventually
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import program
from tests.python.parts_test import BAD_SEQUENCERS, GOOD_SEQUENCERS
from holdfast import Check, Reason, Standing, errors


class RecipesTest(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.session = self.connect(client_name="one")

    def connect(self, **options):
        options.setdefault("lease", 6 * SLOWNESS)
        session = holdfast.connect(self.cell.endpoints, **options)
        self.addCleanup(session.close)
        return session

    def seen_by(self, observed, wanted):
        """Takes what was observed until that."""
        return next(leader for leader in observed if wanted(leader))

    def test_an_election_has_one_leader_and_hands_over(self):
        one = self.session.election("/leader")
        two = self.connect(client_name="two").election("/leader")
        self.assertIsNone(one.leader())
        observed = self.connect().election("/leader").observe()
        self.addCleanup(observed.close)
        self.assertIsNone(next(observed))
        one.campaign(b"one:80")
        self.assertTrue(one.is_leader)
        leader = self.seen_by(observed, lambda seen: seen is not None and seen.value is not None)
        self.assertEqual((leader.party.client_name, leader.value), ("one", b"one:80"))
        with self.assertRaises(errors.CallTimeoutError):
            two.campaign(b"two:80", wait=0.1)
        thread = threading.Thread(target=two.campaign, args=(b"two:80",), daemon=True)
        thread.start()
        eventually("two waits", lambda: one.lock.info().waiter_count == 1)
        self.cell.leader().kill()
        one.proclaim(b"one:81")
        self.seen_by(observed, lambda seen: seen is not None and seen.value == b"one:81")
        one.resign()
        thread.join(30 * SLOWNESS)
        later = self.seen_by(
            observed, lambda seen: seen is not None and seen.value == b"two:80")
        self.assertGreater(later.generation, leader.generation)
        with self.assertRaises(errors.StaleSequencerError):
            one.proclaim(b"one:82")
        with self.assertRaises(errors.NotHeldError):
            one.resign()
        two.resign()
        self.assertIsNone(self.seen_by(observed, lambda seen: seen is None))

    def test_a_value_of_the_leader_before_does_not_count(self):
        with self.session.election("/leader") as election:
            election.proclaim(b"before")
        with election:
            self.assertIsNone(election.leader().value)
            self.assertEqual(self.session.get("/leader").contents, b"before")

    def test_a_leader_runs_and_resigns(self):
        election = self.session.election("/leader", description="serves")

        def serve(port):
            self.assertEqual(election.leader().value, b"me")
            self.assertEqual(election.leader().party.description, "serves")
            return port + 1

        self.assertEqual(election.run(serve, 80, value=b"me"), 81)
        self.assertIsNone(election.leader())

    def test_the_command_line_and_the_package_hold_the_same_election(self):
        child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program("holdfast"), "elect", "/leader",
             "--value", "the shell"],
            env={**os.environ, "HOLDFAST_ENDPOINTS": ",".join(self.cell.endpoints)},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        election = self.session.election("/leader")

        def proclaimed():
            self.assertIsNone(child.poll(), "holdfast elect has ended")
            leader = election.leader()
            return leader is not None and leader.value

        self.assertEqual(eventually("the shell leads", proclaimed), b"the shell")

    def test_a_watched_value_is_always_as_last_known(self):
        changes = []
        with self.session.config("/settings", on_change=changes.append) as settings:
            self.assertIsNone(settings.value.contents)
            self.assertTrue(settings.is_current)
            writer = self.connect()
            zxid = writer.create("/settings", b"1").zxid
            value = settings.wait_for(lambda value: value.contents == b"1", 20 * SLOWNESS)
            self.assertGreaterEqual(value.zxid, zxid)
            self.cell.leader().kill()
            last = writer.set("/settings", b"2").stat
            settings.wait_for(lambda value: value.stat == last, 40 * SLOWNESS)
            writer.delete("/settings")
            settings.wait_for(lambda value: value.contents is None, 20 * SLOWNESS)
            with self.assertRaises(errors.CallTimeoutError):
                settings.wait_for(lambda value: value.contents == b"never", 0.05)
        self.assertEqual([value.contents for value in changes], [None, b"1", b"2", None])
        writer.create("/settings", b"3")
        self.session.sync()
        self.assertIsNone(settings.value.contents)
        again = self.session.config("/settings")
        self.session.close()
        with self.assertRaises(errors.SessionExpiredError):
            again.wait_for(lambda value: value.contents == b"never", 20 * SLOWNESS)
        self.assertEqual(again.value.contents, b"3")
        self.assertFalse(again.is_current)

    # ---- checks ----------------------------------------------------------------------------------

    def checker(self, **options):
        checker = holdfast.SequencerChecker(**options)
        self.addCleanup(checker.close)
        return checker

    def judged(self, checker, sequencer, mode=None):
        verdict = checker.check(sequencer, mode)
        return verdict.standing, verdict.reason

    def test_the_cell_is_asked_always_or_for_an_interval_or_never(self):
        checker = self.checker(endpoints=self.cell.endpoints, cell_id=self.session.cell_id,
                               interval=3600)
        lock = self.session.lock("/l").acquire()
        confirmed = Standing.VALID, Reason.CONFIRMED
        for mode in (None, Check.CELL, Check.INTERVAL):
            self.assertEqual(self.judged(checker, lock.sequencer, mode), confirmed)
        self.assertEqual(self.judged(checker, lock.sequencer, Check.LOCAL),
                         (Standing.VALID, Reason.NOT_OVERTAKEN))
        first = lock.sequencer
        lock.release()
        # Who was told "valid" an instant ago counts for the interval, and locally for ever.
        self.assertEqual(self.judged(checker, first, Check.INTERVAL), confirmed)
        self.assertTrue(checker.check(first, Check.LOCAL))
        ended = Standing.STALE, Reason.ENDED
        self.assertEqual(self.judged(checker, first), ended)
        self.assertEqual(self.judged(checker, first, Check.INTERVAL), ended)
        lock.acquire()
        self.assertTrue(checker.check(lock.sequencer))
        self.assertEqual(self.judged(checker, first, Check.LOCAL),
                         (Standing.STALE, Reason.OVERTAKEN))
        self.assertEqual(checker.high_water("/l"), lock.generation)

    def test_the_package_takes_for_a_sequencer_what_the_cell_does(self):
        states = self.session.check_sequencers([*GOOD_SEQUENCERS, *BAD_SEQUENCERS])
        self.assertEqual(set(states[:len(GOOD_SEQUENCERS)]), {holdfast.SequencerState.OTHER_CELL})
        self.assertEqual(set(states[len(GOOD_SEQUENCERS):]), {holdfast.SequencerState.MALFORMED})

    def test_a_cell_that_cannot_be_asked_gives_no_verdict(self):
        checker = self.checker(endpoints=self.cell.endpoints)
        lock = self.session.lock("/l").acquire()
        self.cell.kill()
        verdict = checker.check(lock.sequencer, timeout=0.3)
        self.assertEqual((verdict.standing, verdict.reason),
                         (Standing.UNKNOWN, Reason.NO_ANSWER))
        self.assertIsInstance(verdict.error, errors.HoldfastError)
        self.assertFalse(verdict)
        self.cell.start()
        self.assertTrue(checker.check(lock.sequencer, timeout=60 * SLOWNESS))

    def test_a_lock_is_followed_by_a_watch(self):
        checker = self.checker(session=self.connect(), mode=Check.FOLLOW, followed_max=2)
        locks = [self.session.lock(f"/l{place}").acquire() for place in range(3)]
        for lock in locks:  # One more than is followed.
            self.assertEqual(self.judged(checker, lock.sequencer),
                             (Standing.VALID, Reason.CONFIRMED))
        asked = []
        ask = checker._ask
        checker._ask = lambda *arguments: asked.append(arguments[0]) or ask(*arguments)

        def asks_nobody():
            asked.clear()
            return checker.check(locks[2].sequencer) and not asked

        eventually("its watch stands", asks_nobody)
        for _ in range(3):
            self.assertTrue(checker.check(locks[2].sequencer))
        self.assertEqual(asked, [], "the cell is not asked again while nothing happens")
        first = locks[2].sequencer
        locks[2].release()
        eventually("the release is noticed", lambda: not checker.check(first))
        self.assertEqual(self.judged(checker, first), (Standing.STALE, Reason.ENDED))
        self.cell.leader().kill()
        self.assertTrue(checker.check(locks[1].sequencer))
        self.assertTrue(checker.check(locks[0].sequencer), "it was let go, and is asked about")

    def test_what_was_followed_does_not_count_after_a_jeopardy(self):
        session = self.connect(lease=1)
        checker = self.checker(session=session, mode=Check.FOLLOW)
        lock = self.session.lock("/l").acquire()
        self.assertTrue(checker.check(lock.sequencer))
        for replica in self.cell.replicas:
            replica.pause()
        eventually("it is in jeopardy",
                   lambda: session.state is holdfast.SessionState.JEOPARDY)
        for sequencer in (lock.sequencer, lock.sequencer.replace(":/l", ":/m")):
            self.assertEqual(checker.check(sequencer, timeout=0.1).reason, Reason.NO_ANSWER,
                             "it waits for no watch either")
        for replica in self.cell.replicas:
            replica.resume()
        eventually("it is asked about again", lambda: checker.check(lock.sequencer))

    def test_marks_outlive_the_server(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-marks-") as folder:
            store = os.path.join(folder, "marks")
            lock = self.session.lock("/l").acquire()
            first = lock.sequencer
            lock.release()
            lock.acquire()
            with holdfast.SequencerChecker(session=self.session, store=store) as checker:
                self.assertTrue(checker.check(lock.sequencer))
            with holdfast.SequencerChecker(cell_id=self.session.cell_id, store=store) as checker:
                self.assertEqual(self.judged(checker, first), (Standing.STALE, Reason.OVERTAKEN))
                self.assertTrue(checker.check(lock.sequencer))


if __name__ == "__main__":
    unittest.main()
