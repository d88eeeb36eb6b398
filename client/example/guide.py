"""The Python of docs/guide.md: guide.py HOST:PORT,HOST:PORT,…"""

import sys
import threading

import holdfast

endpoints = sys.argv[1]


# [server_python]
class Storage:
    def __init__(self, cell):
        self._checker = holdfast.SequencerChecker(cell)  # Asks the cell each time.
        self._one_step = threading.Lock()
        self._lines = []

    def append(self, line, sequencer):
        # The check and the write are one step: the write of a later holder cannot come between.
        with self._one_step:
            if not self._checker.check(sequencer):
                return False
            self._lines.append(line)
            return True
# [/server_python]


# [take_python]
with holdfast.connect(endpoints, lease=12, client_name="accounts") as session:
    with session.lock("/guide/accounts", wait=30, description="end of year") as lock:
        for month in range(1, 13):
            lock.check()  # Raises if the lock may be another's by now.
            session.set("/guide/accounts", b"closed: %d" % month, guard=lock)
# [/take_python]

with holdfast.connect(endpoints, client_name="alice") as alice:
    storage = Storage(endpoints)
    with alice.lock("/guide/ledger") as lock:
        print("while she holds the lock:", storage.append("from alice", lock.sequencer))
    print("after that:", storage.append("too late", lock.sequencer))
