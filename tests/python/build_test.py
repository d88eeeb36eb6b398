"""The wheel and the sdist are built without a network, have in them what they must, and work."""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

from tests.python.package import ROOT, SOURCE

# Nobody answers there: a build that asked an index would fail.
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
              "PIP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
              "PIP_ROOT_USER_ACTION": "ignore", "PIP_BREAK_SYSTEM_PACKAGES": "1"}
TRY = """
import asyncio, sys, holdfast, holdfast.aio
from holdfast.api import LockService
assert holdfast.__file__.startswith(sys.argv[1]), holdfast.__file__
try:
    holdfast.connect("127.0.0.1:1", timeout=0.2)
except holdfast.errors.NoQuorumError as refused:
    print(refused.code.name, holdfast.__version__)
"""


class BuildTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-build-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        # As in a checkout, but for what earlier runs left there.
        cls.checkout = cls.folder / "checkout/client/python"
        shutil.copytree(SOURCE, cls.checkout, ignore=shutil.ignore_patterns(
            "api", "build", "dist", "*.egg-info", "__pycache__"))
        (cls.folder / "checkout/thrift").mkdir()
        shutil.copy(ROOT / "thrift/lockservice.thrift", cls.folder / "checkout/thrift")
        cls.run_python(cls.checkout, "setup.py", "--quiet", "sdist", "bdist_wheel")
        [cls.wheel] = (cls.checkout / "dist").glob("*.whl")
        [cls.sdist] = (cls.checkout / "dist").glob("*.tar.gz")

    @classmethod
    def run_python(cls, where, *arguments, path="", **environment):
        ran = subprocess.run(
            [sys.executable, "-B", *map(str, arguments)], cwd=where, text=True,
            env={**os.environ, **NO_NETWORK, "PYTHONPATH": path, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def works(self, folder):
        """What is installed there can be imported and used."""
        said = self.run_python(self.folder, "-c", TRY, folder, path=str(folder))
        self.assertRegex(said, r"^NO_QUORUM \d+\.\d+\.\d+\n$")

    def install(self, name, *arguments):
        target = self.folder / name
        self.run_python(self.folder, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                        "--target", target, *arguments)
        return target

    def test_the_wheel_has_all_and_works(self):
        names = zipfile.ZipFile(self.wheel).namelist()
        for part in sorted((SOURCE / "holdfast").rglob("*.py")):
            self.assertIn(part.relative_to(SOURCE).as_posix(), names)
        for part in ("holdfast/py.typed", "holdfast/api/LockService.py", "holdfast/api/ttypes.py"):
            self.assertIn(part, names)
        self.assertTrue(self.wheel.name.endswith("-py3-none-any.whl"))
        self.works(self.install("from-wheel", self.wheel))

    def test_the_sdist_builds_where_no_compiler_is(self):
        names = tarfile.open(self.sdist).getnames()
        self.assertIn("holdfast/api/ttypes.py", {name.split("/", 1)[-1] for name in names})
        no_compiler = self.folder / "bin"
        no_compiler.mkdir()
        target = self.folder / "from-sdist"
        self.run_python(self.folder, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                        "--no-build-isolation", "--target", target, self.sdist,
                        PATH=str(no_compiler))
        self.works(target)

    def test_a_checkout_installs_with_pip(self):
        self.works(self.install("from-checkout", "--no-build-isolation", self.checkout))

    def test_a_checkout_is_imported_after_one_command_and_says_so_before(self):
        bare = self.folder / "bare/client/python"
        shutil.copytree(SOURCE, bare, ignore=shutil.ignore_patterns("api", "__pycache__"))
        (self.folder / "bare/thrift").mkdir()
        shutil.copy(ROOT / "thrift/lockservice.thrift", self.folder / "bare/thrift")
        before = subprocess.run(
            [sys.executable, "-B", "-c", "import holdfast"], cwd=bare, stderr=subprocess.PIPE,
            text=True)
        self.assertIn("generate.py", before.stderr)
        self.run_python(self.folder, bare / "generate.py")
        self.works(bare)


if __name__ == "__main__":
    unittest.main()
