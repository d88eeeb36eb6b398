"""The headline test, short: with its sequencers checked Holdfast loses nothing."""

import unittest

from tests.chaos.paused_holders import account_of, faults_of, CHECKED, run
from tests.harness import CellTest

SECONDS = 20.0
RUNS_MAX = 4


class PausedHolders(CellTest):
    seconds_max = 400

    def test_nothing_acknowledged_is_lost(self):
        cell = self.start_cell()
        for seed in range(1, RUNS_MAX + 1):
            account = run("holdfast", cell.endpoints, True, SECONDS, seed)
            self.say(account)
            self.assertEqual((account.lost, account.unexplained), (0, 0))
            self.assertGreater(account.acknowledged, 0)
            if account.refused:
                return
        self.fail("no request ever came too late: the pauses do not do what they should")


class Accounts(unittest.TestCase):
    def test_a_number_that_was_acknowledged_and_is_missing_is_lost(self):
        account = account_of([(1, "acknowledged"), (2, "acknowledged")], [2], 1)
        self.assertEqual((account.lost, account.lost_percent), (1, 50.0))

    def test_a_number_that_was_refused_and_is_there_is_unexplained(self):
        self.assertEqual(account_of([(1, "refused")], [1], 1).unexplained, 1)

    def test_a_number_that_is_there_twice_is_unexplained(self):
        self.assertEqual(account_of([(1, "acknowledged")], [1, 1], 1).unexplained, 1)

    def test_a_loss_in_spite_of_checks_is_a_fault_and_so_is_a_run_without_late_requests(self):
        lost = account_of([(1, "acknowledged"), (2, "refused")], [], 1)
        self.assertEqual(len(list(faults_of(CHECKED, lost))), 1)
        idle = account_of([(1, "acknowledged")], [1], 1)
        self.assertEqual(len(list(faults_of(CHECKED, idle))), 1)


if __name__ == "__main__":
    unittest.main()
