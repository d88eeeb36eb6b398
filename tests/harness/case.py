"""The base of the tests that run real processes."""

import math
import signal
import sys
import unittest

from tests.harness.cell import Cell
from tests.harness.deadline import SLOWNESS


class CellTest(unittest.TestCase):
    """Ends and removes, after each test, every cell made with make_cell(); shows the logs first if
    the test failed. A test that takes longer than `seconds_max` (longer where programs are slow)
    fails; SIGTERM fails it at once.
    """

    seconds_max = 100

    def run(self, result=None):
        result = result if result is not None else self.defaultTestResult()
        self._cells = []
        troubles = len(result.failures) + len(result.errors)
        before = {number: signal.signal(number, self._interrupted)
                  for number in (signal.SIGALRM, signal.SIGTERM)}
        signal.alarm(self._limit_s())
        try:
            return super().run(result)
        finally:
            signal.alarm(0)
            failed = len(result.failures) + len(result.errors) > troubles
            for cell in self._cells:
                if failed:
                    print(cell.logs(), file=sys.stderr, flush=True)
                cell.close()
            for number, handler in before.items():
                signal.signal(number, handler)

    def make_cell(self, **options):
        """A Cell whose folders exist and of which nothing runs yet."""
        cell = Cell(**options)
        self._cells.append(cell)
        cell.init()
        return cell

    def start_cell(self, **options):
        """A Cell that serves at every replica."""
        cell = self.make_cell(**options)
        cell.start()
        cell.wait_until_serving()
        return cell

    def say(self, sentence):
        """A line about what was measured."""
        print(f"{self.id().rsplit('.', 1)[-1]}: {sentence}", flush=True)

    def _limit_s(self):
        return math.ceil(self.seconds_max * SLOWNESS)

    def _interrupted(self, number, _frame):
        if number == signal.SIGALRM:
            raise AssertionError(f"the test took longer than {self._limit_s()} s")
        raise KeyboardInterrupt(signal.Signals(number).name)
