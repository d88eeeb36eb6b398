"""The harness itself: what the tests of cells rely on."""

import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from tests.harness.deadline import Deadline, eventually
from tests.harness.lease import Lease
from tests.harness.loopback import Host, address
from tests.harness.contender import Tenure, overlaps
from tests.harness.process import Process
from tests.harness.programs import ROOT
from tests.harness.proxy import Network


class Echo:
    """A server that sends back what it gets."""

    def __init__(self, endpoint):
        self._listener = socket.create_server(address(endpoint))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(1024):
                    connection.sendall(data)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class LinkTest(unittest.TestCase):
    def setUp(self):
        host = Host()
        self.target = host.endpoint()
        self.entry = host.endpoint()
        self.network = Network()
        self.addCleanup(self.network.stop)
        self.link = self.network.link(self.entry, self.target)

    def connect(self, timeout_s=5):
        connection = socket.create_connection(address(self.entry), timeout=timeout_s)
        self.addCleanup(connection.close)
        return connection

    def echo(self):
        self.addCleanup(Echo(self.target).close)

    def test_bytes_go_through_in_both_directions(self):
        self.echo()
        connection = self.connect()
        connection.sendall(b"hello")
        self.assertEqual(connection.recv(100), b"hello")

    def test_a_cut_link_is_silent_and_a_mended_one_has_lost_nothing(self):
        self.echo()
        connection = self.connect(timeout_s=0.2)
        connection.sendall(b"one")
        self.assertEqual(connection.recv(100), b"one")
        self.link.cut()
        connection.sendall(b"two")
        with self.assertRaises(TimeoutError):
            connection.recv(100)
        self.link.mend()
        connection.settimeout(5)
        self.assertEqual(connection.recv(100), b"two")

    def test_a_link_may_pass_one_direction_only(self):
        self.echo()
        connection = self.connect(timeout_s=0.2)
        self.link.let(True, False)
        connection.sendall(b"one")
        with self.assertRaises(TimeoutError):
            connection.recv(100)
        self.link.let(False, True)
        connection.settimeout(5)
        self.assertEqual(connection.recv(100), b"one")

    def test_a_reset_breaks_all_connections_and_new_ones_are_made(self):
        self.echo()
        connection = self.connect()
        connection.sendall(b"one")
        self.assertEqual(connection.recv(100), b"one")
        self.assertEqual(self.link.reset(), 1)
        self.assertEqual(connection.recv(100), b"")
        again = self.connect()
        again.sendall(b"two")
        self.assertEqual(again.recv(100), b"two")

    def test_a_connection_through_a_cut_link_waits(self):
        self.echo()
        self.link.cut()
        connection = self.connect(timeout_s=0.2)
        connection.sendall(b"hello")
        with self.assertRaises(TimeoutError):
            connection.recv(100)
        self.link.mend()
        connection.settimeout(5)
        self.assertEqual(connection.recv(100), b"hello")

    def test_a_slow_link_takes_its_time(self):
        self.echo()
        self.link.delay(0.1)
        connection = self.connect()
        sent_at = time.monotonic()
        connection.sendall(b"hello")
        self.assertEqual(connection.recv(100), b"hello")
        self.assertGreaterEqual(time.monotonic() - sent_at, 0.2)

    def test_where_nobody_listens_the_link_does_not_either(self):
        with self.assertRaises(ConnectionError):
            connection = self.connect()
            if connection.recv(100) == b"":
                raise ConnectionResetError


class ProcessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name) / "log"

    def start(self, *command):
        process = Process(command, self.log)
        self.addCleanup(process.kill)
        return process

    def test_its_words_are_in_the_log_and_its_end_is_seen(self):
        self.assertEqual(self.start("sh", "-c", "echo word; exit 3").wait(5), 3)
        self.assertEqual(self.log.read_text(), "word\n")

    def test_a_stopped_process_can_be_killed(self):
        process = self.start("sleep", "60")
        process.send(signal.SIGSTOP)
        process.kill()
        self.assertFalse(process.is_running())

    def test_one_that_does_not_end_in_time_is_a_failure(self):
        with self.assertRaisesRegex(AssertionError, "still runs"):
            self.start("sleep", "60").wait(0.05)


class SanitizedTest(unittest.TestCase):
    def status(self, script):
        command = [sys.executable, "-B", ROOT / "cmake/sanitized.py", "sh", "-c", script]
        return subprocess.run(command, capture_output=True, check=False).returncode

    def test_the_status_is_that_of_the_command(self):
        self.assertEqual(self.status("exit 0"), 0)
        self.assertEqual(self.status("exit 3"), 3)
        self.assertEqual(self.status("kill -KILL $$"), 1)

    def test_a_report_is_a_failure_whatever_the_status(self):
        for runtime in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"):
            self.assertEqual(self.status(f'echo found >"${{{runtime}##*log_path=}}.7"; exit 0'), 1)


class DeadlineTest(unittest.TestCase):
    def test_what_happens_is_returned(self):
        answers = iter([None, 0, "at last"])
        self.assertEqual(eventually("it happens", lambda: next(answers)), "at last")

    def test_what_does_not_happen_fails_with_its_sentence(self):
        with self.assertRaisesRegex(AssertionError, "pigs fly"):
            eventually("pigs fly", lambda: False, seconds=0.05)

    def test_a_deadline_passes_once(self):
        deadline = Deadline(0)
        self.assertTrue(deadline.passed())
        self.assertEqual(deadline.left(), 0)


class LeaseTest(unittest.TestCase):
    def test_it_runs_from_when_the_request_was_sent(self):
        lease = Lease()
        self.assertFalse(lease.runs())
        lease.extend(time.monotonic() - 1, 900)
        self.assertFalse(lease.runs())
        lease.extend(time.monotonic(), 60_000)
        self.assertTrue(lease.runs())
        self.assertLess(lease.least_left(), 0)

    def test_after_the_cells_word_nothing_extends_it(self):
        lease = Lease()
        lease.end()
        lease.extend(time.monotonic(), 60_000)
        self.assertFalse(lease.runs())


class TenureTest(unittest.TestCase):
    def test_tenures_that_follow_each_other_do_not_overlap(self):
        self.assertEqual(overlaps([Tenure(5, 8, ""), Tenure(1, 2, ""), Tenure(3, 4, "")]), [])

    def test_work_after_the_next_grant_is_found(self):
        late = Tenure(1, 4, "")
        self.assertEqual(overlaps([Tenure(3, 6, ""), late]), [late])


class HostTest(unittest.TestCase):
    def test_a_host_gives_each_port_once(self):
        host = Host()
        endpoints = [host.endpoint() for _ in range(50)]
        self.assertEqual(len(set(endpoints)), 50)
        self.assertTrue(all(endpoint.startswith("127.") for endpoint in endpoints))


if __name__ == "__main__":
    unittest.main()
