"""Parts of the package that need no cell: sequencers, marks, checks, files, frames, clocks."""

import ast
import os
import pathlib
import pickle
import queue
import random
import socket
import sys
import tempfile
import threading
import unittest
from unittest import mock

from thrift.protocol.TCompactProtocol import TCompactProtocolAccelerated
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from tests.python.package import ROOT, SOURCE, holdfast
from holdfast import Check, Reason, Sequencer, SequencerChecker, Standing, errors
from holdfast._channel import Channel, connect
from holdfast._clock import to_ms
from holdfast._core.endpoint import (
    EndpointKind, Place, parse_dns_server, parse_endpoint)
from holdfast._core.endpoint_walk import PATIENCE_MS, EndpointWalk
from holdfast._core.high_water import (
    CONFIRMED_MAX, Confirmations, Finding, Followed, HighWater, HighWaterMarks)
from holdfast._core.sorted_times import SortedTimes
from holdfast._interrupt import Interrupter
from holdfast._mark_file import SPARE_LINES, MarkFile
from holdfast._options import dns_server_list, endpoint_list
from holdfast._requests import Paths
from holdfast._watch_state import QUEUE_MAX, WatchState
from holdfast._wire import MalformedError, decode
from holdfast.api import LockService, ttypes
from holdfast.values import Event, EventKind, EventName, LockMode

CELL = bytes(range(16))
PREFIX = 0x0001020304050607


def text(generation, path="/l", acquisition=None, mode="x", prefix=PREFIX):
    acquisition = generation if acquisition is None else acquisition
    return f"1:{mode}:{generation:016x}:{acquisition:016x}:{5:016x}:{prefix:016x}:{path}"


GOOD_SEQUENCERS = (
    text(9), text(9, "/a/b c/ü"), text(9, acquisition=12, mode="s"), text(2**64 - 1, "/"))
BAD_SEQUENCERS = (
    "", "x", text(0), text(9, acquisition=10), text(9, acquisition=8, mode="s"),
    text(9).replace("1:x", "2:x"), text(9).upper(), text(9, "l"), text(9, "/l/"), text(9, "/a//b"),
    text(9, "/../b"), text(9, "/ls/x"), text(9, "/.holdfast"), text(9, "/a\nb"), text(9, "/a\x85"),
    text(9, "/" + "a" * 256), text(9, "/a" * 600), text(9)[:-2], " " + text(9))


class Sequencers(unittest.TestCase):
    def test_what_is_printed_is_what_was_parsed(self):
        for good in GOOD_SEQUENCERS:
            self.assertEqual(str(Sequencer.parse(good)), good)
        parsed = Sequencer.parse(text(9, acquisition=12, mode="s"))
        self.assertEqual(parsed, Sequencer(LockMode.SHARED, 9, 12, 5, PREFIX, "/l"))

    def test_what_no_cell_can_have_given_is_refused(self):
        for bad in (*BAD_SEQUENCERS, text(9, "/\udcff"), None, 5):
            with self.assertRaises(ValueError, msg=repr(bad)):
                Sequencer.parse(bad)


class Marks(unittest.TestCase):
    def test_a_mark_never_sinks(self):
        marks = HighWaterMarks(2)
        self.assertIs(marks.find(Sequencer.parse(text(9))), Finding.HIGHER)
        marks.raise_to(HighWater(PREFIX, "/l", 9))
        marks.raise_to(HighWater(PREFIX, "/l", 8))
        self.assertEqual(marks.mark(PREFIX, "/l"), 9)
        self.assertIs(marks.find(Sequencer.parse(text(9))), Finding.KNOWN)
        self.assertIs(marks.find(Sequencer.parse(text(8))), Finding.OVERTAKEN)
        self.assertIs(marks.find(Sequencer.parse(text(8, prefix=1))), Finding.HIGHER)
        marks.raise_to(HighWater(PREFIX, "/m", 1))
        self.assertIs(marks.find(Sequencer.parse(text(8, "/n"))), Finding.FULL)
        self.assertIs(marks.find(Sequencer.parse(text(10))), Finding.HIGHER)

    def test_confirmations_are_bounded_and_forgotten_oldest_first(self):
        confirmations = Confirmations(2)
        for moment, name in enumerate(("a", "b", "a", "c")):
            confirmations.confirm(name, moment)
        self.assertEqual([confirmations.asked_at(name) for name in "abc"], [2, None, 3])
        confirmations.confirm("a", 1)  # An answer that came late.
        self.assertEqual(confirmations.asked_at("a"), 2)
        confirmations.forget("a")
        self.assertIsNone(confirmations.asked_at("a"))

    def test_what_changed_while_the_cell_was_asked_is_not_confirmed(self):
        followed = Followed()
        before = (followed.changes, 0)
        followed.on_change()
        followed.confirm("a", before)
        self.assertFalse(followed.is_valid("a", (followed.changes, 0)))
        followed.confirm("a", (followed.changes, 0))
        followed.confirm("b", (followed.changes, 0))
        self.assertTrue(followed.is_valid("a", (followed.changes, 0)))
        self.assertFalse(followed.is_valid("a", (followed.changes, 1)), "after a jeopardy")
        followed.on_change()
        followed.confirm("b", (followed.changes, 1))
        self.assertFalse(followed.is_valid("a", (followed.changes, 1)))
        self.assertTrue(followed.is_valid("b", (followed.changes, 1)))
        followed.on_ended()
        self.assertFalse(followed.is_valid("b", (followed.changes, 1)), "nothing is heard of it")

    def test_of_one_lock_so_many_are_confirmed_at_a_time(self):
        followed = Followed()
        for number in range(CONFIRMED_MAX + 1):
            followed.confirm(str(number), (0, 0))
        self.assertFalse(followed.is_valid("0", (0, 0)), "it is asked about again")
        self.assertTrue(followed.is_valid(str(CONFIRMED_MAX), (0, 0)))


class LocalChecks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-marks-")
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "marks")

    def checker(self, **options):
        made = SequencerChecker(cell_id=CELL, **options)
        self.addCleanup(made.close)
        return made

    def test_who_comes_after_a_later_holder_is_refused(self):
        checker = self.checker()
        self.assertTrue(checker.check(text(9)))
        self.assertTrue(checker.check(text(12, acquisition=13, mode="s")))
        self.assertTrue(checker.check(text(12, acquisition=20, mode="s")))
        verdict = checker.check(text(9))
        self.assertEqual((verdict.standing, verdict.reason), (Standing.STALE, Reason.OVERTAKEN))
        self.assertFalse(verdict)
        self.assertEqual(checker.high_water("/l"), 12)
        self.assertEqual(checker.high_water("/l", bytes(16)), 0)

    def test_what_cannot_be_judged_is_unknown(self):
        checker = self.checker(locks_max=1)
        checker.check(text(9))
        for sequencer, reason in (("what?", Reason.MALFORMED),
                                  (text(9, prefix=1), Reason.OTHER_CELL),
                                  (text(9, "/m"), Reason.FULL)):
            verdict = checker.check(sequencer)
            self.assertEqual((verdict.standing, verdict.reason), (Standing.UNKNOWN, reason))
        for mode in (Check.CELL, Check.INTERVAL, Check.FOLLOW):
            with self.assertRaises(errors.BadArgumentError):
                checker.check(text(9), mode)

    def test_a_checker_of_any_cell_keeps_them_apart(self):
        checker = SequencerChecker()
        self.addCleanup(checker.close)
        self.assertTrue(checker.check(text(9)))
        self.assertTrue(checker.check(text(8, prefix=1)))
        self.assertFalse(checker.check(text(8)))

    def test_marks_outlive_the_process(self):
        checker = self.checker(store=self.file)
        self.assertTrue(checker.check(text(9)))
        self.assertTrue(checker.check(text(7, "/m n")))
        with self.assertRaises(errors.LimitError):
            self.checker(store=self.file)
        checker.close()
        again = self.checker(store=self.file)
        self.assertFalse(again.check(text(8)))
        self.assertEqual(again.high_water("/m n"), 7)

    def test_a_line_that_was_cut_off_was_never_accepted(self):
        checker = self.checker(store=self.file)
        checker.check(text(9))
        checker.close()
        with open(self.file, "ab") as file:
            file.write(f"{PREFIX:016x} {99:016x} /l".encode())
        again = self.checker(store=self.file)
        self.assertTrue(again.check(text(10)))
        again.close()
        third = self.checker(store=self.file)
        self.assertEqual(third.high_water("/l"), 10)

    def test_the_file_is_that_of_the_library_in_cxx(self):
        line = "0001020304050607 000000000000001f /l\n"  # As in tests/client/mark_file_test.cc.
        pathlib.Path(self.file).write_text(line)
        checker = self.checker(store=self.file)
        self.assertEqual(checker.high_water("/l"), 0x1f)
        self.assertTrue(checker.check(text(0x20)))
        self.assertEqual(pathlib.Path(self.file).read_text(), line + line.replace("1f", "20"))

    def test_a_file_of_something_else_is_refused(self):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("root:x:0:0\n")
        with self.assertRaises(errors.BadArgumentError):
            self.checker(store=self.file)

    def test_a_mark_that_is_not_safe_is_not_accepted(self):
        class Full:
            def load(self):
                return [HighWater(PREFIX, "/l", 9)]

            def save(self, mark):
                raise OSError(28, "No space left on device")

            def close(self):
                pass

        checker = self.checker(store=Full())
        verdict = checker.check(text(10))
        self.assertEqual((verdict.standing, verdict.reason), (Standing.UNKNOWN, Reason.NOT_SAVED))
        self.assertIn("No space", str(verdict.error))
        self.assertTrue(checker.check(text(9)))
        self.assertEqual(checker.high_water("/l"), 9)

    def test_the_file_is_rewritten_when_it_has_become_long(self):
        with open(self.file, "w", encoding="utf-8") as file:
            for generation in range(1, SPARE_LINES + 3):
                file.write(f"{PREFIX:016x} {generation:016x} /l\n")
        store = MarkFile(self.file)
        self.addCleanup(store.close)
        store.save(HighWater(PREFIX, "/l", SPARE_LINES + 10))
        self.assertEqual(len(pathlib.Path(self.file).read_text().splitlines()), 1)
        store.save(HighWater(PREFIX, "/m", 3))
        store.close()
        again = MarkFile(self.file)
        self.addCleanup(again.close)
        self.assertEqual(sorted(again.load()), [
            HighWater(PREFIX, "/l", SPARE_LINES + 10), HighWater(PREFIX, "/m", 3)])

    def test_what_follows_a_rewriting_waits_until_the_name_of_the_file_is_safe(self):
        pathlib.Path(self.file).write_text(f"{PREFIX:016x} {1:016x} /l\n" * (SPARE_LINES + 3))
        store = MarkFile(self.file)
        self.addCleanup(store.close)
        with mock.patch("holdfast._mark_file._sync_folder", side_effect=OSError):
            store.save(HighWater(PREFIX, "/l", 2))  # The old file is safe, and so is the mark.
            with self.assertRaises(OSError):
                store.save(HighWater(PREFIX, "/l", 3))
        store.save(HighWater(PREFIX, "/l", 4))
        self.assertEqual(pathlib.Path(self.file).read_text(),
                         f"{PREFIX:016x} {2:016x} /l\n{PREFIX:016x} {4:016x} /l\n")


class Small(unittest.TestCase):
    def test_endpoints(self):
        self.assertEqual(endpoint_list("a:1, b:2"), ["a:1", "b:2"])
        self.assertEqual(endpoint_list(["a:1"]), ["a:1"])
        self.assertEqual(endpoint_list("srv:main.example.com"), ["srv:main.example.com"])
        for wrong in ("", []):
            with self.assertRaises(errors.BadArgumentError, msg=repr(wrong)):
                endpoint_list(wrong)

    def test_each_endpoint_is_of_one_of_three_kinds(self):
        for text, expected in {
                "10.0.0.1:7101": (EndpointKind.ADDRESS, "10.0.0.1", 7101),
                "[fd00::1]:7101": (EndpointKind.ADDRESS, "fd00::1", 7101),
                "[fe80::1%eth0]:1": (EndpointKind.ADDRESS, "fe80::1%eth0", 1),
                "r-1.example.com.:65535": (EndpointKind.NAME, "r-1.example.com.", 65535),
                "srv:7101": (EndpointKind.NAME, "srv", 7101),
                "srv:main": (EndpointKind.SERVICE, "main", 0),
                "srv:main.example.com": (EndpointKind.SERVICE, "main.example.com", 0)}.items():
            self.assertEqual(parse_endpoint(text), expected)

    def test_what_is_no_endpoint_is_refused_with_its_text_and_the_reason(self):
        for wrong, why in {
                "a": "no port", "a:": "a port is", ":1": "no host", "a:x": "a port is",
                "a:0": "a port is", "a:70000": "a port is", "a b:1": "no host",
                "::1:7101": "in brackets",
                "[a]:1": "no IPv6 address", "10.0.0.256:1": "no host", "a..b:1": "no host",
                "srv:": "no domain", "srv:a b": "no domain", "srv:a.example:7101": "no domain",
                "srv:_holdfast._tcp.a.example": "only the domain",
                "_holdfast._tcp.a.example": "srv:", "x" * 64 + ":1": "no host"}.items():
            with self.assertRaises(errors.BadArgumentError) as refused:
                endpoint_list([wrong])
            self.assertIn(repr(wrong), str(refused.exception))
            self.assertIn(why, str(refused.exception))
            self.assertIn("srv:domain", str(refused.exception))

    def test_dns_servers_are_addresses(self):
        self.assertEqual(dns_server_list("10.0.0.1, [::1]:5353"), ["10.0.0.1", "[::1]:5353"])
        self.assertEqual(parse_dns_server("::1"), ("::1", 53))
        for wrong in ("dns.example.com", "10.0.0.1:0", "srv:a.example"):
            with self.assertRaises(errors.BadArgumentError) as refused:
                dns_server_list(wrong)
            self.assertIn(wrong, str(refused.exception))

    def test_without_dnspython_what_needs_it_is_refused_with_its_name(self):
        with mock.patch.dict(sys.modules, {"dns.resolver": None, "dns": None}):
            for ask in (lambda: endpoint_list("srv:a.example"),
                        lambda: dns_server_list("10.0.0.1")):
                with self.assertRaises(errors.BadArgumentError) as refused:
                    ask()
                self.assertIn("python3-dnspython", str(refused.exception))
            self.assertEqual(endpoint_list("a.example:1"), ["a.example:1"])

    def test_paths_are_made_short(self):
        paths = Paths("cell")
        self.assertEqual([paths(path) for path in (
            "/a", "/ls/cell/a", "/ls/local/a/b", "/ls/local", "/ls/other/a", "/lsx/a")],
            ["/a", "/a", "/a/b", "/", "/ls/other/a", "/lsx/a"])

    def test_little_time_is_not_nothing(self):
        self.assertEqual([to_ms(0), to_ms(0.0001), to_ms(1.5), to_ms(None)], [0, 1, 1500, None])
        for wrong in (-1, float("nan"), float("inf")):
            with self.assertRaises(errors.BadArgumentError):
                to_ms(wrong)

    def test_the_first_moment_is_found_whatever_is_replaced(self):
        times = SortedTimes()
        for key in range(300):
            times.set(key, 1_000 - key)
        for key in range(100, 300):
            times.set(key, None)
        times.set(99, 5_000)
        self.assertEqual(times.first(), 902)
        self.assertIsNone(times.take(901))
        self.assertEqual(times.take(902), 98)
        self.assertEqual(times.first(), 903)

    def test_events_that_nobody_takes_become_one_events_lost(self):
        state = WatchState(None)
        for index in range(QUEUE_MAX + 2):
            state.tell(Event(EventName(1, index), EventKind.NODE_CREATED, "/a"))
        first, second = state.poll(), state.poll()
        self.assertEqual(first.kind, EventKind.EVENTS_LOST)
        self.assertEqual(second.name.index, QUEUE_MAX + 1)
        self.assertIsNone(state.poll())

    def test_every_code_has_its_error_and_survives_pickling(self):
        for code in errors.ErrorCode:
            error = errors.error_of(errors.Failure(code, "why", path="/a"))
            self.assertIs(error.code, code)
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(again), again.failure), (type(error), error.failure))
        self.assertIs(type(errors.error_of(errors.Failure(None, "of a later release"))),
                      holdfast.HoldfastError)
        self.assertTrue(issubclass(errors.CallTimeoutError, TimeoutError))

    def test_the_codes_and_enumerations_are_those_of_the_interface(self):
        for ours in (errors.ErrorCode, holdfast.EventKind, holdfast.LockMode, holdfast.NodeKind,
                     holdfast.CreateMode, holdfast.LockState, holdfast.SequencerState,
                     holdfast.values.ReplicaRole):
            theirs = getattr(ttypes, ours.__name__)._VALUES_TO_NAMES
            self.assertEqual({int(one): one.name for one in ours}, theirs)

    def test_the_version_is_that_of_the_project(self):
        listed = (ROOT / "CMakeLists.txt").read_text()
        self.assertIn(f"project(holdfast VERSION {holdfast.__version__} ", listed)


class Walk(unittest.TestCase):
    """The same as tests/client/endpoint_walk_test.cc asks of the C++ client."""

    def walk(self, *endpoints, seed=3):
        return EndpointWalk(endpoints, random.Random(seed))

    def round(self, walk, count):
        return [walk.next(0).address for _ in range(count)]

    def found(self, *places, seed=3):
        """A walk over a service that stands for these places, at the beginning of a round."""
        walk = self.walk("srv:a.example", seed=seed)
        self.assertIsNone(walk.next(0))
        self.assertEqual(walk.take_questions(), ["srv:a.example"])
        walk.on_found("srv:a.example", list(places))
        return walk

    def test_a_round_goes_over_all_addresses_and_not_over_names(self):
        walk = self.walk("a.example:1", "10.0.0.9:1")
        walk.next(0)
        walk.on_found("a.example:1", [Place("a.example:1", ["10.0.0.1:1", "10.0.0.2:1"])])
        self.assertEqual(set(self.round(walk, 3)), {"10.0.0.1:1", "10.0.0.2:1", "10.0.0.9:1"})

    def test_the_lowest_priority_comes_first(self):
        for seed in range(50):
            walk = self.found(Place("c", ["c"], 20), Place("a", ["a"], 10, 9),
                              Place("b", ["b"], 10, 1), seed=seed)
            order = self.round(walk, 3)
            self.assertEqual((set(order[:2]), order[2]), ({"a", "b"}, "c"))

    def test_the_weight_is_the_share_of_being_first(self):
        firsts = [self.round(self.found(Place("a", ["a"], 0, 90), Place("b", ["b"], 0, 10),
                                        Place("z", ["z"], 0, 0), seed=seed), 1)[0]
                  for seed in range(3_000)]
        self.assertAlmostEqual(firsts.count("a") / len(firsts), 0.9, delta=0.03)
        self.assertAlmostEqual(firsts.count("b") / len(firsts), 0.1, delta=0.03)
        self.assertGreater(firsts.count("z"), 0)

    def test_it_is_asked_for_again_at_each_round_and_the_new_answer_is_followed(self):
        walk = self.found(Place("a", ["a"]))
        self.assertEqual(self.round(walk, 1), ["a"])
        self.assertIsNone(walk.next(0))
        self.assertEqual(walk.take_questions(), ["srv:a.example"])
        walk.on_found("srv:a.example", [Place("b", ["b"])])
        self.assertEqual(self.round(walk, 1), ["b"])

    def test_what_was_known_stays_while_it_cannot_be_looked_up(self):
        walk = self.found(Place("a", ["a"]))
        self.round(walk, 1)
        walk.next(0)
        walk.on_found("srv:a.example", "no DNS server answered in time")
        self.assertEqual(self.round(walk, 1), ["a"])

    def test_nobody_waits_long_for_an_answer_when_something_is_known(self):
        walk = self.walk("10.0.0.1:1", "a.example:1")
        self.assertIsNone(walk.next(1_000))
        self.assertEqual(walk.wake_at, 1_000 + PATIENCE_MS)
        self.assertIsNone(walk.next(1_001))
        self.assertEqual(walk.next(1_000 + PATIENCE_MS).address, "10.0.0.1:1")

    def test_a_round_without_an_address_is_followed_by_a_pause(self):
        walk = self.walk("a.example:1")
        for _ in range(8):
            self.assertIsNone(walk.next(5_000_000))
            walk.on_found("a.example:1", "no such name")
            self.assertIsNone(walk.next(5_000_000))
            pause = walk.wake_at - 5_000_000
            self.assertTrue(25 <= pause <= 2_000, pause)
            walk._begin_at = 0
        self.assertGreaterEqual(pause, 1_000)


class Bytes(unittest.TestCase):
    def channel(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        channel = Channel(ours)
        ours.setblocking(False)
        self.addCleanup(channel.close)
        return channel, theirs

    def test_messages_come_whole_however_they_are_cut(self):
        channel, theirs = self.channel()
        stream = b"".join(len(part).to_bytes(4, "big") + part for part in (b"a", b"bc" * 300))
        got = []
        for place in range(0, len(stream), 7):
            theirs.send(stream[place:place + 7])
            got += channel.receive()
        self.assertEqual(got, [b"a", b"bc" * 300])
        theirs.close()
        with self.assertRaises(EOFError):
            list(channel.receive())

    def test_a_frame_that_is_too_large_is_not_waited_for(self):
        channel, theirs = self.channel()
        theirs.send(b"\x7f\xff\xff\xff")
        with self.assertRaises(EOFError):
            list(channel.receive())

    def test_what_does_not_go_at_once_goes_later(self):
        channel, theirs = self.channel()
        sent = os.urandom(3_000_000)
        channel.send(sent)
        channel.flush()
        self.assertTrue(channel.wants_to_write())
        got = b""
        while len(got) < len(sent):
            got += theirs.recv(1 << 20)
            channel.flush()
        self.assertEqual(got, sent)
        self.assertFalse(channel.wants_to_write())

    def test_a_connection_is_made_or_the_reason_is_told(self):
        with socket.socket() as listener, socket.socket() as closed:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            closed.bind(("127.0.0.1", 0))
            for one, has_any in ((listener, True), (closed, False)):
                outcome = queue.SimpleQueue()
                connect("127.0.0.1:%d" % one.getsockname()[1],
                        lambda *arguments: outcome.put(arguments))
                connected, why = outcome.get(timeout=30)
                self.assertEqual(connected is not None, has_any, why)
                if connected is not None:
                    connected.close()
                else:
                    self.assertTrue(why)

    def test_bytes_that_are_no_reply_are_refused(self):
        for wrong in (b"", b"\x82", b"GET / HTTP/1.0", b"\x82\x21\x01\x03get", bytes(50),
                      b"\x82\x41\x01\x04nope\x00", b"\x82\x41\x01\x03get\x00"):
            with self.assertRaises(MalformedError, msg=repr(wrong)):
                decode(wrong)


    def test_no_bytes_do_more_than_to_be_refused(self):
        dice = random.Random(5)
        reply = LockService.keep_alive_result(success=ttypes.KeepAliveReply(
            header=ttypes.ReplyHeader(), delivered_through=ttypes.EventName(), events=[
                ttypes.Event(ttypes.EventName(1, 0), 1, "/a") for _ in range(3)]))
        buffer = TMemoryBuffer()
        protocol = TCompactProtocolAccelerated(buffer)
        protocol.writeMessageBegin("keep_alive", TMessageType.REPLY, 7)
        reply.write(protocol)
        good = buffer.getvalue()
        self.assertEqual(decode(good)[0], 7)
        refused = 0
        for _ in range(5_000):
            bad = bytearray(good)
            for _ in range(dice.randint(1, 4)):
                bad[dice.randrange(len(bad))] = dice.randrange(256)
            del bad[dice.randrange(len(bad)) + dice.randint(0, 20):]
            try:
                decode(bytes(bad))
            except MalformedError:
                refused += 1
        self.assertGreater(refused, 1_000)


class Purity(unittest.TestCase):
    def test_the_core_has_no_clock_no_thread_and_no_socket(self):
        allowed = {"__future__", "bisect", "collections", "dataclasses", "enum", "heapq",
                   "ipaddress", "random", "re", "typing"}
        files = list((SOURCE / "holdfast/_core").glob("*.py"))
        self.assertGreater(len(files), 10)
        for file in [*files, SOURCE / "holdfast/values.py", SOURCE / "holdfast/errors.py"]:
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    self.assertLessEqual({name.name for name in node.names}, allowed, file.name)
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    self.assertIn(node.module.split(".")[0], allowed, file.name)
                elif isinstance(node, ast.ImportFrom) and node.level == 2:
                    self.assertIn(node.module, {"errors", "values", "sequencer"}, file.name)


class Interrupts(unittest.TestCase):
    def test_an_exception_that_was_set_and_not_seen_is_taken_back(self):
        interrupter = Interrupter()
        interrupter.fire()  # Before it is armed: nothing.
        interrupter.arm()
        try:
            interrupter.fire()
            self.fail("the exception comes with the next call")
        except holdfast.LockLost:
            pass
        self.assertTrue(interrupter.disarm())
        interrupter.fire()
        self.assertTrue(interrupter.disarm())

    def test_it_comes_in_the_thread_that_was_armed(self):
        armed, interrupted = threading.Event(), threading.Event()
        interrupter = Interrupter()

        def body():
            interrupter.arm()
            armed.set()
            try:
                while True:
                    interrupted.wait(0.01)
            except holdfast.LockLost:
                interrupted.set()

        thread = threading.Thread(target=body)
        thread.start()
        armed.wait()
        interrupter.fire()
        interrupter.fire()
        thread.join(30)
        self.assertTrue(interrupted.is_set())


if __name__ == "__main__":
    unittest.main()
