"""What client/python/README.md shows is one program that runs."""

import os
import re
import subprocess
import sys
import unittest

from tests.python.package import FOLDER, SOURCE, holdfast
from tests.harness import CellTest
from tests.harness.deadline import SLOWNESS
from holdfast import aio


class Readme(CellTest):
    def test_the_examples_run_one_after_the_other(self):
        text = (SOURCE / "README.md").read_text()
        blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        self.assertEqual(len(blocks), 5)
        cell = self.start_cell()
        with holdfast.connect(cell.endpoints) as session:
            ran = subprocess.run(
                [sys.executable, "-B", "-W", "error", "-c", "\n".join(blocks)],
                env={**os.environ, "PYTHONPATH": FOLDER,
                     "HOLDFAST_ENDPOINTS": ",".join(cell.endpoints)},
                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=60 * SLOWNESS)
            self.assertEqual(ran.returncode, 0, ran.stdout)
            for said in ("it is ours: 1:x:", "SessionState.LIVE", "['done', 'worker-0",
                         "CONTENTS_CHANGED", "b'4'", "b'10.0.0.3:80'", "SessionState.CLOSED"):
                self.assertIn(said, ran.stdout)
            self.assertEqual(session.get("/reports/nightly").contents, b"still well")
            self.assertEqual(session.list_locks(), [])

    def test_every_public_name_is_documented(self):
        for module in (holdfast, aio):
            for name in module.__all__:
                thing = getattr(module, name)
                if isinstance(thing, type) or callable(thing):
                    self.assertTrue(thing.__doc__, name)
                for member, value in vars(thing).items() if isinstance(thing, type) else ():
                    function = getattr(value, "fget", getattr(value, "__func__", value))
                    if callable(function) and not member.startswith("_"):
                        self.assertTrue(value.__doc__, f"{module.__name__}.{name}.{member}")


if __name__ == "__main__":
    unittest.main()
