"""What the runner asks of a system under measurement, and what all have in common."""

import json
import pathlib
import shutil
import signal
import subprocess
import tempfile

from tests.harness.deadline import eventually

GENERATOR_SECONDS_MAX = 400.0


class Trouble(Exception):
    """A measurement that has no figure; the text says why."""


class System:
    """A cell of one system: `size` servers on loopback, everything of theirs below one folder.

    Those who derive from it have `name`, make their servers, and answer is_serving(), leader() and
    generator(). A server is a harness Process, or None while it does not run; places count from 0.
    """

    name = ""

    def __init__(self, size, folder):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=folder))
        self.size = size
        self.processes = [None] * size

    # ---- for those who derive -------------------------------------------------------------------

    def start_server(self, place):
        raise NotImplementedError

    def endpoint(self, place):
        raise NotImplementedError

    def is_serving(self, place):
        raise NotImplementedError

    def leader(self):
        """The place of the one that leads, or None."""
        raise NotImplementedError

    def generator(self):
        """The command that puts load on it, up to the workload."""
        raise NotImplementedError

    # ---- life -----------------------------------------------------------------------------------

    def start(self):
        for place in range(self.size):
            self.start_server(place)
        self.wait_until_serving()

    def wait_until_serving(self, seconds=60.0):
        for place in range(self.size):
            if self.processes[place] is not None:
                eventually(f"{self.name} {place + 1} serves",
                           lambda at=place: self.is_serving(at), seconds)
        self.wait_for_leader(seconds)

    def wait_for_leader(self, seconds=60.0):
        found = eventually(f"{self.name} has a leader", lambda: self._leader_found(), seconds)
        return found[0]

    def _leader_found(self):
        place = self.leader()
        return None if place is None else [place]  # 0 is a place, too.

    def send(self, place, number):
        self.processes[place].send(number)

    def kill(self, place):
        self.processes[place].kill()
        self.processes[place] = None

    def forget(self, place):
        """The server was ended by somebody else."""
        self.processes[place].wait(20.0)
        self.processes[place] = None

    def close(self):
        for process in self.processes:
            if process is not None:
                process.send(signal.SIGCONT)
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- addresses ------------------------------------------------------------------------------

    def order(self, to):
        """Places: "leader" alone; "spread": a follower, the leader, a follower; "all" with the
        leader first; "followers-first"."""
        leader = self.wait_for_leader()
        others = [place for place in range(self.size) if place != leader]
        orders = {"leader": [leader], "spread": [*others[:1], leader, *others[1:]],
                  "all": [leader, *others], "followers-first": [*others, leader]}
        return orders[to]

    def endpoints(self, to):
        return ",".join(self.endpoint(place) for place in self.order(to))

    def pids(self):
        """The leader's first."""
        return [self.processes[place].pid for place in self.order("all")
                if self.processes[place] is not None]

    # ---- load -----------------------------------------------------------------------------------

    def command(self, workload, endpoints, **options):
        """The generator's command; options are named as in load/plan.h."""
        words = [*self.generator(), workload, f"--endpoints={endpoints}"]
        return words + [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]

    def measure(self, workload, to, **options):
        """Runs the generator and answers its figures. Raises Trouble if its checks failed."""
        servers = ",".join(map(str, self.pids()))
        command = self.command(workload, self.endpoints(to), servers=servers, **options)
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=GENERATOR_SECONDS_MAX)
        return figures_of(done.stdout, done.stderr)


def figures_of(output, errors=""):
    """The figures in the last line of a generator's output."""
    lines = output.strip().splitlines()
    if not lines:
        raise Trouble(f"the generator said nothing: {errors.strip()[-300:]}")
    figures = json.loads(lines[-1])
    if "failed" in figures:
        raise Trouble(figures["failed"])
    return figures
