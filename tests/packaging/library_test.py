"""The installed client library: somebody else's projects build against it and take locks."""

import pathlib
import re
import shutil
import sysconfig
import tempfile

from tests.harness import CellTest, Session, api
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import ROOT, bin_dir
from tests.packaging.command import run

CONSUMER = ROOT / "tests/packaging/consumer"
LIBRARIES = f"lib/{sysconfig.get_config_var('MULTIARCH')}"  # Debian's place for them.
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


class Library(CellTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-library-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.prefix = cls.folder / "prefix"
        run("cmake", "--install", bin_dir().parent, "--prefix", cls.prefix, "--component", "dev")

    def takes_a_lock(self, program, path):
        cell = self.start_cell()
        said = run(program, *cell.endpoints, timeout=60 * SLOWNESS)
        reader = Session(cell.endpoints, name="reader")
        self.addCleanup(reader.die)
        self.assertEqual(reader.check(said.strip()), api.SequencerState.STALE, "it was released")
        return reader.get(path).contents

    def test_the_readme_program_builds_with_cmake(self):
        build = self.folder / "by-cmake"
        run("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCONSUMER_SOURCE={ROOT / 'client/example/report.cc'}")
        run("cmake", "--build", build)
        self.assertEqual(self.takes_a_lock(build / "consumer", "/reports"), b"all is well")

    def test_coroutines_build_with_pkg_config_after_a_move(self):
        moved = self.folder / "moved"
        shutil.copytree(self.prefix, moved)
        environment = {"PATH": "/usr/bin:/bin",
                       "PKG_CONFIG_PATH": str(moved / LIBRARIES / "pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "holdfast", env=environment).split()
        program = self.folder / "asynchronous"
        run("g++", "-std=c++20", *WARNINGS, CONSUMER / "asynchronous.cc", *flags, "-o", program)
        self.assertEqual(self.takes_a_lock(program, "/jobs"), b"mine")

    def test_headers_find_each_other_beside_folders_of_the_same_names(self):
        """Where the including project has a client/ and a thrift/ of its own."""
        project = self.folder / "project"
        for name in ("client/error.h", "client/values.h", "thrift/sequencer.h", "zab/base/ids.h"):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text("#error \"of the project, not of the library\"\n")
        headers = sorted((self.prefix / "include/holdfast/client").rglob("*.h"))
        self.assertGreater(len(headers), 8)
        (project / "all.cc").write_text("".join(
            f"#include <{header.relative_to(self.prefix / 'include')}>\n" for header in headers))
        run("g++", "-std=c++20", *WARNINGS, "-fsyntax-only", f"-I{project}",
            f"-I{self.prefix / 'include'}", project / "all.cc")

    def test_nothing_else_is_installed(self):
        files = {path.relative_to(self.prefix).as_posix()
                 for path in self.prefix.rglob("*") if path.is_file()}
        headers = {name for name in files if name.startswith("include/")}
        self.assertEqual({name.rsplit(".", 1)[-1] for name in headers}, {"h"})
        foundations = {name for name in headers if not name.startswith("include/holdfast/client/")}
        self.assertEqual(foundations, {
            "include/holdfast/thrift/sequencer.h", "include/holdfast/zab/base/check.h",
            "include/holdfast/zab/base/ids.h", "include/holdfast/zab/base/status.h"})
        others = {re.sub(r"holdfastTargets-\w+", "holdfastTargets", name)
                  for name in files - headers}
        self.assertEqual(others, {
            f"{LIBRARIES}/libholdfast_client.a", f"{LIBRARIES}/pkgconfig/holdfast.pc",
            f"{LIBRARIES}/cmake/holdfast/holdfastConfig.cmake",
            f"{LIBRARIES}/cmake/holdfast/holdfastConfigVersion.cmake",
            f"{LIBRARIES}/cmake/holdfast/holdfastTargets.cmake",
            "share/holdfast/lockservice.thrift"})
        symbols = run("nm", "-C", self.prefix / LIBRARIES / "libholdfast_client.a")
        for server in ("holdfast::peer::", "holdfast::record::", "holdfast::state::"):
            self.assertNotIn(server, symbols)
        self.assertIn("holdfast::api::", symbols)
        self.assertIn("holdfast::client::Election::campaign", symbols)
