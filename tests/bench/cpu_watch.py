"""CPU time that others use while something is measured."""

import os
import pathlib
import resource
import time

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class CpuWatch:
    """From its making on. Ours are this process and its children, also those that have ended: the
    servers, of all systems, and the generators."""

    def __init__(self):
        self._begun_at = time.monotonic()
        self._others = _others_s()

    def foreign_cores(self):
        """What others used in user mode on the average."""
        seconds = time.monotonic() - self._begun_at
        return max(0.0, (_others_s() - self._others) / seconds)


def _others_s():
    with open("/proc/stat", encoding="ascii") as file:
        fields = file.readline().split()
    everybody = (int(fields[1]) + int(fields[2])) / TICKS_A_SECOND
    return everybody - ours_s()


def ours_s():
    """User mode, in seconds, of this process and of its children."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    own = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    return own + ended + sum(_user_s_of_children(os.getpid()))


def _user_s_of_children(parent):
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # It has ended meanwhile.
        if int(fields[1]) == parent:
            yield int(fields[11]) / TICKS_A_SECOND
