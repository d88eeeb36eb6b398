"""The semaphore and the barriers of the C++ library, with clients that are killed and a cell that
loses its leader."""

import signal
import threading
import time

from tests.cell.recipe_agent import LEASE_MS, RecipeTest
from tests.harness import eventually

ROUNDS = 12


class Semaphore(RecipeTest):
    def open(self, name, permits=2):
        """An agent, and its number of the semaphore."""
        agent = self.agent(name)
        semaphore = agent.ask("semaphore", "/sem", permits)
        agent.says(semaphore, "open")
        return agent, semaphore

    def places(self, count):
        eventually(f"{count} have a place",
                   lambda: len(self.holdfast("ls", "/sem").split()) == count)

    def line_up(self, names):
        """[(agent, its number of the permit)], in the order in which they came."""
        line = []
        for name in names:
            agent, semaphore = self.open(name)
            line.append((agent, agent.ask("permit", semaphore, "")))
            self.places(len(line))
        return line

    def test_permits_go_in_the_order_of_asking_and_come_back_from_the_dead(self):
        line = self.line_up("abcde")
        [a, b, c, d, e] = line
        sequencers = [agent.says(permit, "permit")[1] for agent, permit in (a, b)]
        self.assertEqual([agent.heard(permit) for agent, permit in (c, d, e)], [[], [], []])
        for sequencer in sequencers:
            self.holdfast("sequencer", "check", sequencer)
        self.lose_the_leader()
        self.assertEqual(b[0].answer("held", b[1]), ["held"])
        self.assertEqual(b[0].answer("release", b[1]), ["released"])
        self.assertEqual(b[0].answer("held", b[1]), ["not-held"])
        c[0].says(c[1], "permit")
        self.assertEqual([agent.heard(permit) for agent, permit in (d, e)], [[], []])
        # One who waits dies: he gets nothing, and stops nobody. One who is inside dies.
        d[0].kill()
        a[0].kill()
        e[0].says(e[1], "permit")
        self.places(2)
        self.assertEqual(c[0].answer("held", c[1]), ["held"])

    def test_who_does_not_wait_leaves_no_place(self):
        line = self.line_up("abc")
        (a, first), (b, second), (c, third) = line
        a.says(first, "permit")
        b.says(second, "permit")
        self.assertEqual(a.answer("permit", 1, 0), ["error", "LOCK_HELD"])
        self.assertEqual(a.answer("permit", 1, 100), ["error", "TIMEOUT"])
        self.places(3)
        c.ask("cancel", third)
        c.says(third, "error", "CANCELLED")
        self.places(2)
        self.assertEqual(c.answer("semaphore", "/sem", 3), ["error", "BAD_ARGUMENT"])
        b.answer("release", second)
        self.assertEqual(c.answer("permit", 1, 0)[0], "permit")

    def test_an_operator_takes_a_permit_away(self):
        line = self.line_up("abc")
        (a, first), (_, _), (c, third) = line
        name = a.says(first, "permit")[1].split(":")[-1]
        self.assertEqual(c.heard(third), [])
        self.holdfast("lock", "break", name, "--reason", "a test")
        a.says(first, "lost")
        c.says(third, "permit")
        self.assertEqual(a.answer("release", first), ["error", "NOT_HELD"])
        self.places(2)

    def test_a_permit_of_a_killed_session_stays_taken_while_its_client_may_believe(self):
        """The client is stopped, so it cannot hear of it: only its lease ends that."""
        (a, first), (_, _), (c, third) = self.line_up("abc")
        a.says(first, "permit")
        a.process.send_signal(signal.SIGSTOP)
        stopped_at = time.monotonic()
        self.holdfast("session", "kill", self.session_of("a"), "--reason", "a test")
        c.says(third, "permit")
        # What is left of a lease at any moment is more than half of it.
        self.assertGreater(time.monotonic() - stopped_at, LEASE_MS / 2000)
        a.process.send_signal(signal.SIGCONT)
        self.assertEqual(a.answer("held", first), ["not-held"])

    def test_never_more_than_there_are(self):
        """Counted from the line that says that one has a permit to the asking to release it: no
        earlier and no longer than he has it."""
        inside, counts, lock = [0], [], threading.Lock()

        def work(agent, semaphore):
            for _ in range(ROUNDS):
                permit = agent.ask("permit", semaphore, "")
                agent.says(permit, "permit")
                with lock:
                    inside[0] += 1
                    counts.append(inside[0])
                agent.answer("held", permit)
                with lock:
                    inside[0] -= 1
                self.assertEqual(agent.answer("release", permit), ["released"])

        workers = [threading.Thread(target=work, args=self.open(name), daemon=True)
                   for name in "abcde"]
        for worker in workers:
            worker.start()
        eventually("they work", lambda: len(counts) > ROUNDS)
        self.lose_the_leader()
        for worker in workers:
            worker.join(60)
        self.assertEqual(len(counts), len(workers) * ROUNDS, "one was refused, or did not end")
        self.assertEqual(max(counts), 2)
        self.places(0)


class Barrier(RecipeTest):
    def test_all_wait_and_go_on_together(self):
        agents = [self.agent(name) for name in "abc"]
        self.assertEqual(agents[0].answer("wait", "/gate", ""), ["passed"], "there is none")
        self.assertEqual(agents[0].answer("raise", "/gate"), ["raised"])
        self.assertEqual(agents[1].answer("raise", "/gate"), ["raised"])
        self.assertEqual(agents[1].answer("wait", "/gate", 200), ["error", "TIMEOUT"])
        waits = [(agent, agent.ask("wait", "/gate", "")) for agent in agents]
        agents[0].answer("leader", "/gate")  # Behind the wait, and so is the rest.
        self.lose_the_leader()
        self.assertEqual(agents[2].answer("wait", "/gate", 200), ["error", "TIMEOUT"])
        self.assertEqual([agent.heard(wait) for agent, wait in waits], [[], [], []])
        lifting = self.agent("lifting")
        self.assertEqual(lifting.answer("lift", "/gate"), ["lifted"])
        for agent, wait in waits:
            agent.says(wait, "passed")
        self.assertEqual(lifting.answer("lift", "/gate"), ["lifted"], "there is none any more")

    def entered(self, participants):
        """The zxids by which they entered."""
        return [agent.says(entering, "entered")[1] for agent, entering in participants]

    def test_so_many_enter_at_once_and_leave_at_once(self):
        agents = [self.agent(name) for name in "abcd"]
        barriers = [(agent, agent.ask("double", "/step", 3)) for agent in agents]
        for agent, barrier in barriers:
            agent.says(barrier, "open")

        def enter(which, wait_ms):
            agent, barrier = barriers[which]
            return agent, agent.ask("enter", barrier, wait_ms)

        def leave(which, wait_ms):
            agent, barrier = barriers[which]
            return agent, agent.ask("leave", barrier, wait_ms)

        early = [enter(0, "")]
        impatient, entering = enter(1, 200)
        impatient.says(entering, "error", "TIMEOUT")
        early.append(enter(1, ""))
        self.assertEqual([agent.heard(number) for agent, number in early], [[], []])
        self.lose_the_leader()
        late = enter(2, "")
        together = self.entered(early + [late])
        self.assertEqual(len(set(together)), 1, "they did not enter by one command")
        # The fourth is of the next round, however soon he comes.
        next_round = [enter(3, "")]
        left_first, leaving = leave(0, 200)
        left_first.says(leaving, "error", "TIMEOUT")
        next_round.append(enter(0, ""))
        self.assertEqual(left_first.answer("leave", barriers[0][1], ""), ["error", "BAD_ARGUMENT"])
        leaves = leave(1, "")
        agents[2].kill()  # Who has died inside has left.
        leaves[0].says(leaves[1], "left")
        self.assertEqual([agent.heard(number) for agent, number in next_round], [[], []])
        next_round.append(enter(1, ""))
        again = self.entered(next_round)
        self.assertEqual(len(set(again)), 1)
        self.assertGreater(int(again[0]), int(together[0]))
        # All of this round die but one who leaves: the next finds no trace of them.
        agents[0].kill()
        agents[3].kill()
        leaves = leave(1, "")
        leaves[0].says(leaves[1], "left")
        eventually("nobody is there", lambda: self.holdfast("ls", "/step").split() == [])
