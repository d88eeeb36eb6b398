"""Locks of the package against a real cell."""

import os
import signal
import threading
import time
import unittest

from tests.python.package import holdfast
from tests.harness import CellTest, Session, eventually
from tests.harness.deadline import SLOWNESS
from holdfast import errors


class LockTest(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.session = self.connect()

    def connect(self, **options):
        options.setdefault("lease", 6 * SLOWNESS)
        session = holdfast.connect(self.cell.endpoints, **options)
        self.addCleanup(session.close)
        return session

    def in_thread(self, function):
        """Runs it; join() raises what it raised, or answers what it answered."""
        outcome = []

        def run():
            try:
                outcome.append((function(), None))
            except BaseException as failure:  # To be raised by join().
                outcome.append((None, failure))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def join():
            thread.join(40 * SLOWNESS)
            self.assertFalse(thread.is_alive())
            answer, failure = outcome[0]
            if failure is not None:
                raise failure
            return answer

        return join

    def waiters(self, path, count):
        eventually(f"{count} wait", lambda: self.session.lock_info(path).waiter_count == count)

    def test_the_block_holds_the_lock(self):
        with self.session.lock("/l", wait=5, description="the nightly run") as lock:
            self.assertTrue(lock.held)
            self.assertTrue(0 < lock.remaining() <= 6 * SLOWNESS)
            lock.check()
            self.assertEqual(lock.info().holders[0].description, "the nightly run")
            self.assertEqual(holdfast.Sequencer.parse(lock.sequencer).generation, lock.generation)
            self.session.set("/l", b"1", guard=lock)
        self.assertFalse(lock.held or lock.lost)
        self.assertEqual(self.session.check_sequencer(lock.sequencer),
                         holdfast.SequencerState.STALE)
        with self.assertRaises(errors.StaleSequencerError):
            self.session.set("/l", b"2", guard=lock)
        with self.assertRaises(errors.NotHeldError):
            lock.check()
        first = lock.generation
        with lock:
            self.assertGreater(lock.generation, first)

    def test_what_the_body_raises_goes_on_and_the_lock_is_free(self):
        with self.assertRaises(ZeroDivisionError):
            with self.session.lock("/l"):
                raise ZeroDivisionError
        self.connect().lock("/l").acquire(wait=0)

    def test_try_wait_and_refusals(self):
        other = self.connect(client_name="other")
        held = other.lock("/l").acquire()
        lock = self.session.lock("/l")
        self.assertFalse(lock.try_acquire())
        with self.assertRaises(errors.LockHeldError) as refused:
            lock.acquire(wait=0)
        self.assertEqual(refused.exception.holders[0].client_name, "other")
        began = time.monotonic()
        with self.assertRaises(errors.CallTimeoutError) as late:
            lock.acquire(wait=0.3)
        self.assertFalse(late.exception.outcome_pending)
        self.assertGreater(time.monotonic() - began, 0.2)
        with self.assertRaises(TimeoutError):
            lock.acquire(timeout=0.2)
        self.waiters("/l", 0)
        held.release()
        self.assertTrue(lock.try_acquire())
        with self.assertRaises(errors.BadArgumentError):
            lock.acquire()
        with self.assertRaises(errors.NoNodeError):
            self.session.lock("/none", create=holdfast.CreateMode.NO_CREATE).acquire()
        self.session.lock("/t", create=holdfast.CreateMode.UNTIL_FREE).acquire().release()
        self.assertIsNone(self.session.exists("/t"))

    def test_the_queue_is_first_come_first_served(self):
        held = self.session.lock("/l").acquire()
        order, ahead, joins = [], [], []

        for place, name in enumerate("abc"):
            def run(name=name):
                lock = self.session.lock("/l", owner=holdfast.new_owner())
                lock.acquire(on_waiting=ahead.append)
                order.append(name)
                lock.release()

            joins.append(self.in_thread(run))
            self.waiters("/l", place + 1)
            eventually("it is told so", lambda: len(ahead) == place + 1)
        held.release()
        for join in joins:
            join()
        self.assertEqual(order, ["a", "b", "c"])
        self.assertEqual(ahead, [0, 1, 2])

    def test_shared_holders_share_and_a_waiting_writer_is_not_overtaken(self):
        readers = [self.session.read_lock("/l", owner=holdfast.new_owner()).acquire()
                   for _ in range(2)]
        self.assertTrue(all(reader.held for reader in readers))
        writer = self.session.write_lock("/l", owner=holdfast.new_owner())
        join = self.in_thread(writer.acquire)
        self.waiters("/l", 1)
        late = self.session.read_lock("/l", owner=holdfast.new_owner())
        self.assertFalse(late.try_acquire())
        for reader in readers:
            reader.release()
        join()
        self.assertTrue(writer.held)
        self.assertEqual(writer.mode, holdfast.LockMode.EXCLUSIVE)

    def test_one_thread_is_one_owner_and_its_locks_are_free_with_the_last_release(self):
        with self.session.lock("/l") as outer:
            with self.session.lock("/l", wait=0) as inner:
                self.assertEqual(inner.sequencer, outer.sequencer)
            self.assertTrue(outer.held)
            self.assertEqual(self.session.check_sequencer(outer.sequencer),
                             holdfast.SequencerState.VALID)
            join = self.in_thread(lambda: self.session.lock("/l").try_acquire())
            self.assertFalse(join())
            with self.assertRaises(errors.BadArgumentError):
                self.session.read_lock("/l").acquire()
        self.assertEqual(self.session.check_sequencer(outer.sequencer),
                         holdfast.SequencerState.STALE)
        locks = [self.session.lock(path).acquire() for path in ("/l", "/m")]
        with self.assertRaises(errors.LockHeldError):
            self.session.delete("/l", owner=holdfast.new_owner())
        self.session.delete("/l")
        self.session.multi([holdfast.ops.Delete("/m")])
        eventually("they went with their nodes", lambda: all(lock.lost for lock in locks))

    def test_a_deadlock_of_threads_is_refused(self):
        first = self.session.lock("/a").acquire()
        entered = threading.Event()

        def other():
            with self.session.lock("/b"):
                entered.set()
                with self.session.lock("/a"):
                    return "had both"

        join = self.in_thread(other)
        entered.wait()
        self.waiters("/a", 1)
        with self.assertRaises(errors.DeadlockError) as refused:
            self.session.lock("/b").acquire()
        self.assertEqual({edge.path for edge in refused.exception.failure.cycle}, {"/a", "/b"})
        first.release()
        self.assertEqual(join(), "had both")

    def test_a_wait_is_cancelled_by_another_thread(self):
        held = self.connect().lock("/l").acquire()
        lock = self.session.lock("/l")
        join = self.in_thread(lock.acquire)
        self.waiters("/l", 1)
        lock.cancel()
        with self.assertRaises(errors.AcquireCancelledError):
            join()
        self.waiters("/l", 0)
        self.assertTrue(held.held)
        lock.cancel()  # Nothing waits.

    def test_ctrl_c_in_a_wait_leaves_nothing_behind(self):
        held = self.connect().lock("/l").acquire()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)

        def interrupt():
            self.waiters("/l", 1)
            os.kill(os.getpid(), signal.SIGINT)

        join = self.in_thread(interrupt)
        with self.assertRaises(KeyboardInterrupt):
            self.session.lock("/l").acquire()
        join()
        self.waiters("/l", 0)
        held.release()
        self.assertTrue(self.connect().lock("/l").try_acquire())

    def test_a_lock_delay_keeps_the_lock_of_an_expired_session_closed(self):
        holder = Session(self.cell.endpoints, lease_ms=1000, name="holder")
        holder.acquire("/l", lock_delay_ms=30_000)
        holder.die()
        lock = self.session.lock("/l")

        def refusal():
            try:
                lock.acquire(wait=0)
            except errors.LockHeldError:
                return None
            except errors.LockDelayedError as delayed:
                return delayed

        delayed = eventually("the session expires", refusal)
        self.assertTrue(0 < delayed.remaining <= 30)
        self.assertEqual(delayed.failure.previous_holder.client_name, "holder")

    def test_loss_is_raised_at_the_end_of_the_block_and_told_once(self):
        told = []
        with self.assertRaises(holdfast.LockLost) as lost:
            with self.session.lock("/l", on_lost=told.append) as lock:
                self.session.break_lock("/l", "it hangs", "anna")
                eventually("it is lost", lambda: not lock.held)
                with self.assertRaises(holdfast.LockLost):
                    lock.check()
        self.assertEqual(lost.exception.loss.reason, holdfast.LossReason.TAKEN)
        self.assertIn("anna", str(lost.exception))
        eventually("it is told", lambda: told)
        self.assertEqual(told, [lost.exception.loss])
        with self.assertRaises(ValueError) as raised:
            with self.session.lock("/l") as lock:
                self.session.break_lock("/l", "again", "anna")
                eventually("it is lost", lambda: lock.lost)
                raise ValueError
        self.assertIn("was lost", raised.exception.__notes__[0])

    def test_loss_is_raised_into_the_body(self):
        with self.assertRaises(holdfast.LockLost) as lost:
            with self.session.lock("/l", interrupt=True):
                self.session.break_lock("/l", "it hangs", "anna")
                ends = time.monotonic() + 30 * SLOWNESS
                while time.monotonic() < ends:
                    pass
                self.fail("nothing was raised")
        self.assertIn("anna", str(lost.exception))
        with self.session.lock("/l", interrupt=True) as lock:
            self.assertTrue(lock.held)

    def test_the_holder_hears_that_somebody_waits(self):
        wanted = []
        with self.session.lock("/l") as lock:
            self.session.watch("/l", wanted.append, kinds={holdfast.EventKind.LOCK_CONFLICT})
            join = self.in_thread(lambda: self.session.lock("/l").acquire().release())
            eventually("it hears", lambda: wanted)
            self.assertTrue(lock.held)
        join()
        self.assertEqual(wanted[0].session_id, self.session.id)

    def test_a_forked_child_believes_nothing_and_says_nothing(self):
        lock = self.session.lock("/l").acquire()
        child = os.fork()
        if child == 0:
            try:
                believes = lock.held or self.session.state is holdfast.SessionState.LIVE
                try:
                    self.session.get("/l")
                except errors.SessionExpiredError:
                    os._exit(1 if believes else 0)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        self.session.set("/l", b"the parent goes on", guard=lock)
        self.assertTrue(lock.held)


if __name__ == "__main__":
    unittest.main()
