"""What the runner asks of a system under measurement, and what all have in common."""

import contextlib
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

    Those who derive from it have `name`, start their servers, and answer what is asked below. A
    server is a harness Process, or None while it does not run; places count from 0.
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

    @staticmethod
    def generator_program():
        """What puts load on it: a program with the command line of load/plan.h."""
        raise NotImplementedError

    def data(self, place):
        """The folder of a server's data."""
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
        leader first; "followers-first"; or those given."""
        if not isinstance(to, str):
            return to
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
        words = [str(self.generator_program()), workload, f"--endpoints={endpoints}"]
        return words + [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]

    def measure(self, workload, to, **options):
        """Runs the generator and answers its figures. Raises Trouble if its checks failed."""
        servers = ",".join(map(str, self.pids()))
        command = self.command(workload, self.endpoints(to), servers=servers, **options)
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=GENERATOR_SECONDS_MAX + options.get("limit", 0))
        return with_cpu_per_op(figures_of(done.stdout, done.stderr))

    @contextlib.contextmanager
    def generator_running(self, workload, to, **options):
        """A generator in the background, which is killed at the end if it still runs."""
        command = self.command(workload, self.endpoints(to), **options)
        child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command],
                                 stdout=subprocess.PIPE, text=True)
        try:
            yield child
        finally:
            child.kill()
            child.wait()
            child.stdout.close()

    # ---- memory and disk ------------------------------------------------------------------------

    def anonymous_kib(self, place):
        """RssAnon: what a server has for itself, without its program and files."""
        status = pathlib.Path(f"/proc/{self.processes[place].pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines()
                    if line.startswith("RssAnon:"))

    def disk_kib(self, place):
        """What is allocated for its data."""
        files = [path for path in self.data(place).rglob("*") if path.is_file()]
        return sum(_blocks(path) for path in files) // 2


def _blocks(path):
    try:
        return path.stat().st_blocks
    except FileNotFoundError:
        return 0  # What it held stands in another file now.


def next_figures(generator):
    """The next line of a generator that runs."""
    return figures_of(generator.stdout.readline())


def with_cpu_per_op(figures):
    """Adds what one operation costs each role, in microseconds of CPU."""
    servers = figures.get("cpu_servers")
    if servers and figures.get("per_s"):
        roles = {"leader": servers[0], "client": figures["cpu_client"]}
        if len(servers) > 1:
            roles["follower"] = sum(servers[1:]) / (len(servers) - 1)
        for role, cores in roles.items():
            figures[f"{role}_us_per_op"] = cores / figures["per_s"] * 1e6
    return figures


def figures_of(output, errors=""):
    """The figures in the last line of a generator's output."""
    lines = output.strip().splitlines()
    if not lines:
        raise Trouble(f"the generator said nothing: {errors.strip()[-300:]}")
    try:
        figures = json.loads(lines[-1])
    except ValueError:
        raise Trouble(f"the generator said {lines[-1][:200]!r}") from None
    if "failed" in figures:
        raise Trouble(figures["failed"])
    return figures
