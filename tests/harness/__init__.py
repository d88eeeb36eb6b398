"""Cells of real processes, and the clients that test them.

A test makes a Cell (cell.py), talks to it through the stock Thrift library (connection.py,
session.py, writer.py) and does to its processes and links what happens to them in the world
(replica.py, proxy.py). CellTest (case.py) is the base of such tests: it ends every process and
removes every file, whatever happened, and shows the logs of a failed test.
"""

from tests.harness import api
from tests.harness.case import CellTest
from tests.harness.cell import Cell
from tests.harness.connection import Connection, Disconnected
from tests.harness.contender import Contender
from tests.harness.deadline import Deadline, eventually
from tests.harness.session import Session
from tests.harness.writer import Writer

__all__ = [
    "api", "Cell", "CellTest", "Connection", "Contender", "Deadline", "Disconnected", "Session",
    "Writer", "eventually"]
