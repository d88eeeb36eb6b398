"""The catalogue of mutants cannot rot: each finds its place in the product, and all fit into one
copy of the tree, which has all that its build needs. ./dev mutants builds it.
"""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import catalogue  # noqa: E402
import judge  # noqa: E402
import tree  # noqa: E402
import weave  # noqa: E402


def edit(old, new, within=""):
    return catalogue.Edit(file="zab/a.cc", old=old, new=new, within=within)


class TheCatalogue(unittest.TestCase):
    def test_every_mutant_has_its_place_and_its_test(self):
        self.assertEqual(catalogue.problems(catalogue.load()), [])

    def test_all_fit_into_one_tree(self):
        mutants = catalogue.load()
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder)
            tree.make_copy(catalogue.ROOT, copy, mutants)
            for mutant in mutants:
                for one in mutant.edits:
                    text = (copy / one.file).read_text(encoding="utf-8")
                    self.assertIn(f"mutant({mutant.number})", text, mutant.name)

    def test_the_copy_has_every_part_that_its_targets_need(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder)
            tree.make_copy(catalogue.ROOT, copy / "tree", catalogue.load())
            tree.configure(copy / "tree", copy / "build", quietly=True)
            known = (copy / "build/build.ninja").read_text(encoding="utf-8")
            for target in tree.TARGETS:
                self.assertIn(f"build {target}:", known)

    def test_what_is_wrong_is_named(self):
        mutant = catalogue.Mutant(
            number=1,
            name="odd",
            breaks="nothing",
            test="zab_test:No.Such",
            model="",
            edits=(catalogue.Edit(file="zab/core.cc", old="no such text", new=""),),
        )
        found = "\n".join(catalogue.problems([mutant]))
        for part in (
            "`old` is there 0 times",
            "no test 'No.Such'",
            "fewer than",
            "M1 is missing",
        ):
            self.assertIn(part, found)


class Weaving(unittest.TestCase):
    def woven(self, text, *edits):
        return weave.weave(text, edits).split("\n", 1)[1]

    def test_an_expression_becomes_a_choice(self):
        self.assertEqual(
            self.woven("x = a + b;", (3, edit("a + b", "a"))),
            "x = (::holdfast::mutant(3) ? (a) : (a + b));",
        )

    def test_a_statement_becomes_two_branches(self):
        self.assertEqual(
            self.woven("{ f(); }", (3, edit("f();", ""))),
            "{ if (::holdfast::mutant(3)) {  } else { f(); } }",
        )

    def test_two_mutants_share_a_place_and_a_third_lies_inside(self):
        self.assertEqual(
            self.woven(
                "a && b",
                (1, edit("a && b", "a")),
                (2, edit("a && b", "b")),
                (3, edit("b", "c")),
            ),
            "(::holdfast::mutant(1) ? (a) : ::holdfast::mutant(2) ? (b) : "
            "(a && (::holdfast::mutant(3) ? (c) : (b))))",
        )

    def test_a_place_among_several_is_found_within_its_surroundings(self):
        self.assertEqual(
            self.woven("f(x); g(x);", (1, edit("x", "y", within="g(x)"))),
            "f(x); g((::holdfast::mutant(1) ? (y) : (x)));",
        )

    def test_overlapping_mutants_are_refused(self):
        with self.assertRaises(weave.Conflict):
            self.woven("a + b + c", (1, edit("a + b", "a")), (2, edit("b + c", "c")))


class Judging(unittest.TestCase):
    def test_the_failed_test_is_named(self):
        text = "[ RUN      ] A.B\nx.cc:3: Failure\n[  FAILED  ] A.B (0 ms)\n"
        self.assertEqual(judge.noticed_by("zab_test", 1, text), "zab_test A.B")

    def test_the_test_under_way_is_named_when_the_process_aborts_or_hangs(self):
        text = "[ RUN      ] A.A\n[       OK ] A.A (0 ms)\n[ RUN      ] A.B\nCHECK failed\n"
        self.assertEqual(judge.noticed_by("zab_test", -6, text), "zab_test A.B aborts")
        self.assertEqual(judge.noticed_by("zab_test", None, text), "zab_test A.B hangs")

    def test_the_seed_of_the_simulator_is_named(self):
        text = "seed=17 step=3 AGREEMENT: x\nreplay: holdfast_core_sim --seed 17\n"
        self.assertEqual(
            judge.noticed_by("holdfast_core_sim", 1, text), "holdfast_core_sim seed 17"
        )


if __name__ == "__main__":
    unittest.main()
