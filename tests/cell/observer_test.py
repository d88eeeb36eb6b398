"""An observer serves like any other replica, and has no vote."""

from tests.harness import CellTest, Session, api, eventually


class Observer(CellTest):
    def setUp(self):
        self.cell = self.start_cell(observers=1)
        self.observer = self.cell.observers[0]
        self.client = Session([self.observer.endpoint], name="client")
        self.addCleanup(self.client.die)

    def test_it_forwards_writes_and_answers_reads(self):
        self.assertEqual(self.observer.status().replica.role, api.ReplicaRole.OBSERVER)
        self.client.create("/x", b"one")
        with Session([self.cell.leader().endpoint], name="other") as other:
            self.assertEqual(other.get("/x").contents, b"one")
            for number in range(50):
                written = other.set("/x", str(number).encode())
                read = self.client.get("/x")
                self.assertEqual(read.contents, str(number).encode())
                self.assertGreaterEqual(read.header.zxid, written.header.zxid)

    def test_locks_are_taken_and_passed_on_through_it(self):
        waiter = Session([self.observer.endpoint], name="waiter")
        self.addCleanup(waiter.die)
        first = self.client.acquire("/lock")
        self.assertEqual(waiter.check(first.sequencer), api.SequencerState.VALID)
        with self.assertRaises(api.LockServiceError) as refused:
            waiter.acquire("/lock")
        self.assertEqual(refused.exception.holders[0].client_name, "client")
        self.client.release("/lock")
        second = waiter.acquire("/lock", wait_s=10)
        self.assertGreater(second.generation, first.generation)

    def test_events_come_through_it(self):
        with self.observer.connect() as connection:
            secret = bytes(range(16))
            opened = connection.open_session(api.OpenSessionRequest(
                header=api.RequestHeader(), client_name="watcher", secret=secret))
            header = api.RequestHeader(session_id=opened.session_id)
            connection.watch(api.WatchRequest(
                header=header, watch_id=1, path="/", recursive=True,
                kinds={api.EventKind.NODE_CREATED}))
            created = self.client.create("/seen").header.zxid
            heard = connection.keep_alive(
                api.KeepAliveRequest(header=header, max_wait_ms=3000)).events
        self.assertEqual([(event.path, event.name.zxid) for event in heard], [("/seen", created)])

    def test_it_does_not_count_for_a_quorum(self):
        self.client.create("/x", b"kept")
        leader = self.cell.leader()
        followers = [replica for replica in self.cell.voters if replica is not leader]
        for follower in followers:
            follower.kill()
        eventually("the leader gives up", lambda: not leader.serves())
        with self.observer.connect() as connection:
            header = api.RequestHeader(timeout_ms=500)
            stale = connection.get(api.GetRequest(header=header, path="/x", stale_ok=True))
            self.assertEqual(stale.contents, b"kept")
            with self.assertRaises(api.LockServiceError):
                connection.get(api.GetRequest(header=header, path="/x"))
        followers[0].start()
        self.cell.wait_until_serving()
        self.client.set("/x", b"goes on")

    def test_it_goes_on_when_the_leader_is_killed(self):
        sequencer = self.client.acquire("/lock").sequencer
        leader = self.cell.leader()
        leader.kill()
        self.assertEqual(self.client.check(sequencer), api.SequencerState.VALID)
        self.client.create("/x", guard=sequencer)
        leader.start()
        self.cell.wait_until_serving()
        self.assertGreater(self.client.lease.least_left(), 0)
