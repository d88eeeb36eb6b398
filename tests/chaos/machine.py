"""A replica's machine: its disk, its clocks, its place in the network."""

import mmap
import os
import shutil
import struct
import subprocess
import tempfile

import pathlib

from tests.chaos import fabric
from tests.harness import Cell
from tests.harness.process import Process
from tests.harness.programs import ROOT, program
from tests.harness.replica import Replica

DISK_BYTES = 192 << 20
SPARE_BYTES = 1 << 16  # What is left by fill().
SHIM_FIELDS = ("fail_syncs", "fail_writes", "sync_delay_us", "wall_offset_ns", "failed", "delayed",
               "wall_reads")


class Shim:
    """What shim.c is told, and what it counts, by the names of its fields."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(8 * len(SHIM_FIELDS)))
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)

    @staticmethod
    def build(folder):
        library = folder / "shim.so"
        fabric.run("cc", "-shared", "-fPIC", "-O2", "-o", str(library),
                   str(ROOT / "tests/chaos/shim.c"))
        return library

    def __getitem__(self, field):
        return struct.unpack_from("=q", self._memory, 8 * SHIM_FIELDS.index(field))[0]

    def __setitem__(self, field, value):
        struct.pack_into("=q", self._memory, 8 * SHIM_FIELDS.index(field), value)

    def close(self):
        self._memory.close()


class Disk:
    """A file system of its own in a file, on the real disk, so that it can be full.

    Where mounting is not allowed it is a folder, and `can_be_full` is false.
    """

    def __init__(self, folder, can_be_full):
        self.folder = folder
        self.can_be_full = can_be_full
        folder.mkdir()
        if can_be_full:
            self._mount()
        self._filler = folder / "filler"

    def _mount(self):
        image = self.folder.with_suffix(".image")
        with open(image, "wb") as file:
            file.truncate(DISK_BYTES)
        fabric.run("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", str(image))
        fabric.run("mount", "-o", "loop", str(image), str(self.folder))
        image.unlink()  # It goes with the mount, and that with the last process in here.

    def fill(self):
        about = os.statvfs(self.folder)
        with open(self._filler, "wb") as file:
            os.posix_fallocate(
                file.fileno(), 0, max(1, about.f_bavail * about.f_frsize - SPARE_BYTES))

    def free(self):
        self._filler.unlink(missing_ok=True)

    def close(self):
        if self.can_be_full:
            fabric.run("umount", "--lazy", str(self.folder))


class Machine(Replica):
    """A replica with the means to trouble it."""

    def __init__(self, replica_id, cell, network, library):
        super().__init__(replica_id, cell.folder, network.client_listen(replica_id), cell)
        self.disk = Disk(cell.folder / f"disk{replica_id}", fabric.is_inside())
        self.data = self.disk.folder / "data"
        self.shim = Shim(cell.folder / f"{replica_id}.shim")
        self.is_paused = False
        self.may_end = True  # It was killed, or its disk fails.
        self.started_at = 0  # The offset in its log of its last start.
        self._prefix = network.prefix(replica_id)
        self._environment = {"LD_PRELOAD": str(library), "HOLDFAST_SHIM": str(self.shim.path)}

    def start(self, *flags):
        assert not self.is_running(), f"replica {self.id} runs already"
        self.is_paused = False
        self.may_end = False
        self.started_at = self.log_size()
        self._process = Process(
            [*self._prefix, program("holdfastd"), "run", "--data", self.data, "--client-listen",
             self.endpoint, *self._cell.flags, *flags], self.log, self._environment)

    def kill(self):
        self.may_end = True
        super().kill()

    def terminate(self, seconds=20.0):
        self.may_end = True
        return super().terminate(seconds)

    def pause(self):
        super().pause()
        self.is_paused = True

    def resume(self):
        super().resume()
        self.is_paused = False

    def close(self):
        self.kill()
        self.shim.close()
        self.disk.close()


class TroubledCell(Cell):
    """A Cell of machines. Its folder is kept by keep()."""

    def __init__(self, voters, flags):
        # All that the base's constructor makes is made otherwise here.
        self.name = "chaos"
        self.cell_id = os.urandom(16).hex()
        self.flags = list(flags)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-chaos-"))
        ids = list(range(1, voters + 1))
        self.network = (fabric.Namespaces if fabric.is_inside() else fabric.Proxies)(ids)
        self._network = None
        library = Shim.build(self.folder)
        self.voters = []
        self.observers = []
        for replica_id in ids:
            self.voters.append(Machine(replica_id, self, self.network, library))
        self.replicas = self.voters
        for one in self.voters:
            one.voters = ",".join(
                f"{other}={self.network.peer_endpoint(one.id, other)}" for other in ids)

    @property
    def endpoints(self):
        return [self.network.client_endpoint(replica.id) for replica in self.replicas]

    def keep(self, folder):
        """Copies the replicas' folders and logs there."""
        for replica in self.replicas:
            shutil.copytree(replica.data, folder / f"data{replica.id}", dirs_exist_ok=True)
            if replica.log.exists():
                shutil.copy(replica.log, folder)

    def close(self):
        try:
            for replica in self.replicas:
                replica.close()
            self.network.close()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def versions():
    """The programs under test, for the report."""
    return subprocess.run(
        [program("holdfastd"), "--version"], capture_output=True, text=True).stdout.strip()
