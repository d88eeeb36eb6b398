"""The package through what happens to the cell: nothing is done twice, nothing is believed that is
not so, no event is missing."""

import os
import signal
import subprocess
import sys
import threading
import time
import unittest

from tests.python.package import FOLDER, holdfast
from tests.harness import CellTest, Session, api, eventually
from tests.harness.deadline import SLOWNESS
from holdfast import SessionState, errors

LEASE_S = 3.0 * SLOWNESS  # Jeopardy comes soon.
LONG_S = 20.0 * SLOWNESS  # It does not come.


HOLDER = f"""
import sys, holdfast
lock = holdfast.connect(lease={2 * SLOWNESS}).lock("/l").acquire()
print("HOLDS", lock.held, flush=True)
sys.stdin.readline()
print("HOLDS", lock.held, flush=True)
try:
    lock.release()
except holdfast.LockLost as lost:
    print(type(lost).__name__, flush=True)
"""


class Writer(threading.Thread):
    """Writes one value after the other under a lock, each only over the one before: a write that
    were carried out twice, or not at all, would stop it."""

    def __init__(self, session, lock, path):
        super().__init__(daemon=True)
        self.session, self.lock, self.path = session, lock, path
        self.generation = session.create(path, b"0", guard=lock).stat.content_generation
        self.done = 0
        self.failure = None
        self._stopping = threading.Event()

    def run(self):
        try:
            while not self._stopping.is_set():
                written = self.session.set(self.path, b"%d" % (self.done + 1),
                                           if_generation=self.generation, guard=self.lock)
                assert written.stat.content_generation == self.generation + 1, written
                self.generation += 1
                self.done += 1
        except BaseException as failure:  # To be raised by stop().
            self.failure = failure

    def stop(self):
        self._stopping.set()
        self.join(40 * SLOWNESS)
        if self.failure is not None:
            raise self.failure
        assert not self.is_alive(), "a write has no answer"


class FailoverTest(CellTest):
    def connect(self, replicas, **options):
        options.setdefault("lease", LEASE_S)
        session = holdfast.connect([replica.endpoint for replica in replicas], **options)
        self.addCleanup(session.close)
        return session

    def test_writes_go_on_exactly_once_and_locks_stay_when_the_leader_is_killed(self):
        cell = self.start_cell()
        states = []
        session = self.connect(cell.replicas, lease=LONG_S, on_state=states.append)
        lock = session.lock("/l", wait=5).acquire()
        writers = [Writer(session, lock, f"/w{place}") for place in range(3)]
        for writer in writers:
            writer.start()
        for _ in range(3):
            before = [writer.done for writer in writers]
            leader = cell.wait_until_serving()
            leader.kill()
            self.assertTrue(lock.held)
            eventually("all write on", lambda: all(
                writer.done > count + 5 for writer, count in zip(writers, before)))
            self.assertTrue(lock.held)
            self.assertEqual(session.check_sequencer(lock.sequencer), api.SequencerState.VALID)
            leader.start()
        for writer in writers:
            writer.stop()
        for writer in writers:
            node = session.get(writer.path)
            self.assertEqual(node.contents, b"%d" % writer.done)
            self.assertEqual(node.stat.content_generation, writer.done + 1)
        self.say(f"{sum(writer.done for writer in writers)} writes through three lost leaders")
        lock.release()
        self.assertEqual(states, [SessionState.LIVE])

    def test_a_wait_keeps_its_place_when_the_leader_is_killed(self):
        cell = self.start_cell()
        holder = self.connect(cell.replicas, lease=LONG_S).lock("/l").acquire()
        waiting = self.connect(cell.replicas, lease=LONG_S, client_name="first").lock("/l")
        thread = threading.Thread(target=waiting.acquire, daemon=True)
        thread.start()
        eventually("it waits", lambda: holder.info().waiter_count == 1)
        cell.leader().kill()
        late = Session([replica.endpoint for replica in cell.running()], name="late")
        self.addCleanup(late.die)
        with self.assertRaises(api.LockServiceError):
            late.acquire("/l", wait_s=0.2)
        self.assertEqual([waiter.client_name for waiter in holder.info().waiters], ["first"])
        holder.release()
        thread.join(30 * SLOWNESS)
        self.assertTrue(waiting.held)

    def test_at_a_stopped_leader_a_lock_is_not_believed_past_the_cells_decision(self):
        cell = self.start_cell()
        old = cell.wait_for_leader()
        states, told = [], []
        session = self.connect([old], on_state=states.append)
        lock = session.lock("/l", on_lost=told.append).acquire()
        waiter = self.connect([replica for replica in cell.voters if replica is not old])
        entered = threading.Event()
        believed = []

        def wait_for_it():
            with waiter.lock("/l"):
                believed.append(lock.held)  # Both at the same moment.
                entered.set()

        thread = threading.Thread(target=wait_for_it, daemon=True)
        thread.start()
        eventually("it waits", lambda: session.lock_info("/l").waiter_count == 1)
        old.pause()
        self.assertTrue(entered.wait(40 * SLOWNESS))
        thread.join(30 * SLOWNESS)
        self.assertEqual(believed, [False])
        self.assertEqual(lock.remaining(), 0)
        self.assertIs(session.state, SessionState.JEOPARDY)
        with self.assertRaises(holdfast.LockInDoubt):
            lock.check()
        self.assertFalse(lock.lost, "a replica that is stopped cannot say that")
        old.resume()
        eventually("it hears of the loss", lambda: lock.lost)
        self.assertIs(lock.loss.reason, holdfast.LossReason.EXPIRED)
        eventually("it is told", lambda: told)
        self.assertEqual(states, [SessionState.LIVE, SessionState.JEOPARDY, SessionState.EXPIRED])
        with self.assertRaises(holdfast.LockLost):
            lock.release()

    def test_at_a_cut_off_follower_a_lock_is_not_believed_past_the_cells_decision(self):
        cell = self.start_cell(with_links=True)
        follower = cell.followers()[0]
        session = self.connect([follower])
        lock = session.lock("/l").acquire()
        waiter = self.connect([replica for replica in cell.voters if replica is not follower])
        cell.isolate(follower)
        with waiter.lock("/l", wait=60 * SLOWNESS):
            self.assertFalse(lock.held)
            self.assertFalse(lock.lost, "a replica that is cut off cannot know that")
        cell.rejoin_network(follower)
        eventually("it hears of the loss", lambda: lock.lost)
        with self.assertRaises(errors.SessionExpiredError):
            session.set("/l", b"late", guard=lock)

    def test_a_holder_that_was_stopped_past_its_lease_does_not_believe_when_it_goes_on(self):
        cell = self.start_cell()
        holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-B", "-c", HOLDER], text=True,
            env={**os.environ, "PYTHONPATH": FOLDER,
                 "HOLDFAST_ENDPOINTS": ",".join(cell.endpoints)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.stdin.close)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        self.assertEqual(holder.stdout.readline(), "HOLDS True\n")
        holder.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, holder.pid, os.WSTOPPED | os.WNOWAIT)
        with self.connect(cell.replicas, lease=LONG_S).lock("/l", wait=60 * SLOWNESS):
            holder.stdin.write("go on\n")
            holder.stdin.flush()
            holder.send_signal(signal.SIGCONT)
            self.assertEqual(holder.stdout.readline(), "HOLDS False\n")
            self.assertEqual(holder.stdout.readline(), "LockLost\n")

    def test_nothing_is_noticed_of_a_rolling_restart(self):
        cell = self.start_cell()
        states = []
        session = self.connect(cell.replicas, lease=LONG_S, on_state=states.append)
        with session.lock("/l") as lock, session.watch("/l") as watch:
            for round_number, replica in enumerate(cell.replicas):
                replica.terminate()
                session.set("/l", b"%d" % round_number, guard=lock)
                replica.start()
                cell.wait_until_serving()
            self.assertEqual([watch.next(20 * SLOWNESS).content_generation for _ in cell.replicas],
                             [2, 3, 4])
        self.assertEqual(states, [SessionState.LIVE])

    def test_short_trouble_is_jeopardy_and_then_safe_with_the_same_lock(self):
        cell = self.start_cell()
        states, calls = [], []
        session = self.connect(cell.replicas, on_state=states.append)
        given_up = session.lock("/m", lost_at_jeopardy=True, owner=1).acquire()
        with session.lock("/l", on_jeopardy=lambda: calls.append("jeopardy"),
                          on_safe=lambda: calls.append("safe")) as lock:
            for replica in cell.replicas:
                replica.pause()
            eventually("it is in jeopardy", lambda: not lock.held)
            eventually("it is told", lambda: calls == ["jeopardy"])
            self.assertTrue(given_up.lost)
            with self.assertRaises((errors.CallTimeoutError, errors.NoQuorumError)):
                session.get("/l", timeout=0.1)
            for replica in cell.replicas:
                replica.resume()
            eventually("it is held again", lambda: lock.held)
            eventually("it is told", lambda: calls == ["jeopardy", "safe"])
            self.assertEqual(session.check_sequencer(lock.sequencer), api.SequencerState.VALID)
            # What was given up is free as soon as the cell could be told.
            session.lock("/m", owner=2, wait=5).acquire().release()
        self.assertEqual(states, [SessionState.LIVE, SessionState.JEOPARDY, SessionState.SAFE])

    def test_loss_at_jeopardy_interrupts_the_body(self):
        cell = self.start_cell()
        session = self.connect(cell.replicas)
        with self.assertRaises(holdfast.LockLost) as lost:
            with session.lock("/l", interrupt=True, lost_at_jeopardy=True) as lock:
                for replica in cell.replicas:
                    replica.pause()
                while lock.held:
                    pass
                ends = time.monotonic() + 30 * SLOWNESS
                while time.monotonic() < ends:
                    pass
        for replica in cell.replicas:
            replica.resume()
        self.assertIs(lost.exception.loss.reason, holdfast.LossReason.JEOPARDY)

    def test_events_come_without_gap_or_repetition_through_the_loss_of_leaders(self):
        cell = self.start_cell()
        session = self.connect(cell.replicas, lease=LONG_S)
        writer = self.connect(cell.replicas, lease=LONG_S)
        session.create("/w")
        told = []
        session.watch("/w", told.append, recursive=True)
        taken = session.watch("/w", recursive=True)
        written = []
        for round_number in range(3):
            leader = cell.wait_until_serving()
            for number in range(40):
                if number == 20:
                    leader.kill()
                path = f"/w/{round_number}-{number}"
                written.append((writer.create(path).zxid, path))
            leader.start()
        expected = [path.rsplit("/", 1)[1] for _, path in written]

        def added(events):
            self.assertNotIn(holdfast.EventKind.EVENTS_LOST, [event.kind for event in events])
            return [event for event in events if event.kind is holdfast.EventKind.CHILD_ADDED]

        eventually("all are told", lambda: len(added(told)) >= len(expected))
        self.assertEqual([event.child for event in added(told)], expected)
        self.assertEqual([event.name.zxid for event in added(told)],
                         [zxid for zxid, _ in written])
        names = [event.name for event in told]
        self.assertEqual(names, sorted(set(names)))
        self.assertEqual([taken.next(10) for _ in told], told)
        taken.close()
        self.assertEqual(list(taken), [])

    def test_a_new_watch_goes_on_where_another_session_has_stopped(self):
        cell = self.start_cell()
        with self.connect(cell.replicas) as first:
            first.create("/w")
            with first.watch("/w") as watch:
                first.set("/w", b"1")
                seen = watch.next(10)
            first.set("/w", b"2")
        second = self.connect(cell.replicas)
        with second.watch("/w", after=seen.name) as watch:
            self.assertEqual(watch.next(10).content_generation, 3)
            with self.assertRaises(errors.CallTimeoutError):
                watch.next(0.05)

    def test_a_whole_cell_that_comes_back_finds_its_clients(self):
        cell = self.start_cell()
        session = self.connect(cell.replicas, lease=LONG_S)
        lock = session.lock("/l").acquire()
        client = holdfast.CellClient(cell.endpoints)
        self.addCleanup(client.close)
        cell.kill()
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(session.create("/a", guard=lock)), daemon=True)
        thread.start()
        with self.assertRaises(errors.NoQuorumError):
            client.get("/l", timeout=0.5)
        cell.start()
        thread.join(40 * SLOWNESS)
        self.assertEqual(answers[0].path, "/a")
        self.assertTrue(lock.held)
        self.assertEqual(client.check_sequencer(lock.sequencer), api.SequencerState.VALID)


if __name__ == "__main__":
    unittest.main()
