"""Machines with packages installed: this machine's file system with layers of their own on it.

What is done to a machine stays in its layer, and all is gone with the last process. Needs root and
the right to mount; is_inside() says whether it is there.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from tests.harness.process import Process

INSIDE_VARIABLE = "HOLDFAST_PACKAGING_INSIDE"
NAMESPACE = ["unshare", "--mount", "--propagation", "private"]
# Where they are, in the namespace: nothing has to be removed from the disk afterwards. And the disk
# may be such a file system of layers itself, which then carries none.
MACHINES = pathlib.Path("/mnt")
TRY = f"""set -e
mount -t tmpfs none {MACHINES}
cd {MACHINES}
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
chroot root true"""


def go_inside(module):
    """Runs the module again in a mount namespace of its own, if that is allowed, and does not
    return then."""
    if is_inside():
        _mount("-t", "tmpfs", "none", MACHINES)
        return
    tried = subprocess.run([*NAMESPACE, "sh", "-c", TRY], capture_output=True)
    if tried.returncode == 0:
        os.environ[INSIDE_VARIABLE] = "1"
        os.execvp("unshare", [*NAMESPACE, sys.executable, "-B", "-m", module, *sys.argv[1:]])


def is_inside():
    return INSIDE_VARIABLE in os.environ


def _mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


class Machine:
    """`layers` are those of the machine that it is a copy of."""

    def __init__(self, name, layers=()):
        self.folder = MACHINES / name
        self.folder.mkdir()
        self.root = self.folder / "root"
        upper, work = self.folder / "upper", self.folder / "work"
        for each in (self.root, upper, work):
            each.mkdir()
        lower = ":".join([*map(str, layers), "/"])
        _mount("-t", "overlay", "overlay", "-o",
               f"lowerdir={lower},upperdir={upper},workdir={work}", self.root)
        for each in ("proc", "dev"):
            _mount("--rbind", f"/{each}", self.root / each)
        self.layers = [upper, *layers]

    def close(self):
        """Its layers can then be those of others."""
        subprocess.run(["umount", "--recursive", "--lazy", self.root], check=True)

    def path(self, absolute):
        return self.root / absolute.lstrip("/")

    def put_on_disk(self, absolute, disk):
        """What is written there goes to the folder `disk`, which becomes as the one it covers."""
        here = self.path(absolute)
        shutil.copytree(here, disk)
        facts = here.stat()
        os.chown(disk, facts.st_uid, facts.st_gid)
        _mount("--bind", disk, here)

    def command(self, *words, user=None):
        as_user = []
        if user is not None:
            # Changing the user lets the child outlive us again, so it is told anew.
            as_user = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups",
                       "--pdeathsig", "KILL"]
        return ["chroot", str(self.root), *as_user, *map(str, words)]

    def run(self, *words, user=None, check=True, **options):
        ran = subprocess.run(self.command(*words, user=user), text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
        assert not check or ran.returncode == 0, f"{words}:\n{ran.stdout}"
        return ran if not check else ran.stdout

    def start(self, *words, user, log):
        return Process(self.command(*words, user=user), log)
