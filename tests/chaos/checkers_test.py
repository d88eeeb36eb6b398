"""Each checker refuses a history that must not be, and lets a good one pass."""

import unittest

from tests.chaos import finals, judge, linearizable, locks, order, watches
from tests.chaos.history import OK, REFUSED, UNKNOWN, Event, Op, Stream, Tenure

X, S = "LOCK_ACQUIRED", "LOCK_RELEASED"
LOCK = "/lock"


def op(kind, invoked, returned, path="/r", outcome=OK, session=1, **facts):
    facts.setdefault("as_of", facts.get("zxid", 0))
    return Op(client="c", session=session, kind=kind, path=path, invoked=invoked,
              returned=returned, outcome=outcome, **facts)


def write(invoked, returned, zxid, generation, value, **facts):
    return op("set", invoked, returned, zxid=zxid, generation=generation, value=value, **facts)


def read(invoked, returned, zxid, generation, value, as_of, **facts):
    return op("get", invoked, returned, zxid=zxid, generation=generation, value=value,
              as_of=as_of, **facts)


def created(zxid=1):
    return op("create", 0, 1, zxid=zxid, generation=1, value="a")


def stream(*events, name="w", active_from=1):
    return Stream(name, active_from, list(events))


def event(zxid, kind, path="/r", index=0, **facts):
    return Event(zxid=zxid, index=index, kind=kind, path=path, received=float(zxid), **facts)


def grant(zxid, session=1, mode="x", generation=None):
    return event(zxid, X, LOCK, session=session, mode=mode, acquisition=zxid,
                 generation=generation or zxid)


def ending(zxid, acquisition, session=1, kind=S):
    return event(zxid, kind, LOCK, session=session, acquisition=acquisition)


class CheckerTest(unittest.TestCase):
    def refused(self, faults, count=1):
        found = list(faults)
        self.assertEqual(len(found), count, found)

    def passed(self, faults):
        self.assertEqual(list(faults), [])


class Linearizability(CheckerTest):
    def test_calls_that_overlap_may_have_either_order(self):
        self.passed(linearizable.register_faults([
            created(), write(2, 5, 3, 3, "c"), write(2, 5, 2, 2, "b"),
            read(3, 6, 3, 3, "c", 3)]))

    def test_a_read_of_what_was_overwritten_before(self):
        self.refused(linearizable.register_faults([
            created(), write(2, 3, 2, 2, "b"), read(4, 5, 1, 1, "a", 2)]))

    def test_a_read_of_the_future(self):
        self.refused(linearizable.register_faults([
            created(), read(2, 3, 2, 2, "b", 2), write(4, 5, 2, 2, "b")]))

    def test_a_write_that_was_carried_out_twice_raises_the_generation_twice(self):
        self.refused(linearizable.register_faults([
            created(), write(2, 3, 2, 2, "b"), write(4, 5, 4, 4, "c")]))

    def test_two_swaps_from_one_generation(self):
        self.refused(linearizable.register_faults([
            created(), op("swap", 2, 3, expected=1, generation=2, value="b"),
            op("swap", 4, 5, expected=1, generation=2, value="c")]))

    def test_a_swap_that_was_refused_without_reason(self):
        self.refused(linearizable.register_faults([
            created(), op("swap", 2, 3, expected=1, outcome=REFUSED, error="BAD_GENERATION",
                          generation=1)]))

    def test_an_acknowledged_write_that_is_gone(self):
        self.refused(linearizable.register_faults([
            created(), op("get", 2, 3, outcome=REFUSED, error="NO_NODE")]))

    def test_a_write_of_unknown_outcome_may_come_at_any_time_or_never(self):
        lost = op("set", 2, None, outcome=UNKNOWN, value="b")
        self.passed(linearizable.register_faults([created(), lost, read(4, 5, 1, 1, "a", 1)]))
        self.passed(linearizable.register_faults([
            created(), lost, read(4, 5, 1, 1, "a", 1), read(6, 7, 6, 2, "b", 6)]))

    def test_a_write_of_unknown_outcome_does_not_come_twice_nor_go_again(self):
        lost = op("set", 2, None, outcome=UNKNOWN, value="b")
        self.refused(linearizable.register_faults([
            created(), lost, read(4, 5, 2, 2, "b", 2), read(6, 7, 1, 1, "a", 6)]))
        self.refused(linearizable.register_faults([
            created(), lost, read(4, 5, 2, 3, "b", 2)]))

    def test_a_lock_has_one_holder(self):
        taken = op("acquire", 0, 1, LOCK, session=1)
        self.refused(linearizable.lock_faults([taken, op("acquire", 2, 3, LOCK, session=2)]))
        self.passed(linearizable.lock_faults([
            taken, op("release", 2, 3, LOCK, session=1), op("acquire", 2, 3, LOCK, session=2)]))

    def test_a_lock_may_pass_on_when_its_holders_session_can_have_ended(self):
        taken, next_one = op("acquire", 0, 1, LOCK), op("acquire", 4, 5, LOCK, session=2)
        end = op("expire", 0, None, "", outcome=UNKNOWN)
        self.passed(linearizable.lock_faults([taken, next_one, end]))
        end.invoked = 6
        self.refused(linearizable.lock_faults([taken, next_one, end]))

    def test_shared_holders_stand_beside_each_other_and_not_beside_an_exclusive_one(self):
        shared = [op("acquire", 0, 1, LOCK, session=one, mode="s") for one in (1, 2)]
        self.passed(linearizable.lock_faults(shared))
        self.refused(linearizable.lock_faults([*shared, op("acquire", 2, 3, LOCK, session=3)]))

    def test_a_free_lock_is_not_refused(self):
        self.refused(linearizable.lock_faults([
            op("acquire", 0, 1, LOCK, outcome=REFUSED, error="LOCK_HELD")]))


class Order(CheckerTest):
    def test_a_write_before_one_that_had_returned(self):
        self.refused(order.real_time_faults([
            write(0, 1, 5, 2, "a"), write(2, 3, 4, 1, "b")]))

    def test_a_read_as_of_a_moment_before_a_write_that_had_returned(self):
        self.refused(order.real_time_faults([
            write(0, 1, 5, 2, "a"), read(2, 3, 4, 1, "b", 4, session=2)]))

    def test_what_overlaps_is_free(self):
        self.passed(order.real_time_faults([write(0, 3, 5, 2, "a"), write(2, 4, 4, 1, "b")]))

    def test_a_session_that_goes_back(self):
        self.refused(order.session_faults([
            write(0, 1, 5, 2, "a"), op("stale_get", 2, 3, as_of=4)]))

    def test_generations_that_fall_or_leave_something_out(self):
        self.refused(order.generation_faults([
            write(0, 1, 5, 2, "a"), write(2, 3, 6, 2, "b")]))
        self.refused(order.generation_faults([
            write(0, 1, 5, 2, "a"), write(2, 3, 7, 4, "b")]))
        self.passed(order.generation_faults([
            write(0, 1, 5, 2, "a"), write(2, 3, 7, 4, "b"),
            op("set", 1, None, outcome=UNKNOWN)]))

    def test_a_read_of_what_nobody_wrote_or_of_another_value(self):
        self.refused(order.read_faults([created(1), read(2, 3, 2, 1, "x", 2)]))
        self.refused(order.read_faults([created(1), read(2, 3, 1, 1, "x", 1)]))

    def test_a_read_without_the_last_write_before_its_position(self):
        self.refused(order.read_faults([
            created(1), write(2, 3, 2, 2, "b"), read(4, 5, 1, 1, "a", 9)]))


class Watches(CheckerTest):
    def changed(self, zxid, generation, **facts):
        return event(zxid, "CONTENTS_CHANGED", generation=generation, **facts)

    def test_an_event_that_is_repeated_or_late(self):
        self.refused(watches.order_faults(stream(self.changed(2, 2), self.changed(2, 2))))
        self.refused(watches.order_faults(stream(self.changed(3, 3), self.changed(2, 2))))

    def test_a_gap_in_the_generations(self):
        gap = [self.changed(2, 2), self.changed(4, 4)]
        self.refused(watches.continuity_faults(stream(*gap)))
        gap.insert(1, event(3, "EVENTS_LOST", "/"))
        self.passed(watches.continuity_faults(stream(*gap)))

    def test_a_write_without_its_event(self):
        ops = [write(0, 1, 3, 2, "b")]
        self.refused(watches.completeness_faults(stream(), 9, ops))
        self.passed(watches.completeness_faults(stream(self.changed(3, 2)), 9, ops))
        self.passed(watches.completeness_faults(stream(event(8, "EVENTS_LOST", "/")), 9, ops))

    def test_an_event_of_a_write_that_nobody_made(self):
        told = stream(self.changed(3, 2), self.changed(4, 3))
        self.refused(watches.invented_faults(told, [write(0, 1, 3, 2, "b")]))
        self.passed(watches.invented_faults(told, [
            write(0, 1, 3, 2, "b"), op("set", 0, None, outcome=UNKNOWN)]))

    def test_half_a_multi(self):
        told = stream(self.changed(3, 2, path="/left"))
        self.refused(watches.atomicity_faults(told, "/left", "/right"))

    def test_two_watchers_that_differ(self):
        one, other = stream(self.changed(3, 2)), stream(name="v")
        self.refused(watches.agreement_faults([one, other], 9))
        self.passed(watches.agreement_faults([one, stream(name="v", active_from=4)], 9))


class Locks(CheckerTest):
    def test_a_second_holder(self):
        self.refused(locks.Ledger(stream(grant(2), grant(3, 2))).faults)
        self.passed(locks.Ledger(stream(grant(2), ending(3, 2), grant(4, 2))).faults)
        self.passed(locks.Ledger(stream(
            grant(2, 1, "s"), grant(3, 2, "s", generation=2))).faults)

    def test_a_generation_that_does_not_grow(self):
        self.refused(locks.Ledger(stream(
            grant(2, generation=9), ending(3, 2), grant(4, 2, generation=4))).faults)

    def test_a_release_by_one_who_had_it_not(self):
        self.refused(locks.Ledger(stream(ending(2, 1))).faults)

    def test_a_grant_that_is_no_part_of_the_history(self):
        self.refused(locks.ledger_faults(stream(), [op("acquire", 0, 1, LOCK, zxid=2)]))
        self.passed(locks.ledger_faults(stream(grant(2)), [op("acquire", 0, 1, LOCK, zxid=2)]))

    def test_a_write_under_a_lock_that_was_lost(self):
        told = stream(grant(2), ending(4, 2, kind="LOCK_LOST"))
        late = op("guarded", 5, 6, "/work", value=LOCK, fence=2, zxid=5)
        self.refused(locks.ledger_faults(told, [late]))
        late.zxid = 3
        self.passed(locks.ledger_faults(told, [late]))

    def test_one_who_waited_is_overtaken(self):
        waited = op("acquire", 0, 9, LOCK, zxid=7, waiting_at=1.0)
        self.refused(locks.fifo_faults([waited, op("acquire", 2, 3, LOCK, session=2, zxid=5)]))
        self.passed(locks.fifo_faults([waited, op("acquire", 2, 12, LOCK, session=2, zxid=8)]))

    def test_one_who_believes_when_another_has_it(self):
        first, second = Tenure("a", 2, 0.0, 1.0, 5.0), Tenure("b", 3, 2.0, 4.0, 6.0)
        self.refused(locks.belief_faults(LOCK, [first, second], []))
        first.believed_until = 3.9
        self.passed(locks.belief_faults(LOCK, [first, second], []))

    def test_one_who_believes_when_a_watcher_knows_better(self):
        believer = Tenure("a", 2, 0.0, 1.0, 5.0)
        self.refused(locks.belief_faults(LOCK, [believer], [stream(grant(4))]))
        self.passed(locks.belief_faults(LOCK, [believer], [stream(grant(6))]))

    def test_an_acquisition_that_is_granted_twice_or_out_of_order(self):
        one = Tenure("a", 5, 0.0, 1.0, 1.0)
        self.refused(locks.grant_faults(LOCK, [one, Tenure("b", 5, 0.5, 3.0, 3.0)]))
        self.refused(locks.grant_faults(LOCK, [one, Tenure("b", 4, 2.0, 3.0, 3.0)]))


class Finals(CheckerTest):
    @staticmethod
    def dump(replica=1, sessions=(), **nodes):
        """`nodes`: name → (instance, zxid of the last write, session of an ephemeral)."""
        return finals.Dump(replica, 9, {f"/{name}": (instance, 1, 0, 0, modified, 0, 0, 0, owner, 1)
                                        for name, (instance, modified, owner) in nodes.items()},
                           [], list(sessions))

    def test_replicas_that_differ(self):
        self.refused(finals.difference_faults([
            self.dump(a=(1, 1, 0)), self.dump(2, a=(1, 2, 0))]))
        self.refused(finals.difference_faults([self.dump(), self.dump(2, sessions=[5])]))

    def test_an_acknowledged_write_that_is_lost(self):
        ops = [write(0, 1, 5, 2, "b")]
        self.refused(finals.lost_faults(ops, self.dump()))
        self.refused(finals.lost_faults(ops, self.dump(r=(1, 4, 0))))
        self.passed(finals.lost_faults(ops, self.dump(r=(1, 5, 0))))

    def test_an_entry_of_the_queue_that_is_lost_doubled_or_invented(self):
        put = op("enqueue", 0, 1, "/q1", zxid=3, value="a")
        self.refused(finals.lost_faults([put], self.dump()))
        self.refused(finals.queue_faults([put], "/", {"/q1": "a", "/q2": "a"}))
        self.refused(finals.queue_faults([put], "/", {"/q1": "b"}))

    def test_an_ephemeral_node_without_its_session(self):
        self.refused(finals.ephemeral_faults(self.dump(e=(1, 1, 7))))
        self.passed(finals.ephemeral_faults(self.dump(e=(1, 1, 7), sessions=[7])))

    def test_pipelined_writes_that_change_places_or_are_lost(self):
        class Writer:
            folder = "/load"
            acknowledged = {"/load/1": 3, "/load/2": 2}

        final = self.dump()
        for path, zxid in Writer.acknowledged.items():
            final.nodes[path] = (zxid, *[0] * 9)
        self.refused(judge.burst_faults(Writer, True, final))
        Writer.acknowledged = {"/load/1": 2, "/load/2": 3, "/load/3": 4}
        self.refused(judge.burst_faults(Writer, True, self.dump()), 4)
        self.refused(judge.burst_faults(Writer, False, self.dump()), 3)


if __name__ == "__main__":
    unittest.main()
