"""`holdfast lock run`: when its command ends, what it hears, and how it is a job of a terminal."""

import os
import re
import signal
import subprocess
import time

from tests.command_line.case import LOST, OK, CommandLineTest
from tests.command_line.terminal import CTRL_C, CTRL_D, CTRL_Z, Terminal
from tests.harness import eventually, programs
from tests.harness.deadline import SLOWNESS

# The longer the lease the smaller the part of it that a busy machine takes.
LEASE_S = 4 * SLOWNESS
LEASE = f"{int(LEASE_S)}s"

SAYS_WHEN_TERMED = "trap 'date +%s.%N > {mark}' TERM; echo $$; while :; do sleep 0.05; done"


def is_alive(pid):
    """Neither gone nor a zombie that waits for its parent."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Timing(CommandLineTest):
    def wait_for_end_of(self, pid):
        """The moment, of the wall clock, at which the process was gone."""
        eventually(f"process {pid} ends", lambda: not is_alive(pid))
        return time.time()

    def test_with_the_whole_cell_paused_the_command_ends_before_the_lock_could_pass_on(self):
        mark, next_mark = self.cell.folder / "termed", self.cell.folder / "next"
        runner = self.begin("lock", "run", "x", "--lease", LEASE, "--", "sh", "-c",
                            SAYS_WHEN_TERMED.format(mark=mark))
        command = int(runner.stdout.readline())
        waiter = self.begin("lock", "run", "x", "--lease", "60s", "--", "sh", "-c",
                            f"date +%s.%N > {next_mark}")
        eventually("the second one waits",
                   lambda: self.as_json("lock", "info", "x")["waiter_count"] == 1)
        for replica in self.cell.replicas:
            replica.pause()
        paused_at = time.time()
        ended_at = self.wait_for_end_of(command)
        # What extended the lease last was asked for before the pause, and the cell counts a whole
        # lease from when it heard that.
        self.assertLess(ended_at - paused_at, LEASE_S)
        termed_at = float(mark.read_text())
        self.assertGreater(ended_at - termed_at, LEASE_S / 24, "no time between TERM and KILL")
        self.assertEqual(self.code_of(runner), LOST)
        for replica in self.cell.replicas:
            replica.resume()
        self.assertEqual(self.code_of(waiter, 60), OK)
        self.assertGreater(float(next_mark.read_text()), ended_at)
        self.say(f"TERM {termed_at - paused_at:.2f} s and the end {ended_at - paused_at:.2f} s "
                 f"after the pause, of a lease of {LEASE_S:g} s")

    def test_a_runner_that_is_stopped_or_killed_takes_its_command_with_it(self):
        # The command's own children too, though only the command dies with its parent.
        script = "sleep 1000 & echo $! $$; wait"
        stopped = self.begin("lock", "run", "x", "--lease", LEASE, "--", "sh", "-c", script)
        processes = [int(pid) for pid in stopped.stdout.readline().split()]
        os.kill(stopped.pid, signal.SIGSTOP)
        stopped_at = time.time()
        for pid in processes:
            self.assertLess(self.wait_for_end_of(pid) - stopped_at, LEASE_S)
        os.kill(stopped.pid, signal.SIGCONT)
        self.assertEqual(self.code_of(stopped), LOST)

        killed = self.begin("lock", "run", "y", "--", "sh", "-c", script)
        processes = [int(pid) for pid in killed.stdout.readline().split()]
        killed.kill()
        for pid in processes:
            self.wait_for_end_of(pid)

    def test_what_does_not_listen_to_sigterm_is_killed_with_all_its_group(self):
        # The command itself goes at SIGTERM, what it has started does not listen.
        runner = self.begin("lock", "run", "x", "--", "sh", "-c",
                            "sh -c \"trap '' TERM; echo \\$\\$; sleep 1000\" & wait")
        deaf = int(runner.stdout.readline())
        self.succeed("lock", "break", "x", "--reason", "a test")
        self.assertEqual(self.code_of(runner), LOST)
        self.wait_for_end_of(deaf)

    def test_signals_are_passed_on_and_end_the_waiting(self):
        runner = self.begin("lock", "run", "x", "--", "sh", "-c",
                            "trap 'echo usr1' USR1; trap 'exit 5' INT; echo ready; "
                            "while :; do sleep 0.05; done")
        self.assertEqual(runner.stdout.readline(), "ready\n")
        runner.send_signal(signal.SIGUSR1)
        self.assertEqual(runner.stdout.readline(), "usr1\n")
        waiter = self.begin("lock", "run", "x", "--", "true")
        eventually("it waits", lambda: self.as_json("lock", "info", "x")["waiter_count"] == 1)
        waiter.terminate()
        self.assertEqual(self.code_of(waiter), 128 + signal.SIGTERM)
        self.assertEqual(self.as_json("lock", "info", "x")["waiter_count"], 0)
        runner.send_signal(signal.SIGINT)
        self.assertEqual(self.code_of(runner), 5)


class JobControl(CommandLineTest):
    """In the terminal of an interactive shell."""

    def setUp(self):
        super().setUp()
        self.shell = Terminal(["bash", "--norc", "--noprofile", "-i"],
                              dict(self.environment, PS1="ready> "), columns=200)
        self.addCleanup(self.shell.close)
        self.shell.expect("ready> ")

    def run_in_shell(self, line):
        self.shell.type(line + "\n")
        self.shell.expect(re.escape(line))

    def bring_back(self):
        """fg; what is typed after it is for the command."""
        self.shell.type("fg\n")
        self.shell.expect(r"fg\r\n.*lock run x.*\r\n")

    def code(self):
        self.shell.type("echo code=$?\n")
        return int(self.shell.expect(r"code=(\d+)\r")[1])

    def test_ctrl_z_stops_it_and_fg_lets_it_go_on(self):
        # What is typed before the command runs may be lost between bash's editing and the command.
        self.run_in_shell("holdfast lock run x --lease 60s -- sh -c 'echo st\"\"arted; exec cat'")
        self.shell.expect("\nstarted\r\n")
        self.shell.type("one\n")
        self.shell.expect("one\r\none\r\n")  # As typed, and as cat says it.
        self.shell.type(CTRL_Z)
        self.shell.expect("Stopped")
        self.shell.expect("ready> ")
        self.assertEqual(self.as_json("lock", "info", "x")["state"], "held")
        self.bring_back()
        self.shell.type("two\n")
        self.shell.expect("two\r\ntwo\r\n")
        self.shell.type(CTRL_D)
        self.shell.expect("ready> ")
        self.assertEqual(self.code(), OK)
        self.assertEqual(self.as_json("lock", "info", "x")["state"], "free")

    def test_ctrl_c_is_for_the_command(self):
        self.run_in_shell("holdfast lock run x -- sh -c 'trap \"exit 9\" INT; echo rea''dy; "
                          "while :; do sleep 0.05; done'")
        self.shell.expect("\nready")
        self.shell.type(CTRL_C)
        self.shell.expect("ready> ")
        self.assertEqual(self.code(), 9)

    def test_in_the_background_it_is_stopped_for_reading_and_goes_on_in_the_foreground(self):
        self.run_in_shell("holdfast lock run x --lease 60s -- cat &")
        eventually("the lock is held",
                   lambda: self.run_it("lock", "info", "x").stdout.startswith("/x is held"))

        def is_stopped():
            self.shell.type("jobs\n")
            return re.search("Stopped", self.shell.expect(r"\[1\]\+?\s+(\S+)")[1])

        eventually("the job is stopped", is_stopped)
        self.bring_back()
        self.shell.type("one\n")
        self.shell.expect("one\r\none\r\n")
        self.shell.type(CTRL_D)
        self.shell.expect("ready> ")
        self.assertEqual(self.code(), OK)

    def test_stopped_for_longer_than_the_lease_it_is_killed_and_the_lock_passes_on(self):
        self.run_in_shell(f"holdfast lock run x --lease {LEASE} -- sh -c 'echo pid=$$; cat'")
        command = int(self.shell.expect(r"pid=(\d+)\r")[1])
        self.shell.type("one\n")
        self.shell.expect("one\r\none\r\n")  # sh has started cat, and waits for it.
        self.shell.type(CTRL_Z)
        self.shell.expect("Stopped")
        eventually("the command is killed", lambda: not is_alive(command), 4 * LEASE_S)
        self.assertEqual(self.run_it("lock", "run", "x", "--wait", "60s", "--", "true").returncode,
                         OK)
        self.bring_back()
        self.shell.expect("the lock")
        self.shell.expect("ready> ")
        self.assertEqual(self.code(), LOST)

    def test_a_pager_behind_it_keeps_the_terminal_and_the_command_gets_it_when_it_asks(self):
        self.run_in_shell("holdfast lock run x -- sh -c 'echo st\"\"arted; read word; "
                          "echo got $word' | cat")
        self.shell.expect("\nstarted\r\n")
        self.shell.type("something\n")
        self.shell.expect("got something")
        self.shell.expect("ready> ")

    def test_without_a_shell_that_could_continue_it_ctrl_z_does_nothing(self):
        alone = Terminal([programs.program("holdfast"), "lock", "run", "x", "--", "sh", "-c",
                          "echo started; exec cat"], self.environment)
        self.addCleanup(alone.close)
        alone.expect("started\r\n")
        alone.type("one\n")
        alone.expect("one\r\n.*one\r\n")
        alone.type(CTRL_Z)
        alone.type("two\n")
        alone.expect("two\r\n.*two\r\n")

    def test_what_the_command_did_to_the_terminal_is_undone_when_it_is_killed(self):
        self.run_in_shell("holdfast lock run x -- sh -c 'stty -echo; echo quiet; sleep 1000'")
        self.shell.expect("\nquiet")
        self.succeed("lock", "break", "x", "--reason", "a test")
        self.shell.expect("ready> ")
        self.shell.type("stty -a\n")
        self.assertEqual(self.shell.expect(r"\s(-?echo)\s")[1], "echo")
