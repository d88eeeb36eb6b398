"""The session's core: the lease, the connection, and requests that are carried out exactly once."""

import unittest

from tests.python.rig import LEASE_MS, SESSION, Rig, failure
from holdfast._core import io
from holdfast.errors import ErrorCode
from holdfast.replies import Created, Done
from holdfast.values import SessionState, Stat

MARGIN_MS = LEASE_MS // 64 + 1


def created(zxid):
    return Created(zxid, "/a", Stat(instance=zxid))


class Opening(unittest.TestCase):
    def test_it_is_opened_again_with_the_same_secret_until_somebody_answers(self):
        rig = Rig(secret=b"s" * 16)
        rig.core.start(rig.now)
        rig.take()
        rig.connected()
        rig.lose_connection()
        rig.wait_for_connection()
        rig.connected()
        secrets = [send.request.fields["secret"] for send in rig.sent]
        self.assertEqual(secrets, [b"s" * 16] * 2)
        self.assertEqual([send.head.session_id for send in rig.sent], [0, 0])
        rig.reply("open_session", io.SessionOpened(SESSION, LEASE_MS, "cell", bytes(16)))
        self.assertEqual(rig.core.facts.session_id, SESSION)

    def test_it_fails_when_its_time_is_over_and_says_what_was_heard_last(self):
        rig = Rig(open_timeout_ms=3_000)
        rig.core.start(rig.now)
        rig.take()
        while not rig.said(io.OpenFailed):
            self.assertLess(rig.now, 1_000_000 + 3_001)
            if rig.connection:
                rig.lose_connection("refused")
            rig.pass_ms(1)
        rig = Rig(open_timeout_ms=50)
        rig.core.start(rig.now)
        rig.take()
        rig.lose_connection("refused")
        rig.pass_ms(50)
        (failed,) = rig.said(io.OpenFailed)
        self.assertIs(failed.failure.code, ErrorCode.NO_QUORUM)
        self.assertIn("refused", failed.failure.message)

    def test_an_answer_that_comes_after_the_lease_opens_nothing(self):
        rig = Rig()
        rig.core.start(rig.now)
        rig.take()
        rig.connected()
        rig.now += LEASE_MS  # Nobody ran meanwhile.
        rig.reply("open_session", io.SessionOpened(SESSION, LEASE_MS, "cell", bytes(16)))
        self.assertFalse(rig.said(io.Opened))
        self.assertEqual(rig.connection, 0)

    def test_another_cell_is_refused_for_good(self):
        rig = Rig()
        rig.core.start(rig.now)
        rig.take()
        rig.connected()
        rig.reply("open_session", failure("WRONG_CELL"))
        self.assertIs(rig.said(io.OpenFailed)[0].failure.code, ErrorCode.WRONG_CELL)


class Lease(unittest.TestCase):
    def test_it_is_counted_from_the_sending_less_a_margin(self):
        rig = Rig()
        sent_at = rig.now
        rig.core.start(rig.now)
        rig.take()
        rig.connected()
        rig.pass_ms(400)
        rig.reply("open_session", io.SessionOpened(SESSION, LEASE_MS, "cell", bytes(16)))
        self.assertEqual(rig.said(io.LeaseMoved)[-1].deadline, sent_at + LEASE_MS - MARGIN_MS)

    def test_a_keep_alive_is_always_on_its_way_and_extends_the_lease(self):
        rig = Rig().opened()
        send = rig.request("keep_alive")
        self.assertLess(send.request.fields["max_wait_ms"], LEASE_MS / 3)
        sent_at = rig.now
        rig.pass_ms(3_000)
        rig.events()
        self.assertEqual(rig.said(io.LeaseMoved)[-1].deadline, sent_at + LEASE_MS - MARGIN_MS)
        self.assertEqual(rig.methods().count("keep_alive"), 1)

    def test_a_write_extends_it_too(self):
        rig = Rig().opened()
        rig.said(io.LeaseMoved)
        rig.pass_ms(100)
        sent_at = rig.now
        rig.call("create", path="/a", contents=b"")
        rig.reply("create", created(9), zxid=9, lease_ms=LEASE_MS)
        self.assertEqual(rig.said(io.LeaseMoved)[0].deadline, sent_at + LEASE_MS - MARGIN_MS)

    def test_without_contact_comes_jeopardy_then_expiry_at_the_end_of_grace(self):
        rig = Rig(grace_ms=45_000).opened()
        rig.lose_connection()
        rig.pass_ms(LEASE_MS - MARGIN_MS - 1)
        self.assertIs(rig.core.state, SessionState.LIVE)
        rig.pass_ms(1)
        self.assertEqual([output.state for output in rig.said(io.StateChanged)],
                         [SessionState.JEOPARDY])
        rig.pass_ms(44_999)
        self.assertIs(rig.core.state, SessionState.JEOPARDY)
        rig.pass_ms(1)
        self.assertEqual([output.state for output in rig.said(io.StateChanged)],
                         [SessionState.EXPIRED])

    def test_contact_within_grace_makes_it_safe(self):
        rig = Rig().opened()
        rig.lose_connection()
        rig.pass_ms(LEASE_MS + 5_000)
        rig.reconnect()
        self.assertEqual([output.state for output in rig.said(io.StateChanged)],
                         [SessionState.JEOPARDY, SessionState.SAFE])
        self.assertIs(rig.core.state, SessionState.LIVE)

    def test_an_answer_that_was_asked_for_a_lease_ago_confirms_nothing(self):
        rig = Rig().opened()
        deadline = rig.said(io.LeaseMoved)[-1].deadline
        rig.now = deadline  # The process was stopped, and the answer lay there unread.
        rig.events()
        self.assertEqual([output.state for output in rig.said(io.StateChanged)],
                         [SessionState.JEOPARDY])
        self.assertFalse(rig.said(io.LeaseMoved))

    def test_the_cells_word_ends_the_session(self):
        for method, code in (("keep_alive", "SESSION_EXPIRED"), ("get", "SESSION_EXPIRED")):
            rig = Rig().opened()
            call = rig.call("get", path="/a")
            rig.reply(method, failure(code))
            self.assertIs(rig.core.state, SessionState.EXPIRED)
            self.assertIs(rig.answers[call].code, ErrorCode.SESSION_EXPIRED)
            later = rig.call("get", path="/a")
            self.assertIs(rig.answers[later].code, ErrorCode.SESSION_EXPIRED)

    def test_a_replica_of_another_cell_ends_no_session(self):
        rig = Rig().opened()
        rig.lose_connection()
        rig.wait_for_connection()
        rig.connected()
        rig.reply("resume_session", failure("WRONG_CELL"))
        self.assertIs(rig.core.state, SessionState.LIVE)
        rig.reconnect()
        self.assertIs(rig.core.state, SessionState.LIVE)


class Connection(unittest.TestCase):
    def test_the_first_attempt_is_made_at_once_and_further_ones_after_growing_pauses(self):
        rig = Rig().opened()
        rig.events()  # It was of use.
        rig.lose_connection()
        began = rig.now
        moments = []
        for _ in range(8):
            rig.wait_for_connection()
            moments.append(rig.now - began)
            rig.lose_connection("refused")
        self.assertEqual(moments[0], 0)
        pauses = [later - sooner for sooner, later in zip(moments, moments[1:])]
        for place, pause in enumerate(pauses):
            most = min(50 * 2**place, 2_000)
            self.assertTrue(most // 2 <= pause <= most + 1, f"{pauses}")
        self.assertEqual(set(rig.endpoints), {"a:1", "b:1", "c:1"})

    def test_two_clients_do_not_come_in_step(self):
        def moments(seed):
            rig = Rig(seed=seed).opened()
            rig.events()
            found = []
            for _ in range(6):
                rig.lose_connection()
                rig.wait_for_connection()
                found.append(rig.now)
            return found

        self.assertNotEqual(moments(1), moments(2))
        self.assertEqual(moments(3), moments(3))

    def test_it_goes_where_the_leader_is_said_to_be(self):
        rig = Rig().opened()
        call = rig.call("create", path="/a", contents=b"")
        rig.reply("create", failure("NO_QUORUM", leader="10.0.0.9:1", retryable=True))
        rig.reconnect()
        self.assertEqual(rig.endpoints[-1], "10.0.0.9:1")
        rig.reply("create", created(9), zxid=9)
        self.assertEqual(rig.answers[call], created(9))

    def test_a_silent_connection_is_pinged_and_left_after_a_second(self):
        rig = Rig().opened()
        rig.call("get", path="/a")
        rig.pass_ms(250)
        self.assertIn("cell_status", rig.methods())
        rig.pass_ms(700)
        self.assertNotEqual(rig.connection, 0)
        first = rig.connection
        rig.pass_ms(60)
        self.assertNotEqual(rig.connection, first)

    def test_a_keep_alive_that_waits_is_no_silence(self):
        rig = Rig().opened()
        first = rig.connection
        rig.pass_ms(LEASE_MS // 4)
        self.assertEqual(rig.connection, first)
        self.assertEqual(rig.methods(), ["keep_alive"])

    def test_a_replica_that_pings_but_confirms_no_lease_is_left(self):
        rig = Rig().opened()
        first = rig.connection
        rig.pass_with_pings(LEASE_MS * 3 // 5)
        self.assertNotEqual(rig.connection, first)
        self.assertIs(rig.core.state, SessionState.LIVE)

    def test_a_pause_of_the_process_is_no_silence_of_the_replica(self):
        rig = Rig().opened()
        call = rig.call("get", path="/a")
        first = rig.connection
        rig.now += 5_000  # Stopped; the answer lies there.
        rig.core.tick(rig.now)
        rig.take()
        self.assertEqual(rig.connection, first)
        rig.reply("get", "contents")
        self.assertEqual(rig.answers[call], "contents")

    def test_what_was_seen_is_demanded_of_the_next_replica(self):
        rig = Rig().opened()
        rig.call("get", path="/a")
        rig.reply("get", "contents", zxid=77)
        rig.lose_connection()
        rig.reconnect()
        rig.call("get", path="/a")
        self.assertEqual(rig.request("get").head.last_seen_zxid, 77)
        first = rig.connection
        rig.reply("get", failure("BEHIND", retryable=True))
        self.assertNotEqual(rig.connection, first)

    def test_a_reply_that_nobody_asked_for_is_a_reason_to_leave(self):
        rig = Rig().opened()
        rig.core.on_answer(rig.now, rig.connection, 999, io.Answer("get", io.Facts(), "x"))
        rig.take()
        rig.reconnect()
        send = rig.request("keep_alive")
        rig.core.on_answer(rig.now, rig.connection, send.sequence_id,
                           io.Answer("get", io.Facts(), "x"))
        rig.take()
        rig.reconnect()
        self.assertEqual(len(rig.endpoints), 3)

    def test_closing_says_so_once_the_cell_is_heard_again(self):
        rig = Rig().opened()
        rig.lose_connection()
        call = rig.core.close(rig.now, 5_000)
        rig.take()
        self.assertIs(rig.core.state, SessionState.CLOSED)
        rig.reconnect()
        rig.reply("close_session", Done(50))
        self.assertEqual(rig.answers[call], io.Closed())
        self.assertEqual(rig.connection, 0)
        self.assertIsNone(rig.core.wake_at())

    def test_closing_ends_also_when_the_cell_is_not_heard(self):
        rig = Rig().opened()
        rig.lose_connection()
        call = rig.core.close(rig.now, 5_000)
        rig.pass_ms(5_000)
        self.assertTrue(rig.answers[call].outcome_pending)


class ExactlyOnce(unittest.TestCase):
    def test_open_requests_are_repeated_in_order_under_their_numbers(self):
        rig = Rig().opened()
        calls = [rig.call("create", path=f"/{place}", contents=b"") for place in range(4)]
        numbers = [send.head.request_number for send in rig.sent
                   if send.request.method == "create"]
        self.assertEqual(numbers, [1, 2, 3, 4])
        rig.reply("create", created(20), zxid=20, place=1)
        rig.lose_connection()
        rig.reconnect()
        again = [(send.head.request_number, send.request.fields["path"]) for send in rig.open
                 if send.request.method == "create"]
        self.assertEqual(again, [(1, "/0"), (3, "/2"), (4, "/3")])
        for zxid in (21, 22, 23):
            rig.reply("create", created(zxid), zxid=zxid)
        self.assertEqual([rig.answers[call].zxid for call in calls], [21, 20, 22, 23])

    def test_what_is_answered_is_said_to_be(self):
        rig = Rig().opened()
        for _ in range(3):
            rig.call("create", path="/a", contents=b"")
        self.assertEqual(rig.request("create", 2).head.answered_below, 1)
        rig.reply("create", created(9), zxid=9)
        rig.call("create", path="/a", contents=b"")
        self.assertEqual(rig.request("create", 2).head.answered_below, 2)

    def test_no_more_results_are_left_with_the_cell_than_it_keeps(self):
        rig = Rig().opened()
        for _ in range(600):
            rig.call("create", path="/a", contents=b"")
        self.assertEqual(rig.methods().count("create"), 512)
        rig.reply("create", created(9), zxid=9)
        self.assertEqual(rig.methods().count("create"), 512)

    def test_a_replicas_timeout_is_not_the_programs(self):
        rig = Rig().opened()
        call = rig.call("create", path="/a", contents=b"")
        number = rig.request("create").head.request_number
        rig.reply("create", failure("TIMEOUT", outcome_pending=True))
        self.assertNotIn(call, rig.answers)
        rig.pass_ms(60)
        self.assertEqual(rig.request("create").head.request_number, number)
        # An earlier copy may have been carried out: that this one is turned away says nothing.
        rig.reply("create", failure("NO_SPACE", retryable=True))
        self.assertNotIn(call, rig.answers)
        rig.pass_ms(200)
        rig.reply("create", created(9), zxid=9)
        self.assertEqual(rig.answers[call], created(9))

    def test_a_call_whose_time_is_over_is_carried_on_with_until_its_outcome_is_known(self):
        rig = Rig().opened()
        call = rig.call("create", timeout_ms=300, path="/a", contents=b"")
        rig.pass_ms(300)
        self.assertIs(rig.answers[call].code, ErrorCode.TIMEOUT)
        self.assertTrue(rig.answers[call].outcome_pending)
        rig.lose_connection()
        rig.reconnect()
        self.assertEqual(rig.request("create").head.request_number, 1)
        rig.call("create", path="/b", contents=b"")
        self.assertEqual(rig.request("create", 1).head.answered_below, 1)
        rig.reply("create", created(9), zxid=9)
        rig.call("create", path="/c", contents=b"")
        self.assertEqual(rig.request("create", 1).head.answered_below, 2)

    def test_what_was_never_sent_is_said_not_to_have_been_carried_out(self):
        rig = Rig().opened()
        rig.lose_connection("unplugged")
        call = rig.call("create", timeout_ms=300, path="/a", contents=b"")
        rig.pass_ms(300)
        self.assertIs(rig.answers[call].code, ErrorCode.NO_QUORUM)
        self.assertFalse(rig.answers[call].outcome_pending)
        rig.reconnect()
        self.assertNotIn("create", rig.methods())

    def test_calls_wait_through_jeopardy(self):
        rig = Rig().opened()
        rig.lose_connection()
        rig.pass_ms(LEASE_MS)
        call = rig.call("create", path="/a", contents=b"")
        rig.pass_ms(20_000)
        self.assertNotIn(call, rig.answers)
        rig.reconnect()
        rig.reply("create", created(9), zxid=9)
        self.assertEqual(rig.answers[call], created(9))

    def test_what_was_sent_when_the_session_ends_may_have_been_carried_out(self):
        rig = Rig().opened()
        sent = rig.call("create", path="/a", contents=b"")
        read = rig.call("get", path="/a")
        rig.lose_connection()
        unsent = rig.call("create", path="/b", contents=b"")
        rig.pass_ms(LEASE_MS + 45_000)
        self.assertTrue(rig.answers[sent].outcome_pending)
        self.assertFalse(rig.answers[unsent].outcome_pending)
        self.assertFalse(rig.answers[read].outcome_pending)

    def test_too_many_open_calls_are_refused(self):
        rig = Rig(open_calls_max=2).opened()
        for _ in range(2):
            rig.call("get", path="/a")
        refused = rig.call("get", path="/a")
        self.assertIs(rig.answers[refused].code, ErrorCode.LIMIT)
        self.assertEqual(rig.answers[refused].limit, 2)

    def test_without_a_session_a_break_of_any_holder_is_not_repeated(self):
        rig = Rig(with_session=False)
        rig.core.start(rig.now)
        both = rig.call("break_lock", path="/l")
        one = rig.call("break_lock", path="/l", acquisition=5)
        rig.connected()
        rig.lose_connection()
        self.assertTrue(rig.answers[both].outcome_pending)
        self.assertNotIn(one, rig.answers)


if __name__ == "__main__":
    unittest.main()
