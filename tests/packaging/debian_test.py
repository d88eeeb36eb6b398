"""The Debian packages: what they say and have, and a cell of three machines that they make.

    python3 -B -m tests.packaging.debian_test [-v]
"""

import configparser
import os
import pathlib
import re
import shutil
import subprocess
import sysconfig
import tempfile
import unittest

from tests.harness import CellTest, eventually
from tests.harness.deadline import SLOWNESS
from tests.harness.loopback import Host
from tests.harness.process import Process
from tests.harness.programs import ROOT, bin_dir
from tests.packaging.command import run
from tests.packaging.machine import Machine, go_inside, is_inside

VERSION = re.search(r"project\(holdfast VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
NAMES = ["holdfast-client", "holdfast-server", "libholdfast-dev", "python3-holdfast"]
UNIT = "/lib/systemd/system/holdfastd.service"
CONFIGURATION = "/etc/holdfast/holdfastd.conf"
LIBRARIES = f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}"
STATE = "/var/lib/holdfast"
PYTHON = """
import sys, holdfast
assert holdfast.__file__ == "/usr/lib/python3/dist-packages/holdfast/__init__.py", holdfast.__file__
with holdfast.connect(sys.argv[1]) as session:
    with session.lock("/from-python", wait=30) as lock:
        session.set("/from-python", b"held", guard=lock)
        print(lock.sequencer)
"""


def make_packages(folder):
    """Out of what is built: {name: file}."""
    run("cpack", "-G", "DEB", "--config", bin_dir().parent / "CPackConfig.cmake", "-B", folder,
        "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip")  # Which takes a tenth of the time.
    files = sorted(folder.glob("*.deb"))
    return {file.name.split("_")[0]: file for file in files}


def unit():
    text = (ROOT / "packaging/server/holdfastd.service").read_text()
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return parser


class Packages(CellTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-packages-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.packages = make_packages(cls.folder / "made")

    # ---- what they say and have -----------------------------------------------------------------

    def field(self, name, field):
        return run("dpkg-deb", "--field", self.packages[name], field).strip()

    def contents(self, name):
        """{path: (mode, owner)} of the files, links and folders."""
        out = {}
        for line in run("dpkg-deb", "--contents", self.packages[name]).splitlines():
            mode, owner, _, _, _, path = line.split(None, 5)
            out[path.split(" -> ")[0].removeprefix(".").rstrip("/")] = (mode, owner)
        return out

    def test_there_are_four_of_this_version(self):
        self.assertEqual([*self.packages], NAMES)
        architecture = run("dpkg", "--print-architecture").strip()
        for name in NAMES:
            wanted = "all" if name == "python3-holdfast" else architecture
            self.assertEqual(self.packages[name].name, f"{name}_{VERSION}_{wanted}.deb")
            self.assertEqual(self.field(name, "Architecture"), wanted)
            self.assertEqual(self.field(name, "Source"), "holdfast")
            synopsis, *description = self.field(name, "Description").splitlines()
            self.assertRegex(synopsis, r"^[A-Za-z][^.]{10,79}$")
            self.assertGreater(len(description), 1)
        changelog = (ROOT / "packaging/changelog").read_text()
        self.assertTrue(changelog.startswith(f"holdfast ({VERSION}) "))

    def test_they_depend_on_what_they_need(self):
        server = self.field("holdfast-server", "Depends")
        for needed in ("adduser", "libc6 (>= ", "libleveldb1d", "libthrift-0.17.0",
                       "libgoogle-glog0v6", "libmimalloc2.0", "libstdc++6 (>= "):
            self.assertIn(needed, server)
        client = self.field("holdfast-client", "Depends")
        self.assertIn("libedit2", client)
        self.assertIn("libc-ares2", client)
        self.assertNotIn("leveldb", client)
        self.assertEqual(self.field("libholdfast-dev", "Depends"), "libthrift-dev, libc-ares-dev")
        self.assertRegex(self.field("libholdfast-dev", "Recommends"), r"^libboost1\.\d+-dev$")
        self.assertEqual(self.field("python3-holdfast", "Depends"),
                         "python3 (>= 3.11), python3-thrift (>= 0.16)")
        self.assertEqual(self.field("python3-holdfast", "Recommends"), "python3-dnspython")

    def test_they_have_what_a_user_of_debian_expects(self):
        wanted = {
            "holdfast-server": ["/usr/sbin/holdfastd", UNIT, CONFIGURATION,
                                "/usr/share/man/man8/holdfastd.8.gz",
                                "/usr/share/man/man8/holdfastd-init.8.gz",
                                "/usr/share/doc/holdfast-server/README.Debian"],
            "holdfast-client": ["/usr/bin/holdfast", "/usr/share/man/man1/holdfast.1.gz",
                                "/usr/share/man/man1/holdfast-lock-run.1.gz",
                                "/usr/share/bash-completion/completions/holdfast",
                                "/usr/share/zsh/vendor-completions/_holdfast"],
            "libholdfast-dev": ["/usr/include/holdfast/client/session.h",
                                f"{LIBRARIES}/libholdfast_client.a",
                                f"{LIBRARIES}/pkgconfig/holdfast.pc",
                                f"{LIBRARIES}/cmake/holdfast/holdfastConfig.cmake",
                                "/usr/share/holdfast/lockservice.thrift"],
            "python3-holdfast": ["/usr/lib/python3/dist-packages/holdfast/__init__.py",
                                 "/usr/lib/python3/dist-packages/holdfast/py.typed",
                                 "/usr/lib/python3/dist-packages/holdfast/api/LockService.py"]}
        for name, paths in wanted.items():
            contents = self.contents(name)
            documents = f"/usr/share/doc/{name}"
            for path in [*paths, f"{documents}/copyright", f"{documents}/changelog.gz"]:
                self.assertIn(path, contents)
            for path, (mode, owner) in contents.items():
                self.assertEqual(owner, "root/root", path)
                program = path in ("/usr/sbin/holdfastd", "/usr/bin/holdfast")
                if mode.startswith("d") or program:
                    self.assertEqual(mode[1:], "rwxr-xr-x", path)
                else:
                    self.assertEqual(mode, "-rw-r--r--", path)
        self.assertEqual(run("dpkg-deb", "--info", self.packages["holdfast-server"], "conffiles"),
                         CONFIGURATION + "\n")

    def test_the_programs_are_stripped_and_hardened(self):
        for name, path in (("holdfast-server", "usr/sbin/holdfastd"),
                           ("holdfast-client", "usr/bin/holdfast")):
            folder = self.folder / name
            run("dpkg-deb", "--extract", self.packages[name], folder)
            self.assertNotIn(".debug_", run("readelf", "--sections", "--wide", folder / path))
            header = run("readelf", "--file-header", "--program-headers", "--dynamic", "--wide",
                         folder / path)
            for mark in ("Type: +DYN", "GNU_RELRO", r"\(FLAGS_1\).*NOW.*PIE", "GNU_STACK.* RW "):
                self.assertRegex(header, mark)
            self.assertLess((folder / path).stat().st_size, 8 << 20)

    # ---- machines -------------------------------------------------------------------------------

    def test_three_machines_with_them_are_a_cell(self):
        if not is_inside():
            self.skipTest("needs root and the right to mount file systems")
        first = self.installed_machine()
        self.looks_as_the_postinst_leaves_it(first)
        self.start_cell_of(first)
        endpoints = ",".join(self.endpoints)
        sequencer = self.machines[0].run(
            "env", f"HOLDFAST_ENDPOINTS={endpoints}", "holdfast", "lock", "run", "/from-shell",
            "--", "printenv", "HOLDFAST_SEQUENCER", timeout=60 * SLOWNESS).strip()
        self.assertRegex(sequencer, r"^1:x:[0-9a-f:]+:/from-shell$")
        sequencer = self.machines[1].run(
            "/usr/bin/python3", "-c", PYTHON, endpoints, timeout=60 * SLOWNESS).strip()
        self.assertRegex(sequencer, r"^1:x:[0-9a-f:]+:/from-python$")
        read = self.machines[2].run("holdfast", "--endpoints", endpoints, "get", "/from-python")
        self.assertEqual(read.strip(), "held")
        for daemon in self.daemons:
            self.assertEqual(daemon.stop(), 0)
        self.keeps_what_is_the_administrators(self.machines[0])

    def installed_machine(self):
        machine = Machine("installed")
        for package in self.packages.values():
            shutil.copy(package, machine.path("/tmp"))
        # With dependencies as they are on this machine; no page of the manual is indexed for it.
        machine.run("sh", "-c", "exec dpkg --no-triggers --force-unsafe-io --install /tmp/*.deb",
                    env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        machine.close()
        return machine

    def looks_as_the_postinst_leaves_it(self, machine):
        looked = Machine("looked", machine.layers)
        user = looked.run("getent", "passwd", "holdfast").strip().split(":")
        self.assertEqual(user[5:], [STATE, "/usr/sbin/nologin"])
        self.assertEqual(looked.run("stat", "-c", "%U:%G %a", STATE).strip(),
                         "holdfast:holdfast 750")
        self.assertEqual(looked.run("systemctl", "is-enabled", "holdfastd", check=False).stdout
                         if shutil.which("systemctl") else "disabled\n", "disabled\n")
        self.assertTrue(list(looked.path("/usr/lib/python3/dist-packages/holdfast/__pycache__")
                             .glob("session.*.pyc")))
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            print("systemd-analyze is not there: the unit is not judged by it")
            return
        judged = looked.run(analyze, "verify", "--man=no", UNIT)
        self.assertEqual(judged, "")
        looked.run(analyze, "security", "--offline=yes", "--threshold=20", UNIT)

    def start_cell_of(self, installed):
        """As README.Debian says it, on three copies of the machine."""
        host = Host()
        self.endpoints = [host.endpoint() for _ in range(3)]
        voters = ",".join(f"{number}={host.endpoint()}" for number in (1, 2, 3))
        self.machines = [Machine(f"machine-{number}", installed.layers)
                         for number in (1, 2, 3)]
        cell_id = self.machines[0].run("holdfast", "cell", "new-id").strip()
        service = unit()["Service"]
        self.daemons = []
        for number, machine in enumerate(self.machines, 1):
            machine.put_on_disk(STATE, self.folder / f"disk-{number}")
            machine.run("runuser", "-u", "holdfast", "--", "holdfastd", "init", "--data",
                        f"{STATE}/replica", "--cell", "main", "--cell-id", cell_id, "--id", number,
                        "--voters", voters)
            self.assertTrue(machine.path(unit()["Unit"]["AssertPathExists"]).exists())
            configuration = machine.path(CONFIGURATION)
            written = configuration.read_text()
            changed = re.sub(r"(?m)^#client-listen = .*$",
                             f"client-listen = {self.endpoints[number - 1]}", written)
            self.assertNotEqual(changed, written)
            configuration.write_text(changed)
            daemon = machine.start(*service["ExecStart"].split(), user=service["User"],
                                   log=self.folder / f"{number}.log")
            self.addCleanup(daemon.kill)
            self.daemons.append(daemon)
        status = self.machines[0].command("holdfast", "--endpoints", ",".join(self.endpoints),
                                          "--timeout", "2s", "cell", "status")
        try:
            eventually("the cell serves", lambda: subprocess.run(
                status, capture_output=True).returncode == 0, 30)
        except AssertionError:
            for daemon in self.daemons:
                print(f"---- {daemon.log.name}", daemon.log.read_text(), sep="\n")
            raise

    # ---- a folder as root, where nothing can be mounted -----------------------------------------

    def test_unpacked_below_another_root_they_are_a_cell(self):
        if os.geteuid() != 0:
            self.skipTest("dpkg needs root")
        root = self.folder / "root"
        (root / "var/lib/dpkg/updates").mkdir(parents=True)
        (root / "var/lib/dpkg/info").mkdir()
        for name in ("status", "available"):
            (root / "var/lib/dpkg" / name).touch()
        # What they depend on is this machine's; scripts would change this machine.
        run("dpkg", f"--root={root}", "--force-depends", "--force-unsafe-io", "--no-triggers",
            "--unpack", *self.packages.values())
        said = run("dpkg-query", f"--root={root}", "--show", "--showformat", "${Package}\n")
        self.assertEqual(said.split(), NAMES)
        client = root / "usr/bin/holdfast"
        endpoints = self.start_cell_below(root, run(client, "cell", "new-id").strip())
        sequencer = run(client, "--endpoints", endpoints, "lock", "run", "/from-shell", "--",
                        "printenv", "HOLDFAST_SEQUENCER", timeout=60 * SLOWNESS).strip()
        self.assertRegex(sequencer, r"^1:x:[0-9a-f:]+:/from-shell$")
        packages = root / "usr/lib/python3/dist-packages"
        script = PYTHON.replace("/usr/lib/python3/dist-packages", str(packages))
        sequencer = run("/usr/bin/python3", "-c", script, endpoints, timeout=60 * SLOWNESS,
                        env={**os.environ, "PYTHONPATH": str(packages)}).strip()
        self.assertRegex(sequencer, r"^1:x:[0-9a-f:]+:/from-python$")

    def start_cell_below(self, root, cell_id):
        host = Host()
        endpoints = [host.endpoint() for _ in range(3)]
        voters = ",".join(f"{number}={host.endpoint()}" for number in (1, 2, 3))
        server = root / "usr/sbin/holdfastd"
        for number, endpoint in enumerate(endpoints, 1):
            data = self.folder / f"below-{number}"
            run(server, "init", "--data", data, "--cell", "main", "--cell-id", cell_id, "--id",
                number, "--voters", voters)
            # So it is called until a package is configured.
            written = (root / f"{CONFIGURATION.lstrip('/')}.dpkg-new").read_text()
            changed = re.sub(r"(?m)^#?client-listen = .*$", f"client-listen = {endpoint}", written)
            self.assertNotEqual(changed, written)
            changed = re.sub(r"(?m)^data = .*$", f"data = {data}", changed)
            own = self.folder / f"below-{number}.conf"
            own.write_text(changed)
            daemon = Process([str(server), "run", "--config", str(own)],
                             self.folder / f"below-{number}.log")
            self.addCleanup(daemon.kill)
        status = [root / "usr/bin/holdfast", "--endpoints", ",".join(endpoints), "--timeout", "2s",
                  "cell", "status"]
        eventually("the cell serves", lambda: subprocess.run(
            status, capture_output=True).returncode == 0, 30)
        return ",".join(endpoints)

    def keeps_what_is_the_administrators(self, machine):
        """A new version leaves the configuration as it is, and a purge what a replica wrote."""
        written = machine.path(CONFIGURATION).read_text()
        machine.run("sh", "-c", "exec dpkg --no-triggers --force-unsafe-io --install "
                    "/tmp/holdfast-server_*.deb")
        self.assertEqual(machine.path(CONFIGURATION).read_text(), written)
        said = machine.run("dpkg", "--no-triggers", "--force-unsafe-io", "--purge",
                           "holdfast-server", "holdfast-client", "libholdfast-dev",
                           "python3-holdfast")
        self.assertIn(f"{STATE} is not empty and stays", said)
        self.assertFalse(machine.path("/etc/holdfast").exists())
        self.assertFalse(machine.path("/usr/lib/python3/dist-packages/holdfast").exists())
        self.assertTrue(machine.path(f"{STATE}/replica/IDENTITY").exists())


if __name__ == "__main__":
    go_inside("tests.packaging.debian_test")
    unittest.main()
