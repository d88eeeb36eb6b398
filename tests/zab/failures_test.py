"""docs/failures.md names only what is there: each scenario, each test, each rule. And each scenario
stands in it and says in its first lines which rule it is about.
"""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "failures.md"
SCENARIOS = ROOT / "tests" / "testdata" / "zab"


def rows():
    """(name of the failure, names that show it, what stops it) of every table of the page."""
    header = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not header:
            header = cells
        elif not set(line) <= set("|-"):
            row = dict(zip(header, cells))
            yield cells[0], re.findall(r"`([^`]+)`", row["shown by"]), row["stopped by"]


def scenarios():
    return {path.stem for path in SCENARIOS.glob("*.txt")}


def tests_in_the_tree():
    names = set()
    for path in (ROOT / "tests").rglob("*.cc"):
        text = path.read_text(encoding="utf-8")
        for suite, name in re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)", text, re.M):
            names.add(f"{suite}.{name}")
    cell = (ROOT / "tests/cell/CMakeLists.txt").read_text(encoding="utf-8")
    names |= {f"cell.{name}" for name in re.findall(r"^holdfast_cell_test\((\w+) ", cell, re.M)}
    return names


class KnownFailures(unittest.TestCase):
    def test_each_is_shown_by_something_that_is_there(self):
        there = scenarios() | tests_in_the_tree()
        for failure, shown, stopped in rows():
            self.assertTrue(shown, f"{failure} is shown by nothing")
            self.assertTrue(stopped, f"{failure} is stopped by nothing")
            for name in shown:
                self.assertIn(name, there, failure)

    def test_each_scenario_is_on_the_page(self):
        shown = {name for _, names, _ in rows() for name in names}
        self.assertEqual(scenarios() - shown, set())

    def test_each_rule_is_one_of_the_protocol(self):
        protocol = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
        for failure, _, stopped in rows():
            for rule in re.findall(r"\bR\d+\b", stopped):
                self.assertIn(f"| {rule} |", protocol, failure)

    def test_each_scenario_says_what_it_is_about(self):
        for path in SCENARIOS.glob("*.txt"):
            head = path.read_text(encoding="utf-8").split("\n\n", 1)[0]
            self.assertTrue(head.startswith("# "), path.name)
            self.assertGreater(len(head), 200, path.name)
            number = re.match(r"zk_0*(\d+)_", path.name)
            if number:
                self.assertRegex(head, rf"\b{number.group(1)}\b", path.name)


if __name__ == "__main__":
    unittest.main()
