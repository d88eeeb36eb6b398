"""The storage server of docs/examples.md refuses who does not hold the lock any more."""

import os
import pathlib
import select
import subprocess
import tempfile
from concurrent import futures

from tests.cell.examples import StorageServer
from tests.cell.stopped_writer import StoppedWriter
from tests.harness import CellTest, Session, api
from tests.harness.deadline import SLOWNESS, eventually
from tests.harness.programs import program

ENDED = "STALE: the cell says that the acquisition has ended"
OVERTAKEN = "STALE: a later holder was seen here"
VOLUME = "/svc/accounts"


class StorageServerTest(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.holder = self.session("holder")
        self.next = self.session("next")
        folder = tempfile.TemporaryDirectory(prefix="holdfast-storage-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def session(self, name, **options):
        session = Session(self.cell.endpoints, name=name, **options)
        self.addCleanup(session.die)
        return session

    def server(self, check, *flags):
        """With a folder of its own."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        server = StorageServer(
            folder, self.cell.spare_endpoint(), "--check", check, "--cell-id", self.cell.cell_id,
            "--endpoints", ",".join(self.cell.endpoints), *flags)
        self.addCleanup(server.process.kill)
        self.addCleanup(lambda: server.process.kill())  # Also of one that was started later.
        return server

    def hand_over(self, path=VOLUME):
        """The sequencers of a holder who gave the lock back, and of the next one, who has it."""
        old = self.holder.acquire(path, wait_s=30).sequencer
        self.holder.release(path)
        return old, self.next.acquire(path, wait_s=30).sequencer

    # ---- the story -------------------------------------------------------------------------------

    def refuse_a_writer_that_was_stopped(self, check):
        server = self.server(check)
        writer = StoppedWriter(
            [program("holdfast_example_storage_client"), "--storage", server.endpoint,
             "--endpoints", ",".join(self.cell.endpoints), "--lease-ms", "1500", "--stop",
             "put", VOLUME, "f", "late"])
        self.addCleanup(writer.close)
        mine = self.next.acquire(VOLUME, wait_s=60).sequencer
        self.assertEqual(server.put(mine, b"the next's"), "written")
        self.assertEqual(writer.go_on(), (1, f"refused: {OVERTAKEN}\n"))
        self.assertEqual(server.get(mine), b"the next's")

    def test_a_writer_that_was_stopped_past_its_lease_is_refused_by_comparison(self):
        self.refuse_a_writer_that_was_stopped("local")

    def test_a_writer_that_was_stopped_past_its_lease_is_refused_with_the_cell_asked(self):
        self.refuse_a_writer_that_was_stopped("cell")

    def test_a_writer_that_was_stopped_past_its_lease_is_refused_within_the_interval(self):
        self.refuse_a_writer_that_was_stopped("interval")

    def test_a_writer_that_was_stopped_past_its_lease_is_refused_with_its_lock_followed(self):
        self.refuse_a_writer_that_was_stopped("follow")

    # ---- what each check is worth ----------------------------------------------------------------

    def test_who_was_overtaken_elsewhere_is_refused_as_the_check_promises(self):
        servers = [self.server("local"), self.server("cell"),
                   self.server("interval", "--interval-ms", "0"),
                   self.server("interval", "--interval-ms", "3600000")]
        old = self.holder.acquire(VOLUME).sequencer
        for server in servers:
            self.assertEqual(server.put(old, b"in time"), "written")
        self.holder.release(VOLUME)
        new = self.next.acquire(VOLUME, wait_s=30).sequencer
        self.assertEqual([server.put(old, b"late") for server in servers],
                         ["written", ENDED, ENDED, "written"], "the next has not been here")
        for server in servers:
            self.assertEqual(server.get(new), server.get(new))
            self.assertEqual(server.put(old, b"too late"), OVERTAKEN)
            self.assertEqual(server.put(new, b"the next's"), "written")
            self.assertEqual(server.remove(old), OVERTAKEN)
            self.assertEqual(server.get(new), b"the next's")

    def test_who_waits_for_a_slow_write_is_refused_when_a_later_one_has_come_meanwhile(self):
        server = self.server("local")
        first, second = self.hand_over()
        self.next.release(VOLUME)
        third = self.holder.acquire(VOLUME, wait_s=30).sequencer
        # The disk of the first write: a pipe into which it does not fit.
        os.mkfifo(server.data / "new" / "0")
        disk = os.open(server.data / "new" / "0", os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(disk, "rb") as disk, futures.ThreadPoolExecutor(3) as calls:
            slow = calls.submit(server.put, first, b"x" * 1_000_000)
            self.assertTrue(select.select([disk], [], [], 20 * SLOWNESS)[0], "it writes")
            late = calls.submit(server.put, second, b"the second's")
            eventually("the second is let in", lambda: server.has_seen(second))
            last = calls.submit(server.put, third, b"the third's")
            eventually("the third is let in", lambda: server.has_seen(third))
            os.set_blocking(disk.fileno(), True)
            disk.read()
            self.assertEqual(slow.result()[:7], "FAILED:")
            self.assertEqual(late.result(), OVERTAKEN)
            self.assertEqual(last.result(), "written")
        self.assertEqual(server.get(third), b"the third's")

    def test_what_was_given_back_is_stale_although_nobody_came(self):
        server = self.server("cell")
        old = self.holder.acquire(VOLUME).sequencer
        self.assertEqual(server.put(old, b"in time"), "written")
        self.holder.release(VOLUME)
        self.assertEqual(server.put(old, b"late"), ENDED)
        self.assertEqual(server.get(self.next.acquire(VOLUME).sequencer), b"in time")

    def test_who_follows_the_lock_hears_of_its_end_although_nobody_came(self):
        server = self.server("follow")
        old = self.holder.acquire(VOLUME).sequencer
        self.assertEqual(server.put(old, b"in time"), "written")
        self.holder.release(VOLUME)
        eventually("the news has come", lambda: server.put(old, b"late") == ENDED)
        new = self.next.acquire(VOLUME).sequencer
        self.assertEqual(server.put(new, b"the next's"), "written")
        self.assertEqual(server.put(old, b"too late"), OVERTAKEN)

    def test_who_follows_the_lock_ends_with_its_session(self):
        server = self.server("follow")
        sequencer = self.holder.acquire(VOLUME).sequencer
        self.assertEqual(server.put(sequencer, b"1"), "written")
        [followed] = [session for session in self.holder.read(
            "list_sessions", api.ListSessionsRequest).sessions
            if session.client_name == "storage_server"]
        self.holder.change("kill_session", api.KillSessionRequest,
                           session_id=followed.session_id, reason="test",
                           operator_name="test")
        eventually("it ends", lambda: not server.process.is_running())
        self.assertEqual(server.process.wait(20), 1)
        server.start()
        self.assertEqual(server.get(sequencer), b"1")

    def test_who_shares_may_read_and_not_write(self):
        server = self.server("cell")
        first = self.holder.acquire(VOLUME).sequencer
        self.assertEqual(server.put(first, b"1"), "written")
        self.holder.release(VOLUME)
        shared = [session.acquire(VOLUME, mode=api.LockMode.SHARED).sequencer
                  for session in (self.holder, self.next)]
        self.assertEqual([server.get(one) for one in shared], [b"1", b"1"])
        self.assertEqual(server.put(shared[0], b"2"),
                         f"NOT_EXCLUSIVE: the lock {VOLUME} is held with others")
        self.assertEqual(server.get(first), OVERTAKEN)
        self.holder.release(VOLUME)
        self.assertEqual(server.get(shared[0]), ENDED, "the cell tells shared holders apart")
        self.assertEqual(server.get(shared[1]), b"1")

    # ---- restarts --------------------------------------------------------------------------------

    def test_killed_and_started_again_it_refuses_whom_it_had_seen_overtaken(self):
        old, new = self.hand_over()
        kept, forgetful = self.server("local"), self.server("local", "--marks", "memory")
        for server in (kept, forgetful):
            self.assertEqual(server.put(old, b"1"), "written")
            self.assertEqual(server.put(new, b"2"), "written")
            server.restart()
        self.assertEqual(kept.put(old, b"late"), OVERTAKEN)
        self.assertEqual(kept.get(new), b"2")
        self.assertEqual(forgetful.put(old, b"late"), "written", "it was told to forget")

    def test_a_mark_is_kept_by_whoever_was_seen_also_a_reader(self):
        old, new = self.hand_over()
        server = self.server("local")
        self.assertEqual(server.put(old, b"1"), "written")
        self.assertEqual(server.get(new), b"1")
        server.restart()
        self.assertEqual(server.put(old, b"late"), OVERTAKEN)

    def test_what_was_answered_is_there_after_a_kill(self):
        server = self.server("cell")
        sequencer = self.holder.acquire(VOLUME).sequencer
        for number in range(5):
            self.assertEqual(server.put(sequencer, b"%d" % number * 1_000), "written")
            server.restart()
            self.assertEqual(server.get(sequencer), b"%d" % number * 1_000)
        (server.data / "new" / "7").write_bytes(b"half of it")
        self.assertEqual(server.remove(sequencer), "removed")
        server.restart()
        self.assertEqual(server.get(sequencer), f"NO_FILE: there is no file f in {VOLUME}")
        self.assertEqual(list((server.data / "new").iterdir()), [])

    # ---- trouble ---------------------------------------------------------------------------------

    def test_without_the_cell_nothing_is_accepted_that_needs_it(self):
        flags = ("--check-timeout-ms", "500")
        servers = [self.server("cell", *flags),
                   self.server("interval", *flags, "--interval-ms", "100"),
                   self.server("follow", *flags, "--lease-ms", "2000"),
                   self.server("interval", "--interval-ms", "3600000"), self.server("local")]
        # A lease that outlives the trouble: it is not the lock that ends here.
        sequencer = self.session("long", lease_ms=120_000).acquire(VOLUME).sequencer
        for server in servers:
            self.assertEqual(server.put(sequencer, b"1"), "written")
        self.cell.kill()
        first = servers[0].put(sequencer, b"2")
        self.assertRegex(first, r"^UNKNOWN: the cell could not be asked: .*\(may be tried again\)$")
        self.assertRegex(servers[1].put(sequencer, b"2"), "^UNKNOWN: the cell could not be asked")
        eventually("its lease is over", lambda: servers[2].get(sequencer)[:8] == "UNKNOWN:")
        self.assertEqual(servers[3].put(sequencer, b"2"), "written", "it was asked in time")
        self.assertEqual(servers[4].put(sequencer, b"2"), "written", "it never asks")
        self.cell.start()
        self.cell.wait_until_serving()
        for server, contents in zip(servers, (b"1", b"1", b"1", b"2", b"2")):
            # Each of its connections finds the cell in its own time.
            eventually("the cell is asked again",
                       lambda server=server, contents=contents: server.get(sequencer) == contents)
            eventually("it writes again",
                       lambda server=server: server.put(sequencer, b"3") == "written")

    def test_what_cannot_be_right_is_refused_with_the_reason(self):
        server = self.server("cell", "--file-bytes-max", "10", "--locks-max", "1")
        sequencer = self.holder.acquire(VOLUME).sequencer
        parts = sequencer.split(":", 6)
        of_other_cell = ":".join([*parts[:5], "0123456789abcdef", parts[6]])
        other = self.holder.acquire("/svc/other").sequencer
        self.assertEqual(server.put(sequencer, b"x" * 10), "written")
        for refusal, said in (
                (server.put("nonsense", b"", VOLUME), "UNKNOWN: "),
                (server.put(of_other_cell, b""), "UNKNOWN: it is of another cell"),
                (server.put(other, b"", VOLUME), "WRONG_LOCK: the sequencer is of the lock /svc/o"),
                (server.put(other, b""), "UNKNOWN: too many locks are remembered already"),
                (server.put(sequencer, b"", file="../f"), "BAD_NAME: "),
                (server.put(sequencer, b"", file=""), "BAD_NAME: "),
                (server.put(sequencer, b"x" * 11), "TOO_LARGE: a file has at most 10 bytes; this"),
                (server.get(sequencer, file="none"), "NO_FILE: ")):
            self.assertEqual(refusal[:len(said)], said, refusal)
        self.assertEqual(server.get(sequencer), b"x" * 10)

    def test_a_volume_below_another_is_not_its_file(self):
        server = self.server("cell")
        above = self.holder.acquire("/svc").sequencer
        below = self.holder.acquire("/svc/f", owner=5).sequencer
        self.assertEqual(server.put(above, b"of /svc"), "written")
        self.assertEqual(server.put(below, b"of /svc/f"), "written")
        self.assertEqual([server.get(above), server.get(below)], [b"of /svc", b"of /svc/f"])

    def test_it_says_what_it_was_told_wrongly(self):
        server = self.server("cell")
        command = [program("holdfast_example_storage_server"), "--data"]
        for arguments, said in (
                ([server.data, "--endpoints", "a:1"], "another process keeps its files there"),
                ([self.folder / "x", "--check", "local"], "--check local needs --cell-id"),
                ([self.folder / "x"], "--check cell needs --endpoints"),
                ([self.folder / "x", "--check", "never"], "--check"),
                ([self.folder / "x", "--endpoints", "a:1", "--cell-id", "77"], "32 hex digits")):
            ran = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True,
                                 timeout=20 * SLOWNESS)
            self.assertNotEqual(ran.returncode, 0)
            self.assertIn(said, ran.stderr)
        helped = subprocess.run([command[0], "--help"], capture_output=True, text=True, check=True)
        for word in ("--check", "--interval-ms", "--marks", "local", "interval", "memory"):
            self.assertIn(word, helped.stdout)

    def test_it_ends_when_it_is_told_to(self):
        server = self.server("cell")
        self.assertEqual(server.process.stop(), 0)
