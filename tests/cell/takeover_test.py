"""How long a lock stays with a client that died: the bound that is promised to users."""

import time

from tests.harness import CellTest, Deadline, Session, api
from tests.harness.deadline import SLOWNESS

HEARTBEAT_S = 0.1
SLACK_S = 2.5 * SLOWNESS  # For a busy machine; the promise has none.


class Takeover(CellTest):
    def setUp(self):
        self.cell = self.start_cell()

    def take_over(self, lease_s, lock_delay_s):
        """Seconds from the client's death to the next one's grant."""
        holder = Session(self.cell.endpoints, name="holder", lease_ms=int(lease_s * 1000))
        waiter = Session(self.cell.endpoints, name="waiter", first=1)
        self.addCleanup(waiter.die)
        holder.acquire("/lock", lock_delay_ms=int(lock_delay_s * 1000))
        holder.die()
        died_at = time.monotonic()
        waiter.acquire("/lock", wait_s=60)
        took = time.monotonic() - died_at
        believed_s = holder.lease.until() - died_at
        self.say(f"lease {lease_s} s, lock-delay {lock_delay_s} s: taken over after {took:.2f} s")
        self.assertFalse(holder.lease.runs())
        self.assertGreaterEqual(took, believed_s + lock_delay_s)
        waiter.release("/lock")
        return took

    def test_it_is_granted_to_the_next_within_the_lease(self):
        took = self.take_over(lease_s=4, lock_delay_s=0)
        self.assertLess(took, 4 + HEARTBEAT_S + SLACK_S)

    def test_the_lock_delay_of_the_dead_comes_on_top(self):
        took = self.take_over(lease_s=1, lock_delay_s=4)
        self.assertLess(took, 1 + HEARTBEAT_S + 4 + SLACK_S)

    def test_a_leader_change_costs_one_lease_more(self):
        lease_s = 2
        holder = Session(self.cell.endpoints, name="holder", lease_ms=lease_s * 1000)
        waiter = Session(self.cell.endpoints, name="waiter", first=1)
        self.addCleanup(waiter.die)
        holder.acquire("/lock")
        holder.die()
        died_at = time.monotonic()
        leader = self.cell.wait_for_leader()
        leader.kill()
        leader.start()
        waiter.acquire("/lock", wait_s=60)
        self.assertLess(time.monotonic() - died_at, 2 * lease_s + HEARTBEAT_S + SLACK_S)

    def test_a_closed_session_leaves_at_once_and_without_delay(self):
        holder = Session(self.cell.endpoints, name="holder")
        waiter = Session(self.cell.endpoints, name="waiter", first=1)
        self.addCleanup(waiter.die)
        holder.acquire("/lock", lock_delay_ms=30_000)
        with self.assertRaises(api.LockServiceError) as refused:
            waiter.acquire("/lock")
        self.assertEqual(api.error_name(refused.exception), "LOCK_HELD")
        holder.close()
        waiter.acquire("/lock")

    def test_who_asks_during_the_delay_is_told_so(self):
        holder = Session(self.cell.endpoints, name="the one before", lease_ms=1000)
        asker = Session(self.cell.endpoints, name="asker", first=1)
        self.addCleanup(asker.die)
        holder.acquire("/lock", lock_delay_ms=20_000)
        holder.die()
        refusal = self.refusal_after_expiry(asker)
        self.assertEqual(refusal.previous_holder.client_name, "the one before")
        self.assertTrue(0 < refusal.remaining_ms <= 20_000, refusal.remaining_ms)

    def refusal_after_expiry(self, asker):
        deadline = Deadline(10)
        while not deadline.passed():
            with self.assertRaises(api.LockServiceError) as refused:
                asker.acquire("/lock")
            if refused.exception.code == api.ErrorCode.LOCK_DELAYED:
                return refused.exception
            self.assertEqual(api.error_name(refused.exception), "LOCK_HELD")
            time.sleep(0.05)
        self.fail("the session did not expire")
