"""A cell that is found by DNS: names with several addresses, SRV records, by `holdfast`."""

import json
import os
import subprocess
import time

from tests.harness import CellTest
from tests.harness.deadline import SLOWNESS
from tests.harness.dns import SRV, BlackHole, DnsServer, target
from tests.harness.loopback import Host, address
from tests.harness.programs import program

DOMAIN = "main.example.com"
SERVICE = f"_holdfast._tcp.{DOMAIN}"
OK, USAGE, UNREACHABLE = 0, 64, 69
LEASE_S = round(8 * SLOWNESS)


class FoundByDns(CellTest):
    def setUp(self):
        self.dns = DnsServer()
        self.addCleanup(self.dns.close)

    def command(self, *arguments, endpoints=f"srv:{DOMAIN}", servers=None):
        return [program("holdfast"), "--endpoints", endpoints, "--dns-servers",
                servers or self.dns.endpoint, *arguments]

    def run_it(self, *arguments, **where):
        return subprocess.run(self.command(*arguments, **where), text=True, capture_output=True,
                              timeout=60 * SLOWNESS, check=False)

    def succeed(self, *arguments, **where):
        done = self.run_it(*arguments, **where)
        self.assertEqual(done.returncode, OK, done)
        return done.stdout

    def hold(self, path):
        """`holdfast lock hold`, and its sequencer."""
        holder = subprocess.Popen(
            self.command("lock", "hold", path, "--json", "--lease", f"{LEASE_S}s"),
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (holder.kill(), holder.wait(), holder.stdout.close()))
        acquired = json.loads(holder.stdout.readline())
        self.assertEqual(acquired["event"], "acquired")
        return holder, acquired["sequencer"]

    def release(self, holder):
        """Nothing has happened to its lock."""
        holder.terminate()
        self.assertEqual(holder.wait(30 * SLOWNESS), OK)
        self.assertEqual([json.loads(line)["event"] for line in holder.stdout], ["released"])

    def black_hole(self, port):
        """The address of one, at that port."""
        host = Host().name
        hole = BlackHole(f"{host}:{port}")
        self.addCleanup(hole.close)
        return host

    def test_a_cell_is_found_by_its_services(self):
        cell = self.start_cell()
        self.dns.announce(DOMAIN, cell.replicas)
        self.succeed("create", "/a", "found")
        self.assertEqual(self.succeed("get", "/a").strip(), "found")
        self.assertIn((SERVICE, SRV), self.dns.asked)
        status = json.loads(self.succeed("--output", "json", "cell", "status"))
        self.assertEqual({replica["endpoint"] for replica in status["replicas"]},
                         {target(replica) for replica in cell.replicas})
        environment = dict(os.environ, HOLDFAST_ENDPOINTS=f"srv:{DOMAIN}",
                           HOLDFAST_DNS_SERVERS=self.dns.endpoint)
        done = subprocess.run([program("holdfast"), "get", "/a"], env=environment, text=True,
                              capture_output=True, timeout=60 * SLOWNESS, check=False)
        self.assertEqual(done.stdout.strip(), "found", done)

    def test_what_does_not_fit_a_datagram_is_asked_for_by_tcp(self):
        cell = self.start_cell()
        self.dns.announce(DOMAIN, cell.replicas)
        self.dns.is_truncating = True
        self.succeed("create", "/a", "found")
        self.assertIn((SERVICE, SRV), self.dns.asked_by_stream)

    def test_services_that_have_changed_are_followed_by_a_session(self):
        cell = self.start_cell()
        first, others = cell.replicas[0], cell.replicas[1:]
        self.dns.announce(DOMAIN, [first])
        holder, sequencer = self.hold("/l")
        self.dns.announce(DOMAIN, others)
        first.kill()
        time.sleep(LEASE_S + 2)
        self.succeed("sequencer", "check", sequencer)
        self.release(holder)

    def test_what_was_known_stays_in_use_while_dns_says_nothing(self):
        cell = self.start_cell()
        self.dns.announce(DOMAIN, cell.replicas)
        holder, _ = self.hold("/l")
        self.dns.is_silent = True
        for replica in cell.replicas:
            replica.kill()
            replica.start()
            cell.wait_until_serving()
        self.release(holder)

    def test_priorities_are_followed_and_a_black_hole_is_passed(self):
        cell = self.start_cell()
        replica = cell.replicas[0]
        port = address(replica.endpoint)[1]
        self.dns.set_addresses("hole.example.com", [self.black_hole(port)])
        self.dns.announce(DOMAIN, [replica])
        self.dns.set_services(DOMAIN, [(20, 0, target(replica)),
                                       (10, 0, f"hole.example.com:{port}")])
        begin = time.monotonic()
        self.succeed("create", "/a", "found")
        self.assertGreater(time.monotonic() - begin, 0.9, "the hole was not tried first")

    def test_addresses_that_swallow_everything_do_not_hide_the_others_of_their_name(self):
        cell = self.start_cell()
        host, port = address(cell.replicas[0].endpoint)
        holes = [self.black_hole(port) for _ in range(2)]
        self.dns.set_addresses("cell.example.com", [*holes, host])
        self.succeed("create", "/a", "found", endpoints=f"cell.example.com:{port}")
        for _ in range(3):
            self.succeed("get", "/a", endpoints=f"cell.example.com:{port}")

    def test_what_dns_does_not_know_is_said(self):
        self.dns.set_services("gone.example.com", [(0, 0, ".:0")])
        for domain, why in (("gone.example.com", "no such service"),
                            ("nowhere.example.com", "no such name")):
            done = self.run_it("--timeout", "1s", "get", "/a", endpoints=f"srv:{domain}")
            self.assertEqual(done.returncode, UNREACHABLE, done)
            self.assertIn(why, done.stderr)
            self.assertIn(f"_holdfast._tcp.{domain}", done.stderr)
            done = self.run_it("--output", "json", "cell", "status", endpoints=f"srv:{domain}")
            self.assertEqual(done.returncode, UNREACHABLE, done)
            self.assertIn(why, json.loads(done.stdout)["replicas"][0]["error"])
        self.dns.is_silent = True
        begin = time.monotonic()
        done = self.run_it("--timeout", "1s", "get", "/a")
        self.assertEqual(done.returncode, UNREACHABLE, done)
        self.assertLess(time.monotonic() - begin, 4 * SLOWNESS)

    def test_what_is_no_endpoint_is_refused_with_its_text(self):
        for endpoints, why in (("a", "no port"), ("_holdfast._tcp.a.example", "srv:"),
                               ("10.0.0.1:1,srv:a:1", "no domain")):
            done = self.run_it("get", "/a", endpoints=endpoints)
            self.assertEqual(done.returncode, USAGE, done)
            self.assertIn("--endpoints", done.stderr)
            self.assertIn(why, done.stderr)
        done = self.run_it("get", "/a", servers="dns.example.com")
        self.assertEqual(done.returncode, USAGE, done)
        self.assertIn("dns.example.com", done.stderr)
