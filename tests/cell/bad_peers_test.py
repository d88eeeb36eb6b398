"""What reaches the port for replicas and is no replica of this cell does not disturb it."""

import os
import socket
import struct

from tests.harness import CellTest, Session, eventually
from tests.harness.loopback import address


class BadPeers(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.leader = self.cell.leader()

    def is_refused(self, data):
        """The connection is closed, the log says so, and the cell goes on without a new leader."""
        offset = self.leader.log_size()
        endpoint = address(self.cell.peer_endpoint(self.leader))
        with socket.create_connection(endpoint, timeout=10) as connection:
            connection.sendall(data)
            try:
                self.assertEqual(connection.recv(1 << 16), b"")
            except ConnectionError:
                pass  # It was closed with our bytes unread.
        eventually("the log tells of it",
                   lambda: "peer port" in self.leader.log_text(offset), 5)
        with Session(self.cell.endpoints, name="client") as client:
            client.create("/still", b"works")
        self.assertIs(self.cell.leader(), self.leader)

    def test_what_is_no_frame(self):
        self.is_refused(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def test_a_frame_that_announces_too_much(self):
        self.is_refused(struct.pack(">I", 0x7FFFFFFF))

    def test_a_frame_of_random_bytes(self):
        self.is_refused(struct.pack(">I", 64) + b"\x01" + os.urandom(63))

    def test_a_replica_of_another_cell_is_told_so(self):
        stranger = self.make_cell(voters=3).voters[0]
        members = stranger.voters.split(",")
        target = self.cell.voters[1]
        members[1] = f"{target.id}={self.cell.peer_endpoint(target)}"
        stranger.wipe()
        stranger.voters = ",".join(members)
        stranger.init()
        stranger.start()
        eventually("the stranger hears that it is of another cell",
                   lambda: self.cell.cell_id in stranger.log_text())
        with Session(self.cell.endpoints, name="client") as client:
            client.create("/still", b"works")
