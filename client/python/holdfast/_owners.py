"""Owners: which logical thread of the program asks for a lock.

Owners contend with each other, also within a session, and the cell finds deadlocks among them. By
default each thread (in asyncio: each task) is one. Owners are never used again, unlike the system's
names of threads: a lock may outlive the thread that acquired it, and the next thread of that name
must not find itself holding it.
"""

from __future__ import annotations

import itertools
import threading

_LIBRARY_OWNERS = 2**63
_counter = itertools.count(1)
_of_thread = threading.local()


def new_owner() -> int:
    """An owner that was never given before in this process."""
    return _LIBRARY_OWNERS | next(_counter)


def this_thread_owner() -> int:
    """The owner of the calling thread."""
    owner: int = getattr(_of_thread, "owner", 0)
    if owner == 0:
        owner = _of_thread.owner = new_owner()
    return owner
