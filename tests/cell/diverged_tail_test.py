"""A leader that is cut off keeps proposing; what it could not commit goes when it comes back."""

from tests.harness import CellTest, Session, api, eventually
from tests.harness.writer import Stream, message

LOST = 20


def client_and_creates(endpoint, paths):
    """A connection with a session of its own, and the creates of those paths, not yet sent."""
    stream = Stream(endpoint)
    header = api.RequestHeader(timeout_ms=2000)
    secret = api.OpenSessionRequest(header=header, client_name="unheard", secret=bytes(16))
    opened = stream.ask("open_session", api.LockService.open_session_args(secret),
                        api.LockService.open_session_result).success

    def frames():
        for number, path in enumerate(paths, 1):
            header = api.RequestHeader(session_id=opened.session_id, request_number=number)
            request = api.CreateRequest(header=header, path=path, contents=b"lost")
            yield message("create", number, api.LockService.create_args(request))

    return stream, list(frames())


class DivergedTail(CellTest):
    def test_uncommitted_entries_of_a_cut_off_leader_are_cut_away(self):
        cell = self.start_cell(with_links=True)
        old = cell.wait_for_leader()
        others = [replica for replica in cell.voters if replica is not old]
        client = Session([replica.endpoint for replica in others], name="client")
        self.addCleanup(client.die)
        client.create("/kept", b"before")
        stream, frames = client_and_creates(old.endpoint, [f"/lost{i}" for i in range(LOST)])
        self.addCleanup(stream.close)

        before = old.status().replica.last_logged_zxid
        cell.isolate(old)
        stream.send(frames)
        eventually("the leader has logged what it cannot commit",
                   lambda: old.status().replica.durable_zxid >= before + LOST, 5)
        tail = old.status().replica.last_logged_zxid
        eventually("the cut-off leader gives up", lambda: not old.serves())
        stream.close()  # Else the replica would send these requests on to the next leader.
        new = cell.wait_for_leader(others)
        self.assertIsNot(new, old)
        for number in range(LOST * 2):
            client.create(f"/after{number}", b"after")

        cell.rejoin_network(old)
        cell.wait_until_serving()
        self.check_agreement(cell, tail)

    def check_agreement(self, cell, tail):
        with Session(cell.endpoints, name="reader") as reader:
            names = [child.name for child in reader.read(
                "list_children", api.ListChildrenRequest, path="/").children]
        self.assertEqual([name for name in names if name.startswith("lost")], [])
        self.assertEqual(len([name for name in names if name.startswith("after")]), LOST * 2)
        applied = cell.leader().status().replica.applied_zxid
        self.assertGreater(applied >> 32, tail >> 32)
        for replica in cell.voters:
            eventually(f"{replica} has applied what the leader has",
                       lambda: replica.status().replica.applied_zxid >= applied)
            with replica.connect() as connection:
                listed = connection.list_children(api.ListChildrenRequest(
                    header=api.RequestHeader(), path="/", stale_ok=True))
            self.assertEqual([child.name for child in listed.children], names, replica)
