"""Programs that use the recipes of the C++ library, told what to do (recipe_agent.cc)."""

import json
import os
import subprocess
import threading

from tests.harness import CellTest, eventually
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import program

LEASE_MS = int(3000 * SLOWNESS)


class Agent:
    """One process with one session. `lines` has the words of every line that it printed."""

    def __init__(self, endpoints, name, lease_ms):
        self.name = name
        self.lines = []
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program("holdfast_recipe_agent"),
             ",".join(endpoints), name, str(lease_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._asked = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            number, _, rest = line.rstrip("\n").partition(" ")
            self.lines.append((int(number), rest.split(" ")))

    def ask(self, *words):
        """Begins what the words say; its number."""
        self.process.stdin.write(" ".join(str(word) or "-" for word in words) + "\n")
        self.process.stdin.flush()
        self._asked += 1
        return self._asked

    def heard(self, number):
        """What it has said to that number."""
        return [words for asked, words in list(self.lines) if asked == number]

    def says(self, number, *first):
        """The words of a line to that number that begins so, once there is one."""
        wanted = [str(word) for word in first]

        def found():
            for words in self.heard(number):
                if words[:len(wanted)] == wanted:
                    return words
            return None

        try:
            return eventually(f"{self.name} says {wanted} to {number}", found, 30.0)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; it said {self.heard(number)}") from None

    def last(self, number, *words):
        """Waits until that is the last line to that number."""
        wanted = " ".join(str(word) for word in words)

        def is_last():
            return [" ".join(last) for last in self.heard(number)[-1:]] == [wanted]

        try:
            eventually(f"the last word of {self.name} to {number} is {wanted}", is_last, 30.0)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; it said {self.heard(number)}") from None

    def answer(self, *words):
        """What it answers to them, once."""
        number = self.ask(*words)
        return eventually(f"{self.name} answers {words}", lambda: self.heard(number), 30.0)[0]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        self._reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


class RecipeTest(CellTest):
    """`self.cell` is a cell of three; agent(name) starts an Agent."""

    flags = ()

    def setUp(self):
        self.cell = self.start_cell(flags=self.flags)
        self.environment = dict(os.environ, HOLDFAST_ENDPOINTS=",".join(self.cell.endpoints),
                                HOME=str(self.cell.folder))

    def agent(self, name, endpoints=None, lease_ms=LEASE_MS):
        agent = Agent(endpoints or self.cell.endpoints, name, lease_ms)
        self.addCleanup(agent.close)
        agent.says(0, "ready")
        return agent

    def holdfast(self, *arguments):
        """What `holdfast` prints; it must not be refused."""
        return subprocess.run(
            [program("holdfast"), *arguments], env=self.environment, text=True, check=True,
            stdout=subprocess.PIPE, timeout=60 * SLOWNESS).stdout

    def session_of(self, name):
        """The id of that agent's session."""
        sessions = json.loads(self.holdfast("-o", "json", "session", "ls"))
        [found] = [session["session"] for session in sessions if session["client_name"] == name]
        return found

    def begin(self, *arguments):
        """`holdfast` in the background; it is gone when the test ends."""
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program("holdfast"), *arguments],
            env=self.environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

        def end():
            process.kill()
            process.wait()
            process.stdout.close()

        self.addCleanup(end)
        return process

    def lose_the_leader(self):
        """SIGKILL; it comes back at once."""
        leader = self.cell.wait_for_leader()
        leader.kill()
        leader.start()
