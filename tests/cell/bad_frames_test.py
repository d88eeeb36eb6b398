"""What a client must not send costs it that connection, and nobody else anything."""

import random
import socket
import struct

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

from tests.harness import CellTest, Session, api, eventually
from tests.harness.loopback import address

FRAME_BYTES_MAX = 2 << 20


def frame(payload):
    return struct.pack(">I", len(payload)) + payload


def call(method="exists", kind=TMessageType.CALL, arguments=None):
    """A message without its frame."""
    if arguments is None:
        arguments = api.LockService.exists_args(
            api.ExistsRequest(header=api.RequestHeader(), path="/"))
    buffer = TMemoryBuffer()
    writer = TBinaryProtocol(buffer)
    writer.writeMessageBegin(method, kind, 7)
    arguments.write(writer)
    writer.writeMessageEnd()
    return buffer.getvalue()


class WrongType:
    """Arguments of exists, with a number where the request should be."""

    def write(self, writer):
        writer.writeFieldBegin("request", TType.I64, 1)
        writer.writeI64(1)
        writer.writeFieldEnd()
        writer.writeFieldStop()


class EndlessList:
    """Arguments of check_sequencers whose list announces two billion strings."""

    def write(self, writer):
        writer.writeFieldBegin("request", TType.STRUCT, 1)
        writer.writeFieldBegin("sequencers", TType.LIST, 2)
        writer.writeListBegin(TType.STRING, 0x7FFFFFFF)


class DeepStruct:
    """Arguments with an unknown field that nests structs ten thousand deep."""

    def write(self, writer):
        for _ in range(10_000):
            writer.writeFieldBegin("deeper", TType.STRUCT, 99)


class BadFrames(CellTest):
    def setUp(self):
        self.cell = self.start_cell(voters=1)
        self.replica = self.cell.voters[0]
        self.bystander = self.replica.connect()
        self.addCleanup(self.bystander.close)
        self.opened = []
        self.addCleanup(lambda: [one.close() for one in self.opened])

    def connect(self):
        connection = socket.create_connection(address(self.replica.endpoint), timeout=5)
        self.opened.append(connection)
        return connection

    def nobody_is_hurt(self):
        found = self.bystander.exists(api.ExistsRequest(header=api.RequestHeader(), path="/"))
        self.assertIsNotNone(found.stat)

    def is_closed(self, connection):
        """The replica ends the connection without an answer."""
        try:
            return connection.recv(1 << 16) == b""
        except ConnectionError:
            return True

    def costs_the_connection(self, data):
        offset = self.replica.log_size()
        connection = self.connect()
        connection.sendall(data)
        self.assertTrue(self.is_closed(connection), "it was answered")
        self.nobody_is_hurt()
        port = str(connection.getsockname()[1])
        eventually("the log says which connection was closed and why",
                   lambda: port in self.replica.log_text(offset), 5)

    def test_what_is_no_thrift_message(self):
        self.costs_the_connection(frame(b"not a message of Thrift"))

    def test_a_browser(self):
        self.costs_the_connection(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def test_an_empty_frame(self):
        self.costs_the_connection(frame(b""))

    def test_a_frame_that_announces_too_much(self):
        self.costs_the_connection(struct.pack(">I", FRAME_BYTES_MAX + 1))

    def test_a_frame_of_negative_length(self):
        self.costs_the_connection(struct.pack(">i", -1))

    def test_an_unknown_method(self):
        self.costs_the_connection(frame(call(method="make_coffee")))

    def test_a_reply_where_a_call_should_be(self):
        self.costs_the_connection(frame(call(kind=TMessageType.REPLY)))

    def test_a_field_of_a_wrong_type(self):
        self.costs_the_connection(frame(call(arguments=WrongType())))

    def test_a_list_that_announces_more_than_the_frame_has(self):
        self.costs_the_connection(frame(call("check_sequencers", arguments=EndlessList())))

    def test_structs_that_nest_without_end(self):
        self.costs_the_connection(frame(call(arguments=DeepStruct())))

    def test_a_message_with_something_behind_it(self):
        self.costs_the_connection(frame(call() + b"more"))

    def test_a_frame_whose_sender_goes_away_in_the_middle(self):
        connection = self.connect()
        connection.sendall(frame(call())[:-3])
        connection.close()
        self.nobody_is_hurt()

    def test_a_frame_that_comes_byte_by_byte_is_a_frame(self):
        connection = self.connect()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(call()):
            connection.sendall(bytes([byte]))
        self.assertNotEqual(connection.recv(1 << 16), b"")

    def test_many_connections_that_say_nothing_or_half_a_word(self):
        for number in range(200):
            connection = self.connect()
            if number % 2:
                connection.sendall(frame(call())[: 1 + number % 20])
        self.nobody_is_hurt()
        with Session([self.replica.endpoint], name="busy") as session:
            session.create("/still", b"works")

    def test_pipelined_requests_before_a_bad_one_are_still_carried_out(self):
        connection = self.connect()
        connection.sendall(frame(call()) * 20 + frame(b"not a message of Thrift"))
        self.nobody_is_hurt()
        with self.replica.connect() as other:
            other.exists(api.ExistsRequest(header=api.RequestHeader(), path="/"))

    def test_messages_with_a_few_bytes_changed(self):
        dice = random.Random(20)
        good = frame(call())
        for _ in range(300):
            data = bytearray(good)
            for _ in range(dice.randint(1, 4)):
                data[dice.randrange(4, len(data))] = dice.randrange(256)
            connection = self.connect()
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            connection.close()
        self.nobody_is_hurt()
        self.assertTrue(self.replica.is_running())
