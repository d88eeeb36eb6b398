"""A watcher of the C++ library: `holdfast watch`, which goes through all the trouble as it is."""

import json
import os
import subprocess
import threading

from tests.chaos.history import Event, Stream, now
from tests.harness import Session, eventually
from tests.harness.programs import program

RENAMED = {"deleted": "NODE_DELETED", "created": "NODE_CREATED"}


def zxid_of(text):
    """Of "epoch.counter"."""
    epoch, counter = text.split(".")
    return int(epoch) << 32 | int(counter)


class CliWatcher:
    """Its stream begins with the first event that it says; start() sees to it that there is one.

    The lines do not tell the acquisition of a lock, so the ledger of locks is not for this stream.
    """

    def __init__(self, endpoints, root, marker):
        self.stream = Stream("holdfast watch", 0, [])
        self._marker = marker
        self._endpoints = endpoints
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program("holdfast"), "--output", "json", "watch",
             "--recursive", root],
            env={**os.environ, "HOLDFAST_ENDPOINTS": ",".join(endpoints)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self):
        """Writes at the marker until it hears of it."""
        with Session(self._endpoints, name="marker") as session:
            def hears():
                session.set(self._marker, b"")
                return self.stream.events

            eventually("holdfast watch says something", hears, 30.0)
            session.close()
        self.stream.active_from = self.stream.events[0].zxid

    def _read(self):
        for line in self._child.stdout:
            said = json.loads(line)
            kind = RENAMED.get(said["kind"], said["kind"].upper().replace("-", "_"))
            self.stream.events.append(Event(
                zxid=zxid_of(said["zxid"]), index=said["index"], kind=kind, path=said["path"],
                received=now(), generation=said.get("content_generation", 0)))

    def position(self):
        return self.stream.events[-1].zxid if self.stream.events else 0

    def is_running(self):
        return self._child.poll() is None

    def stop(self):
        self._child.kill()
        self._child.wait()
        self._reader.join()
        self._child.stdout.close()
