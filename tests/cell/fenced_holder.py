"""A client that holds a lock, for fencing_test: a step for each line of its standard input.

    write    writes under its sequencer: "written", or the name of the error
    believe  whether its lease runs: "yes" or "no"
    again    a new session asks for the lock, once: the sequencer, or the name of the error

It says its sequencer first. Usage: fenced_holder ENDPOINTS LEASE_MS
"""

import sys

from tests.harness import Session, api


class Holder:
    def __init__(self, endpoints, lease_ms):
        self._endpoints = endpoints
        self._lease_ms = lease_ms
        self._session = self._new_session()
        self._sequencer = self._session.acquire("/lock").sequencer

    def _new_session(self):
        return Session(self._endpoints, name="holder", lease_ms=self._lease_ms)

    def sequencer(self):
        return self._sequencer

    def write(self):
        self._session.set("/data", b"the holder's", guard=self._sequencer)
        return "written"

    def believe(self):
        return "yes" if self._session.lease.runs() else "no"

    def again(self):
        self._session.die()
        self._session = self._new_session()
        self._sequencer = self._session.acquire("/lock").sequencer
        return self._sequencer


def main(endpoints, lease_ms):
    holder = Holder(endpoints.split(","), int(lease_ms))
    steps = {"write": holder.write, "believe": holder.believe, "again": holder.again}
    print(holder.sequencer(), flush=True)
    for line in sys.stdin:
        try:
            print(steps[line.strip()](), flush=True)
        except api.LockServiceError as refusal:
            print(api.error_name(refusal), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
