"""One lock, as the clients of the headline test take it: of Holdfast or of etcd."""

import base64
import json
import threading
import time
import urllib.error
import urllib.request

from tests.harness import Session, api
from tests.harness.deadline import POLL_S

LOCK = "/locks/set"
WAIT_S = 30.0


class Lost(Exception):
    """The session or lease is gone; the next acquire() begins with a new one."""


class HoldfastLocker:
    """acquire() waits for the lock and answers its generation."""

    def __init__(self, endpoints, lease_s, name):
        self._endpoints = endpoints
        self._lease_ms = int(lease_s * 1000)
        self._name = name
        self._session = None

    def acquire(self):
        try:
            if self._session is None:
                self._session = Session(self._endpoints, lease_ms=self._lease_ms, name=self._name)
            return self._session.acquire(LOCK, wait_s=WAIT_S).generation
        except api.LockServiceError as refusal:
            self._leave()
            raise Lost(api.error_name(refusal)) from refusal

    def release(self):
        try:
            self._session.release(LOCK)
        except api.LockServiceError as refusal:
            self._leave()
            raise Lost(api.error_name(refusal)) from refusal

    def _leave(self):
        if self._session is not None:
            self._session.die()
            self._session = None


class EtcdLocker:
    """etcd's own lock (the service v3lock), by its JSON gateway. acquire() answers etcd's
    revision at the time, which grows as a generation does.
    """

    def __init__(self, endpoints, lease_s, name):
        self._endpoints = endpoints
        self._lease_s = lease_s
        self._name = name
        self._lease = None
        self._key = None
        self._alive = threading.Event()

    def acquire(self):
        try:
            if self._lease is None:
                self._begin_lease()
            lock = self._call("lock/lock", WAIT_S, name=_base64(LOCK), lease=self._lease)
            self._key = lock["key"]
            return int(lock["header"]["revision"])
        except (OSError, KeyError) as failure:
            self._leave()
            raise Lost(str(failure)) from failure

    def release(self):
        if not self._alive.is_set():
            self._leave()
            raise Lost("the lease has ended")
        try:
            self._call("lock/unlock", 5.0, key=self._key)
        except OSError as failure:
            self._leave()
            raise Lost(str(failure)) from failure

    def _begin_lease(self):
        granted = self._call("lease/grant", 5.0, TTL=int(self._lease_s))
        self._lease = granted["ID"]
        self._alive = threading.Event()
        self._alive.set()
        threading.Thread(
            target=self._keep_alive, args=(self._lease, self._alive), daemon=True).start()

    def _keep_alive(self, lease, alive):
        while alive.is_set():
            try:
                reply = self._call("lease/keepalive", 1.0, ID=lease)
                if int(reply["result"].get("TTL", 0)) <= 0:
                    alive.clear()
            except OSError:
                pass  # Another try; the lease may still live.
            time.sleep(self._lease_s / 4)

    def _leave(self):
        self._alive.clear()
        self._lease = None

    def _call(self, method, seconds, **fields):
        request = urllib.request.Request(
            f"http://{self._endpoints[0]}/v3/{method}", json.dumps(fields).encode())
        try:
            with urllib.request.urlopen(request, timeout=seconds) as reply:
                return json.loads(reply.readline())
        except urllib.error.HTTPError as refusal:
            raise OSError(refusal.read().decode(errors="replace")) from refusal
        except OSError:
            self._endpoints = self._endpoints[1:] + self._endpoints[:1]
            time.sleep(POLL_S)
            raise


def _base64(text):
    return base64.b64encode(text.encode()).decode()


LOCKERS = {"holdfast": HoldfastLocker, "etcd": EtcdLocker}
