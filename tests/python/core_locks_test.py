"""The session's core: locks, events and watches."""

import unittest

from tests.python.rig import LEASE_MS, SESSION, Rig, failure, grant
from holdfast._core import io
from holdfast._core.watch_table import INDEX_MAX
from holdfast.errors import ErrorCode
from holdfast.replies import Done
from holdfast.values import Event, EventKind, EventName, LossReason, SessionState


def lock_lost(zxid, acquisition, path="/l", owner=1, session=SESSION):
    return Event(EventName(zxid, 0), EventKind.LOCK_LOST, path, session_id=session, owner=owner,
                 acquisition=acquisition, reason="broken by somebody")


def changed(zxid, index=0, path="/w"):
    return Event(EventName(zxid, index), EventKind.CONTENTS_CHANGED, path)


class Acquiring(unittest.TestCase):
    def test_a_wait_is_asked_about_again_under_its_number_and_pins_no_result(self):
        rig = Rig().opened()
        call = rig.acquire()
        self.assertEqual(rig.request("acquire").request.fields["wait_ms"], -1)
        rig.reply("acquire", io.Acquired(None, 3))
        self.assertEqual(rig.said(io.Queued), [io.Queued(call, 3)])
        again = rig.request("acquire")
        self.assertEqual(again.head.request_number, 1)
        self.assertEqual(again.request.fields["max_hold_ms"], 10_000)
        self.assertEqual(again.head.answered_below, 2)
        rig.lose_connection()
        rig.reconnect()
        self.assertEqual(rig.request("acquire").head.request_number, 1)
        rig.reply("acquire", io.Acquired(grant(50)), zxid=50)
        self.assertIsInstance(rig.answers[call], io.Granted)

    def test_a_wait_that_the_cell_does_not_end_is_ended_by_the_client(self):
        rig = Rig().opened()
        call = rig.acquire(wait_ms=1_000)
        rig.reply("acquire", io.Acquired(None))
        rig.pass_with_pings(1_450)
        self.assertNotIn("cancel", rig.methods())
        rig.pass_with_pings(50)
        self.assertIn("cancel", rig.methods())
        rig.reply("acquire", failure("CANCELLED"))
        self.assertIs(rig.answers[call].code, ErrorCode.TIMEOUT)

    def test_a_wait_is_answered_in_time_when_the_cell_is_out_of_reach(self):
        rig = Rig().opened()
        call = rig.acquire(wait_ms=1_000)
        rig.reply("acquire", io.Acquired(None))
        rig.lose_connection()
        rig.pass_ms(2_500)
        self.assertIs(rig.answers[call].code, ErrorCode.TIMEOUT)
        self.assertTrue(rig.answers[call].outcome_pending)
        # What it may still be granted is given back.
        rig.reconnect()
        self.assertIn("cancel", rig.methods())
        rig.reply("acquire", io.Acquired(grant(60)), zxid=60)
        self.assertIn("release", rig.methods())
        self.assertFalse(rig.said(io.GuardMade))

    def test_one_that_is_withdrawn_is_cancelled_or_granted(self):
        for body, expected in ((failure("CANCELLED"), ErrorCode.CANCELLED),
                               (failure("TIMEOUT"), ErrorCode.CANCELLED),
                               (io.Acquired(grant(60)), None)):
            rig = Rig().opened()
            call = rig.acquire()
            rig.reply("acquire", io.Acquired(None))
            rig.core.withdraw(rig.now, call)
            rig.take()
            self.assertIn("cancel", rig.methods())
            rig.reply("acquire", body, zxid=60)
            if expected is None:
                self.assertIsInstance(rig.answers[call], io.Granted)
            else:
                self.assertIs(rig.answers[call].code, expected)

    def test_one_that_was_never_sent_is_withdrawn_without_asking(self):
        rig = Rig().opened()
        rig.lose_connection()
        call = rig.acquire()
        rig.core.withdraw(rig.now, call)
        rig.take()
        self.assertIs(rig.answers[call].code, ErrorCode.CANCELLED)

    def test_an_acquire_does_not_overtake_the_release_of_its_owner(self):
        rig = Rig().opened()
        guard = rig.held(100)
        released = rig.release(guard)
        call = rig.acquire()
        other = rig.acquire(owner=2)
        self.assertEqual(rig.methods().count("acquire"), 1)
        self.assertEqual(rig.request("acquire").request.fields["owner"], 2)
        rig.reply("release", Done(101), zxid=101)
        self.assertEqual(rig.answers[released], io.Released(101))
        rig.reply("acquire", io.Acquired(grant(102)), zxid=102)
        rig.reply("acquire", io.Acquired(grant(103)), zxid=103)
        self.assertTrue(call in rig.answers and other in rig.answers)

    def test_a_grant_that_a_release_on_its_way_gives_back_is_not_believed(self):
        rig = Rig().opened()
        guard = rig.held(100)
        call = rig.acquire()  # Sent before the release.
        rig.release(guard)
        rig.reply("acquire", io.Acquired(grant(100)), zxid=100)
        self.assertNotIn(call, rig.answers)
        rig.reply("release", Done(101), zxid=101)
        self.assertEqual(rig.request("acquire").head.request_number, 4)
        rig.reply("acquire", io.Acquired(grant(102)), zxid=102)
        self.assertIsInstance(rig.answers[call], io.Granted)

    def test_the_last_guard_of_an_acquisition_frees_the_lock(self):
        rig = Rig().opened()
        first, second = rig.held(100), rig.held(100)
        inner = rig.release(second)
        self.assertEqual(rig.answers[inner], io.Released(0))
        self.assertNotIn("release", rig.methods())
        rig.release(first)
        self.assertIn("release", rig.methods())


class Losing(unittest.TestCase):
    def test_a_lock_lost_ends_the_guard_before_it_is_acknowledged(self):
        rig = Rig().opened()
        guard = rig.held(100)
        rig.events(lock_lost(110, 100))
        (lost,) = rig.said(io.GuardLost)
        self.assertEqual((lost.guard, lost.loss.reason), (guard, LossReason.TAKEN))
        self.assertIn("broken by somebody", lost.loss.message)
        self.assertNotIn("keep_alive", rig.methods())
        rig.told()
        self.assertEqual(rig.request("keep_alive").request.fields["acknowledged"],
                         EventName(110, 0))

    def test_the_loss_of_an_earlier_acquisition_or_of_another_is_not_ours(self):
        rig = Rig().opened()
        rig.held(100)
        rig.events(lock_lost(110, 99), lock_lost(111, 100, owner=2),
                   lock_lost(112, 100, session=8), lock_lost(113, 100, path="/m"))
        self.assertFalse(rig.said(io.GuardLost))

    def test_a_loss_that_overtakes_the_grant_is_not_forgotten(self):
        rig = Rig().opened()
        call = rig.acquire()
        rig.events(lock_lost(110, 100))
        rig.reply("acquire", io.Acquired(grant(100)), zxid=100)
        self.assertEqual(rig.said(io.GuardLost)[0].guard, rig.answers[call].guard)

    def test_at_jeopardy_those_are_lost_that_want_it_so(self):
        rig = Rig().opened()
        kept = rig.held(100)
        given_up = rig.held(101, path="/m", lost_at_jeopardy=True)
        rig.lose_connection()
        rig.pass_ms(LEASE_MS)
        self.assertEqual([(lost.guard, lost.loss.reason) for lost in rig.said(io.GuardLost)],
                         [(given_up, LossReason.JEOPARDY)])
        rig.reconnect()
        self.assertEqual(rig.request("release").request.fields["path"], "/m")
        rig.pass_ms(10)
        self.assertEqual(rig.answers, {})
        rig.release(kept)
        self.assertEqual(rig.methods().count("release"), 2)

    def test_with_the_session_all_are_lost(self):
        rig = Rig().opened()
        guards = {rig.held(100), rig.held(101, path="/m")}
        rig.lose_connection()
        rig.pass_ms(LEASE_MS + 45_000)
        lost = rig.said(io.GuardLost)
        self.assertEqual({one.guard for one in lost}, guards)
        self.assertEqual({one.loss.reason for one in lost}, {LossReason.EXPIRED})

    def test_lost_events_make_every_lock_doubtful_until_the_cell_has_said_more(self):
        rig = Rig().opened()
        held, gone, other = rig.held(100), rig.held(101, path="/m"), rig.held(102, path="/n")
        rig.events(Event(EventName(120, 0), EventKind.EVENTS_LOST, "/"))
        self.assertEqual({one.guard for one in rig.said(io.GuardDoubtful)}, {held, gone, other})
        rig.reply("get_sequencer", grant(100))
        rig.reply("get_sequencer", failure("NOT_HELD"))
        rig.reply("get_sequencer", grant(119, "/n"))
        self.assertEqual([one.guard for one in rig.said(io.GuardCertain)], [held])
        self.assertEqual({one.guard for one in rig.said(io.GuardLost)}, {gone, other})

    def test_a_lock_whose_node_its_owner_removes_is_not_believed_until_the_cell_has_said_more(self):
        def removals(rig, timeout_ms=None):
            one = rig.core.call(
                rig.now, io.Request("remove", {"path": "/l", "owner": 1}), timeout_ms)
            other = rig.core.call(rig.now, io.Request("multi", {"ops": [
                ("check_absent", {"path": "/x"}), ("remove", {"path": "/m", "owner": 1}),
                ("remove", {"path": "/n", "owner": 2})]}), timeout_ms)
            rig.take()
            return one, other

        rig = Rig().opened()
        first, second, third = rig.held(100), rig.held(101, path="/m"), rig.held(102, path="/n")
        one, other = removals(rig)
        self.assertEqual([one.guard for one in rig.said(io.GuardDoubtful)], [first, second])
        rig.reply("remove", Done(110), zxid=110)
        rig.reply("get_sequencer", failure("NO_NODE"))
        rig.reply("multi", failure("NODE_EXISTS", op_index=0))
        rig.reply("get_sequencer", grant(101, "/m"))
        self.assertEqual(rig.answers[one], Done(110))
        self.assertEqual([one.guard for one in rig.said(io.GuardLost)], [first])
        self.assertEqual([one.guard for one in rig.said(io.GuardCertain)], [second])
        rig.release(third)
        # One that was never sent changes nothing, and one without answer is waited for.
        rig = Rig().opened()
        rig.held(100)
        rig.lose_connection()
        removals(rig, timeout_ms=10)
        rig.pass_ms(10)
        self.assertTrue(rig.said(io.GuardDoubtful))
        rig.reconnect()
        rig.reply("get_sequencer", grant(100))
        self.assertTrue(rig.said(io.GuardCertain))
        removals(rig, timeout_ms=10)
        rig.pass_ms(10)
        self.assertNotIn("get_sequencer", rig.methods())
        rig.reply("remove", Done(110), zxid=110)
        rig.reply("get_sequencer", failure("NOT_HELD"))
        self.assertTrue(rig.said(io.GuardLost))

    def test_a_release_of_what_is_lost_is_refused(self):
        rig = Rig().opened()
        guard = rig.held(100)
        rig.events(lock_lost(110, 100))
        call = rig.release(guard)
        self.assertIs(rig.answers[call].code, ErrorCode.NOT_HELD)


class Events(unittest.TestCase):
    def test_they_come_before_the_answer_that_shows_a_later_state(self):
        rig = Rig().opened()
        watch = rig.watch("/w", {EventKind.CONTENTS_CHANGED})
        call = rig.call("get", path="/w")
        rig.reply("get", "later", zxid=21, through=EventName(20, 0))
        self.assertNotIn(call, rig.answers)
        rig.events(changed(20))
        self.assertEqual(rig.said(io.EventsCame)[0].events, [(changed(20), [watch])])
        self.assertEqual(rig.answers[call], "later")

    def test_an_extension_that_shows_a_later_state_waits_for_them_too(self):
        rig = Rig().opened()
        rig.said(io.LeaseMoved)
        rig.watch("/w", {EventKind.CONTENTS_CHANGED})
        rig.pass_ms(10)
        rig.call("create", path="/a", contents=b"")
        rig.reply("create", "x", zxid=21, lease_ms=LEASE_MS, through=EventName(20, 0))
        self.assertFalse(rig.said(io.LeaseMoved))

    def test_an_answer_does_not_wait_for_events_that_no_watch_wants_any_more(self):
        rig = Rig().opened()
        call = rig.call("get", path="/w")
        rig.reply("get", "later", zxid=21, through=EventName(20, 0))
        rig.events(zxid=22)
        self.assertEqual(rig.answers[call], "later")

    def test_each_is_told_once_whatever_is_repeated(self):
        rig = Rig().opened()
        rig.watch("/w", {EventKind.CONTENTS_CHANGED})
        rig.events(changed(20), changed(20, 1))
        rig.told()
        rig.lose_connection()
        rig.reconnect()
        rig.events(changed(20, 1), changed(21))
        (came,) = rig.said(io.EventsCame)
        self.assertEqual([event.name for event, _ in came.events], [EventName(21, 0)])

    def test_a_slow_program_delays_the_keep_alive_but_not_beyond_a_quarter_of_the_lease(self):
        rig = Rig().opened()
        rig.watch("/w", {EventKind.CONTENTS_CHANGED})
        rig.events(changed(20))
        rig.pass_ms(LEASE_MS // 4 - 1)
        self.assertNotIn("keep_alive", rig.methods())
        rig.pass_ms(2)
        self.assertEqual(rig.request("keep_alive").request.fields["acknowledged"],
                         EventName(20, 0))
        self.assertIs(rig.core.state, SessionState.LIVE)

    def test_a_watch_is_made_again_from_behind_what_was_got(self):
        rig = Rig().opened()
        rig.watch("/w", {EventKind.CONTENTS_CHANGED}, active_from=10)
        self.assertIsNone(rig.sent[-1].request.fields["after"])
        rig.lose_connection()
        rig.reconnect()
        self.assertEqual(rig.request("watch").request.fields["after"], EventName(9, INDEX_MAX))
        rig.reply("watch", io.WatchSet(10))
        rig.events(changed(20))
        rig.told()
        rig.lose_connection()
        rig.reconnect()
        self.assertEqual(rig.request("watch").request.fields["after"], EventName(20, 0))

    def test_a_watch_hears_what_it_asked_for(self):
        rig = Rig().opened()
        node = rig.watch("/w", {EventKind.CONTENTS_CHANGED})
        tree = rig.watch("/", {EventKind.CONTENTS_CHANGED}, recursive=True)
        below = rig.watch("/w", {EventKind.CONTENTS_CHANGED}, recursive=True, active_from=30)
        leader = rig.watch("/none", {EventKind.LEADER_CHANGED})
        rig.events(changed(20), changed(21, path="/w/x"), changed(22, path="/wx"),
                   Event(EventName(23, 0), EventKind.LEADER_CHANGED, "/"),
                   changed(31, path="/w/x"), Event(EventName(32, 0), EventKind.EVENTS_LOST, "/"))
        told = [watches for _, watches in rig.said(io.EventsCame)[0].events]
        self.assertEqual(told, [[node, tree], [tree], [tree], [leader], [tree, below],
                                [node, tree, below, leader]])

    def test_with_the_session_all_watches_end(self):
        rig = Rig().opened()
        watch = rig.watch("/w", {EventKind.CONTENTS_CHANGED})
        rig.reply("keep_alive", failure("SESSION_EXPIRED"))
        (ended,) = rig.said(io.WatchEnded)
        self.assertEqual(ended.watch, watch)
        self.assertIs(ended.failure.code, ErrorCode.SESSION_EXPIRED)


if __name__ == "__main__":
    unittest.main()
