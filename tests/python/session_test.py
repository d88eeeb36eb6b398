"""The package against a real cell: every call once, as a program uses it."""

import os
import subprocess
import sys
import unittest
from unittest import mock

from tests.python.package import FOLDER, holdfast
from tests.harness import CellTest, Session, api, eventually
from tests.harness.deadline import SLOWNESS
from holdfast import errors, ops


class SessionTest(CellTest):
    def setUp(self):
        self.cell = self.start_cell()

    def connect(self, **options):
        options.setdefault("lease", 6 * SLOWNESS)
        session = holdfast.connect(self.cell.endpoints, **options)
        self.addCleanup(session.close)
        return session

    def test_data(self):
        session = self.connect(client_name="tester", host="here")
        self.assertEqual(session.state, holdfast.SessionState.LIVE)
        self.assertGreater(session.remaining(), 0)
        self.assertEqual(session.cell_name, "test")
        self.assertEqual(session.cell_id.hex(), self.cell.cell_id)
        created = session.create("/ls/test/a", b"1")
        self.assertEqual(created.path, "/a")
        self.assertEqual(created.stat.instance, created.zxid)
        self.assertEqual(session.get("/ls/local/a").contents, b"1")
        written = session.set("/a", b"2", if_generation=1)
        self.assertEqual(written.stat.content_generation, 2)
        with self.assertRaises(errors.BadGenerationError) as bad:
            session.set("/a", b"3", if_generation=1)
        self.assertEqual(bad.exception.failure.actual, 2)
        with self.assertRaises(errors.NoNodeError) as no_node:
            session.get("/none")
        self.assertEqual(no_node.exception.path, "/none")
        self.assertIsNone(session.exists("/none"))
        self.assertEqual(session.exists("/a").content_length, 1)
        first = session.create("/a/job-", sequential=True, ephemeral=True)
        second = session.create("/a/job-", sequential=True, ephemeral=True)
        self.assertLess(first.path, second.path)
        self.assertEqual(session.list("/a"), [first.path[3:], second.path[3:]])
        child = session.list_with_stats("/a")[0]
        self.assertEqual(child.stat.ephemeral_session_id, session.id)
        with self.assertRaises(errors.NotEmptyError):
            session.delete("/a")
        self.assertGreater(session.delete(second.path), second.zxid)
        with self.assertRaises(errors.NoChildrenForEphemeralsError):
            session.create(first.path + "/x")
        self.assertGreaterEqual(session.sync(), second.zxid)
        self.assertEqual(session.get("/a", stale_ok=True).contents, b"2")

    def test_what_can_never_be_right_is_refused_in_the_callers_thread(self):
        session = self.connect()
        for wrong in (lambda: session.create("/x", "text"),
                      lambda: session.create(b"/x"),
                      lambda: session.create("/x\udcff"),
                      lambda: session.get("/x", timeout=-1),
                      lambda: session.create("relative"),
                      lambda: session.watch("/x", kinds=()),
                      lambda: session.lock("/x", lock_delay=61).acquire(),
                      lambda: session.set("/x", b"", if_generation=2**70),
                      lambda: session.multi(["create"]),
                      lambda: session.watch("/x", after=(1, 2**40)),
                      lambda: session.lock("/x", description=5),
                      lambda: holdfast.connect(self.cell.endpoints, client_name=5),
                      lambda: holdfast.connect(self.cell.endpoints, cell_name=5),
                      lambda: holdfast.connect(self.cell.endpoints, secret=b"short"),
                      lambda: holdfast.connect(self.cell.endpoints, lease=0),
                      lambda: holdfast.CellClient(self.cell.endpoints, cell_id=b"short"),
                      lambda: session.create("/x", ephemeral=True, until_free=True)):
            with self.assertRaises(errors.BadArgumentError, msg=wrong.__code__.co_names):
                wrong()
        with self.assertRaises(errors.TooLargeError):
            session.create("/x", bytes(3 * 1024 * 1024))
        with self.assertRaises(errors.TooLargeError) as too_large:
            session.create("/x", bytes(300 * 1024))
        self.assertEqual(too_large.exception.failure.limit, 256 * 1024)
        with self.assertRaises(errors.WrongCellError):
            session.get("/ls/other/x")
        self.assertEqual(session.state, holdfast.SessionState.LIVE)

    def test_a_multi_is_all_or_nothing(self):
        session = self.connect()
        done = session.multi([ops.CheckAbsent("/m"), ops.Create("/m", b"1"),
                              ops.Create("/m/n-", sequential=True), ops.Set("/m", b"2"),
                              ops.CheckNode("/m", if_generation=2)])
        self.assertEqual(done.results[4].stat.content_generation, 2)
        with self.assertRaises(errors.NodeExistsError) as refused:
            session.multi([ops.Delete(done.results[2].path), ops.CheckAbsent("/m")])
        self.assertEqual(refused.exception.failure.op_index, 1)
        self.assertEqual(len(session.list("/m")), 1)
        with session.lock("/lock") as lock:
            session.multi([ops.CheckSequencer(lock.sequencer), ops.Set("/m", b"3")], guard=lock)
        with self.assertRaises(errors.StaleSequencerError):
            session.multi([ops.Set("/m", b"4")], guard=lock)
        self.assertEqual(session.get("/m").contents, b"3")

    def test_operators_calls_and_a_client_without_session(self):
        session = self.connect(client_name="victim")
        client = holdfast.CellClient(self.cell.endpoints, cell_name="test")
        self.addCleanup(client.close)
        lock = session.lock("/l", description="work").acquire()
        info = client.lock_info("/l")
        self.assertEqual(info.holders[0].client_name, "victim")
        self.assertEqual(info.holders[0].description, "work")
        self.assertEqual([one.path for one in client.list_locks()], ["/l"])
        self.assertIn(session.id, [one.session_id for one in client.list_sessions()])
        self.assertEqual(client.check_sequencer(lock.sequencer), holdfast.SequencerState.VALID)
        self.assertEqual(client.check_sequencers(["what?"]), [holdfast.SequencerState.MALFORMED])
        self.assertTrue(client.status().replica.serving)
        self.assertEqual(client.exists("/l"), session.exists("/l"))
        broken = client.break_lock("/l", "it hangs", "operator", acquisition=lock.acquisition)
        self.assertEqual(broken.broken[0].session_id, session.id)
        eventually("it is lost", lambda: lock.lost)
        self.assertFalse(lock.held)
        self.assertEqual(lock.loss.reason, holdfast.LossReason.TAKEN)
        self.assertIn("it hangs", lock.loss.message)
        with self.assertRaises(holdfast.LockLost):
            lock.check()
        self.assertTrue(client.kill_session(session.id, "and again", "operator"))
        eventually("the session ends",
                   lambda: session.state is holdfast.SessionState.EXPIRED)
        with self.assertRaises(errors.SessionExpiredError):
            session.get("/l")
        with self.assertRaises(errors.WrongCellError):
            holdfast.connect(self.cell.endpoints, cell_name="other")

    def test_a_blocking_call_in_a_callback_is_refused(self):
        session = self.connect()
        seen = []

        def on_event(event):
            try:
                session.get("/w")
            except errors.BadArgumentError as refusal:
                seen.append((event.kind, refusal))

        session.watch("/w", on_event)
        session.create("/w")
        # The event was told before the answer to what caused it.
        self.assertEqual([kind for kind, _ in seen], [holdfast.EventKind.NODE_CREATED])

    def test_a_session_that_is_closed_gives_all_back(self):
        session = holdfast.connect(self.cell.endpoints)
        states = []
        session.add_listener(states.append)
        lock = session.lock("/l", lock_delay=60).acquire()
        session.create("/e", ephemeral=True)
        session.close()
        self.assertFalse(lock.held)
        self.assertEqual(lock.loss.reason, holdfast.LossReason.CLOSED)
        self.assertEqual(states, [holdfast.SessionState.CLOSED])
        self.assertEqual(session.state, holdfast.SessionState.CLOSED)
        other = self.connect()
        self.assertIsNone(other.exists("/e"))
        other.lock("/l", wait=0).acquire()
        with self.assertRaises(errors.SessionExpiredError):
            session.lock("/l").acquire()
        with self.assertRaises(errors.NotHeldError):
            lock.release()
        session.close()

    def test_a_session_that_nobody_closes_is_closed_with_its_object_or_its_program(self):
        watcher = holdfast.CellClient(self.cell.endpoints)
        self.addCleanup(watcher.close)
        session = holdfast.connect(self.cell.endpoints, lease=60 * SLOWNESS)
        lock = session.lock("/l").acquire()
        del session
        self.assertTrue(lock.held, "a lock keeps its session")
        del lock
        eventually("it is closed", lambda: not watcher.list_sessions())
        forgetful = "import holdfast; lock = holdfast.connect(lease=600).lock('/l').acquire()"
        subprocess.run([sys.executable, "-B", "-c", forgetful], check=True, env={
            **os.environ, "PYTHONPATH": FOLDER, "HOLDFAST_ENDPOINTS": self.cell.endpoints[0]})
        self.assertEqual(watcher.list_sessions(), [])

    def test_a_fault_of_the_library_ends_the_belief_in_its_locks(self):
        session = self.connect()
        losses = []
        lock = session.lock("/l", on_lost=losses.append).acquire()
        with self.assertLogs("holdfast", "ERROR"):
            with mock.patch.object(session._runtime._core, "tick", side_effect=ZeroDivisionError):
                eventually("it is noticed", lambda: not lock.held)
                eventually("it is told", lambda: losses)
        self.assertTrue(lock.lost)
        self.assertIs(session.state, holdfast.SessionState.EXPIRED)
        with self.assertRaisesRegex(errors.SessionExpiredError, "see the log"):
            session.get("/l")

    def test_a_previous_session_is_closed_at_once(self):
        ghost = self.connect(instance_name="worker-1")
        ghost.lock("/l", lock_delay=60).acquire()
        again = self.connect(
            instance_name="worker-1",
            previous=holdfast.PreviousSession("worker-1", ghost.secret))
        again.lock("/l", wait=0).acquire()
        eventually("the ghost knows", lambda: ghost.state is holdfast.SessionState.EXPIRED)

    def test_the_stock_client_and_the_package_see_the_same(self):
        stock = Session(self.cell.endpoints)
        self.addCleanup(stock.die)
        session = self.connect()
        grant = stock.acquire("/l")
        with self.assertRaises(errors.LockHeldError) as held:
            session.lock("/l").acquire(wait=0)
        self.assertEqual(held.exception.holders[0].session_id, stock.id)
        self.assertEqual(session.check_sequencer(grant.sequencer), api.SequencerState.VALID)


if __name__ == "__main__":
    unittest.main()
