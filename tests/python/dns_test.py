"""The package finds its cell by DNS: names with several addresses, SRV records."""

import queue
import time
import unittest

from tests.python.package import holdfast
from tests.harness import CellTest
from tests.harness.deadline import SLOWNESS
from tests.harness.dns import SRV, BlackHole, DnsServer, target
from tests.harness.loopback import Host, address
from holdfast import errors
from holdfast._core.endpoint import Place
from holdfast._resolver import Resolver

DOMAIN = "main.example.com"
SERVICE = f"_holdfast._tcp.{DOMAIN}"


class WithDns(CellTest):
    def setUp(self):
        self.dns = DnsServer()
        self.addCleanup(self.dns.close)

    def connect(self, endpoints=f"srv:{DOMAIN}", **options):
        session = holdfast.connect(endpoints, dns_servers=self.dns.endpoint, **options)
        self.addCleanup(session.close)
        return session

    def black_hole(self, port):
        host = Host().name
        hole = BlackHole(f"{host}:{port}")
        self.addCleanup(hole.close)
        return host


class FoundByDns(WithDns):
    def test_a_cell_is_found_and_services_that_have_changed_are_followed(self):
        cell = self.start_cell()
        first, others = cell.replicas[0], cell.replicas[1:]
        self.dns.announce(DOMAIN, [first])
        session = self.connect(lease=20 * SLOWNESS)
        lock = session.lock("/l").acquire()
        self.assertIn((SERVICE, SRV), self.dns.asked)
        self.dns.announce(DOMAIN, others)
        first.kill()
        session.set("/l", b"goes on", guard=lock)
        self.assertTrue(lock.held)
        self.dns.is_silent = True  # What was known stays in use.
        others[0].kill()
        first.start()
        cell.wait_until_serving([first, others[1]])
        session.set("/l", b"and on", guard=lock)
        self.assertTrue(lock.held)

    def test_what_does_not_fit_a_datagram_is_asked_for_by_tcp(self):
        cell = self.start_cell()
        self.dns.announce(DOMAIN, cell.replicas)
        self.dns.is_truncating = True
        self.connect().create("/a", b"found")
        self.assertIn((SERVICE, SRV), self.dns.asked_by_stream)

    def test_priorities_are_followed_and_a_black_hole_is_passed(self):
        cell = self.start_cell()
        replica = cell.replicas[0]
        port = address(replica.endpoint)[1]
        self.dns.announce(DOMAIN, [replica])
        self.dns.set_addresses("hole.example.com", [self.black_hole(port)])
        self.dns.set_services(DOMAIN, [(20, 0, target(replica)),
                                       (10, 0, f"hole.example.com:{port}")])
        begin = time.monotonic()
        self.connect()
        self.assertGreater(time.monotonic() - begin, 0.9, "the hole was not tried first")

    def test_addresses_that_swallow_everything_do_not_hide_the_others_of_their_name(self):
        cell = self.start_cell()
        host, port = address(cell.replicas[0].endpoint)
        self.dns.set_addresses("cell.example.com",
                               [self.black_hole(port), self.black_hole(port), host])
        for _ in range(3):
            self.connect(f"cell.example.com:{port}").close()

    def test_what_dns_does_not_know_is_said(self):
        with self.assertRaises(errors.NoQuorumError) as refused:
            self.connect("srv:nowhere.example.com", timeout=1)
        self.assertIn("_holdfast._tcp.nowhere.example.com: there is no such name",
                      str(refused.exception))


class Lookups(WithDns):
    def look_up(self, endpoint):
        answers = queue.SimpleQueue()
        Resolver([self.dns.endpoint]).look_up(endpoint, answers.put)
        return answers.get(timeout=30)

    def test_services_have_their_priorities_weights_and_addresses(self):
        self.dns.set_addresses("a.example.com", ["10.0.0.1", "fd00::1"])
        self.dns.set_addresses("b.example.com", ["10.0.0.2"])
        self.dns.set_services(DOMAIN, [
            (1, 2, "a.example.com:7101"), (3, 4, "b.example.com:7102"), (0, 0, "c.example.com:1")])
        found = self.look_up(f"srv:{DOMAIN}")
        self.assertEqual(sorted(found), [
            Place("a.example.com:7101", ["10.0.0.1:7101", "[fd00::1]:7101"], 1, 2),
            Place("b.example.com:7102", ["10.0.0.2:7102"], 3, 4)])

    def test_what_is_missing_is_told(self):
        self.dns.set_services("gone.example.com", [(0, 0, ".:0")])
        self.dns.set_services("empty.example.com", [])
        self.dns.set_services("lost.example.com", [(0, 0, "x.example.com:1")])
        for domain, why in (("gone", "no such service"), ("empty", "no SRV records"),
                            ("lost", "x.example.com: there is no such name"),
                            ("none", "there is no such name")):
            self.assertIn(why, self.look_up(f"srv:{domain}.example.com"))

    def test_silence_is_bounded_in_time(self):
        self.dns.is_silent = True
        begin = time.monotonic()
        self.assertIn("no DNS server answered in time", self.look_up(f"srv:{DOMAIN}"))
        self.assertLess(time.monotonic() - begin, 8 * SLOWNESS)

    def test_damaged_answers_do_no_more_than_to_be_refused(self):
        self.dns.set_addresses("a.example.com", ["10.0.0.1"])
        self.dns.set_services(DOMAIN, [(1, 2, "a.example.com:7101")])
        kinds = set()
        for seed in range(100):
            self.dns.damage(seed)
            kinds.add(type(self.look_up(f"srv:{DOMAIN}")))
        self.assertLessEqual(kinds, {list, str})
        self.assertIn(str, kinds, "nothing was damaged")


if __name__ == "__main__":
    unittest.main()
