"""Everything that may go wrong, one class a kind: begin() does it and says what, end() undoes it.

A fault belongs to a room; two of one room do not happen at once, those of different rooms do. What
was done is checked where it can be: `bites()` counts what the fault has really hit, so that a fault
that does nothing is noticed.
"""

import signal

from tests.chaos.fabric import CLIENTS, CUT, Rule
from tests.harness import eventually

STARTED_S = 120.0
STOPPED_S = 60.0
DECADE_NS = 10 * 365 * 86400 * 10**9


class Fault:
    room = "replica"

    def __init__(self, world, dice):
        self.world = world
        self.dice = dice

    def begin(self):
        raise NotImplementedError

    def end(self):
        raise NotImplementedError

    def bites(self):
        """How often it has really hit something; once by its beginning, if nothing better is known.
        """
        return 1

    def victim(self):
        """A replica that runs; the leader more often than others."""
        running = [one for one in self.world.cell.replicas
                   if one.is_running() and not one.is_paused]
        leader = self.world.known_leader()
        if leader in running and self.dice.random() < 0.4:
            return leader
        return self.dice.choice(running or self.world.cell.replicas)


# ---- processes -----------------------------------------------------------------------------------


class Kill(Fault):
    """SIGKILL to one replica, rarely to all."""

    def begin(self):
        replicas = self.world.cell.replicas
        self.hit = replicas if self.dice.random() < 0.15 else [self.victim()]
        for replica in self.hit:
            replica.kill()
        return f"{self.hit} killed"

    def end(self):
        self.world.cell.start()


class Restart(Fault):
    """SIGTERM to one replica, or to all one after the other; each has to end well."""

    def begin(self):
        self.hit = self.world.cell.replicas if self.dice.random() < 0.2 else [self.victim()]
        for replica in self.hit:
            self._stop(replica)
            replica.start()
        return f"{self.hit} restarted"

    def _stop(self, replica):
        """It may be killed by the signal as long as it does not serve yet."""
        serves = "serving clients at" in replica.log_text(replica.started_at)
        status = replica.terminate(STOPPED_S)
        is_well = status == 0 or status == -signal.SIGTERM and not serves
        self.world.expect(is_well, f"{replica} ended with {status} on TERM")

    def end(self):
        pass


class Pause(Fault):
    """SIGSTOP to one replica or more, longer than it takes to count as lost."""

    def begin(self):
        count = 1 if self.dice.random() < 0.8 else len(self.world.cell.replicas)
        self.hit = [self.victim()] if count == 1 else self.world.cell.replicas
        for replica in self.hit:
            replica.pause()
        return f"{self.hit} paused"

    def end(self):
        for replica in self.hit:
            replica.resume()


class Wipe(Fault):
    """A disk is lost, and an empty one is in its place; alone, because one more would be too many.
    """

    room = "all"

    def begin(self):
        self.hit = self.victim()
        self.hit.kill()
        self.hit.wipe()
        self.hit.init()
        self.hit.start("--rejoin")
        return f"{self.hit} wiped"

    def end(self):
        eventually(f"{self.hit} is back from its peers", self.hit.serves, STARTED_S)
        # The flag was for once: from now on it starts like any other.
        self.hit.kill()
        self.hit.start()


# ---- the network ---------------------------------------------------------------------------------


class NetworkFault(Fault):
    room = "network"

    def begin(self):
        table, sentence = self.choose()
        self.counts = self.world.set_rules(table)
        return sentence

    def end(self):
        counts = self.world.set_rules({})
        self.hits = sum(counts[kind] - self.counts[kind] for kind in ("dropped", "delayed"))

    def bites(self):
        return self.hits

    def choose(self):
        raise NotImplementedError

    def ids(self):
        return [replica.id for replica in self.world.cell.replicas]


def both_ways(ones, others):
    return {way: CUT for one in ones for other in others for way in ((one, other), (other, one))}


class Halves(NetworkFault):
    """The cell falls into two, and the clients see one part, both or none."""

    def choose(self):
        ids = self.ids()
        self.dice.shuffle(ids)
        size = self.dice.randrange(1, len(ids))
        ones, others = ids[:size], ids[size:]
        hidden = self.dice.choice([[], ones, others, ids])
        return ({**both_ways(ones, others), **both_ways([CLIENTS], hidden)},
                f"{ones} cut off from {others}, the clients from {hidden}")


class Isolate(NetworkFault):
    """One replica is cut off from its peers; clients still reach it."""

    def choose(self):
        one = self.victim().id
        return both_ways([one], [other for other in self.ids() if other != one]), f"{one} isolated"


class OneWay(NetworkFault):
    """One replica is heard but does not hear, or hears and is not heard."""

    def choose(self):
        one = self.victim().id
        others = [other for other in self.ids() if other != one]
        if self.dice.random() < 0.3:
            others = others[:1]
        if self.dice.random() < 0.5:
            return {(one, other): CUT for other in others}, f"nothing goes from {one} to {others}"
        return {(other, one): CUT for other in others}, f"nothing goes from {others} to {one}"


class Hub(NetworkFault):
    """One replica sees all others, and they see only it."""

    def choose(self):
        hub = self.dice.choice(self.ids())
        rest = [other for other in self.ids() if other != hub]
        half = len(rest) // 2
        return both_ways(rest[:half], rest[half:]), f"{rest[:half]} and {rest[half:]} meet at {hub}"


class Loss(NetworkFault):
    """Packets are lost on all ways, the clients' too."""

    def choose(self):
        drop = self.dice.choice([0.02, 0.1, 0.3])
        return self.everywhere(Rule(drop=drop)), f"{drop:.0%} of all packets lost"

    def everywhere(self, rule):
        nodes = [*self.ids(), CLIENTS]
        return {(one, other): rule for one in nodes for other in nodes if one != other}


class Delay(Loss):
    """Packets are late, and overtake each other."""

    def choose(self):
        delay_s = self.dice.choice([0.01, 0.05, 0.2])
        rule = Rule(delay_s=delay_s, jitter_s=delay_s)
        if self.dice.random() < 0.5:
            return self.everywhere(rule), f"all packets {delay_s * 1000:.0f} ms late"
        slow = self.victim().id
        return ({way: rule for way in self.everywhere(rule) if slow in way},
                f"packets of {slow} {delay_s * 1000:.0f} ms late")


# ---- disks and clocks ----------------------------------------------------------------------------


class FullDisk(Fault):
    """The disk of one replica, or of a quorum, has no room left."""

    room = "disk"

    def begin(self):
        replicas = self.world.cell.replicas
        count = self.dice.choice([1, len(replicas) // 2 + 1])
        self.hit = self.dice.sample(replicas, count)
        for replica in self.hit:
            replica.disk.fill()
        return f"the disks of {self.hit} are full"

    def end(self):
        for replica in self.hit:
            replica.disk.free()


class FailingDisk(Fault):
    """Writes or syncs of one replica fail with EIO; it has to end itself, and says why."""

    def begin(self):
        self.hit = self.victim()
        self.hit.may_end = True
        self.offset = self.hit.log_size()
        self.before = self.hit.shim["failed"]
        what = self.dice.choice(["fail_syncs", "fail_writes"])
        self.hit.shim[what] = 1
        return f"the disk of {self.hit} fails ({what})"

    def end(self):
        if self.bites():
            self.world.expect(self.hit.wait_for_exit(STOPPED_S) > 0,
                              f"{self.hit} did not end itself when its disk failed")
            self.world.expect("Input/output error" in self.hit.log_text(self.offset),
                              f"{self.hit} did not say that its disk failed")
        self.hit.may_end = False
        for field in ("fail_syncs", "fail_writes"):
            self.hit.shim[field] = 0
        self.world.cell.start()

    def bites(self):
        return self.hit.shim["failed"] - self.before


class SlowDisk(Fault):
    """Each sync of one replica, or of all, takes long."""

    room = "disk"

    def begin(self):
        replicas = self.world.cell.replicas
        self.hit = replicas if self.dice.random() < 0.3 else [self.victim()]
        self.before = sum(replica.shim["delayed"] for replica in self.hit)
        delay_ms = self.dice.choice([20, 200, 1500])
        for replica in self.hit:
            replica.shim["sync_delay_us"] = delay_ms * 1000
        return f"each sync of {self.hit} takes {delay_ms} ms more"

    def end(self):
        for replica in self.hit:
            replica.shim["sync_delay_us"] = 0

    def bites(self):
        return sum(replica.shim["delayed"] for replica in self.hit) - self.before


class Clock(Fault):
    """Wall clocks jump, by seconds or by years, forward or back."""

    room = "clock"

    def begin(self):
        replicas = self.world.cell.replicas
        self.hit = replicas if self.dice.random() < 0.3 else [self.victim()]
        self.before = sum(replica.shim["wall_reads"] for replica in self.hit)
        jumps = []
        for replica in self.hit:
            jump_ns = self.dice.choice([-1, 1]) * self.dice.choice(
                [2 * 10**9, 3600 * 10**9, DECADE_NS])
            replica.shim["wall_offset_ns"] = jump_ns
            jumps.append(f"{replica} by {jump_ns // 10**9} s")
        return f"wall clocks jump: {', '.join(jumps)}"

    def end(self):
        for replica in self.hit:
            replica.shim["wall_offset_ns"] = 0

    def bites(self):
        return sum(replica.shim["wall_reads"] for replica in self.hit) - self.before


# ---- clients -------------------------------------------------------------------------------------


class PauseClient(Fault):
    """SIGSTOP to a program that holds a lock, for longer than its lease if time allows."""

    room = "client"

    def begin(self):
        self.hit = self.dice.choice(self.world.holders)
        self.hit.send(signal.SIGSTOP)
        return f"{self.hit.name} paused"

    def end(self):
        self.hit.send(signal.SIGCONT)


class KillClient(Fault):
    """SIGKILL to such a program."""

    room = "client"

    def begin(self):
        self.hit = self.dice.choice(self.world.holders)
        self.hit.kill()
        return f"{self.hit.name} killed"

    def end(self):
        self.hit.start()


KINDS = {
    "kill": Kill, "restart": Restart, "pause": Pause, "wipe": Wipe, "halves": Halves,
    "isolate": Isolate, "one-way": OneWay, "hub": Hub, "loss": Loss, "delay": Delay,
    "full-disk": FullDisk, "failing-disk": FailingDisk, "slow-disk": SlowDisk, "clock": Clock,
    "pause-client": PauseClient, "kill-client": KillClient}
