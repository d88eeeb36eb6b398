"""What the README shows in C++ and Python is there word for word, and does what it says."""

import re
import subprocess
import sys
import tempfile

from tests.harness import CellTest, Session, api
from tests.harness.deadline import SLOWNESS
from tests.harness.programs import ROOT, program

EXAMPLES = ROOT / "client/example"


class Readme(CellTest):
    def block(self, language):
        found = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        self.assertEqual(len(found), 1, f"blocks of {language} in the README")
        return found[0]

    def writes_under_the_lock(self, *command):
        cell = self.start_cell()
        ran = subprocess.run([*command, cell.leader().endpoint], check=True, text=True,
                             stdout=subprocess.PIPE, timeout=60 * SLOWNESS)
        reader = Session(cell.endpoints, name="reader")
        self.addCleanup(reader.die)
        self.assertEqual(reader.get("/reports").contents, b"all is well")
        self.assertEqual(reader.check(ran.stdout.strip()), api.SequencerState.STALE,
                         "the lock is released at the end")

    def test_the_example_in_cxx(self):
        self.assertEqual(self.block("cpp"), (EXAMPLES / "report.cc").read_text())
        self.writes_under_the_lock(program("holdfast_example_report"))

    def test_the_example_in_python(self):
        self.assertEqual(self.block("python"), (EXAMPLES / "report.py").read_text())
        with tempfile.TemporaryDirectory(prefix="holdfast-api-") as folder:
            subprocess.run(["thrift", "--gen", "py", "-out", folder,
                            ROOT / "thrift/lockservice.thrift"], check=True)
            self.writes_under_the_lock("env", f"PYTHONPATH={folder}", sys.executable, "-B",
                                       EXAMPLES / "report.py")
