"""The catalogue of mutants: the *.toml files beside this one, one file a part of the product.

    [[mutant]]
    name = "epoch_not_above_promises"
    file = "zab/leader_discovery.cc"
    old = "epoch_ = highest.next();"
    new = "epoch_ = highest;"
    breaks = "what the fault means, in a sentence"
    test = "zab_scenario_test:*zk_1343*"     the binary and filter that must catch it
    model = "M6"                             only where the fault has a number in the design
    within = "..."                           where `old` alone stands in several places: a text that
                                             is there once and has `old` in it once
    also = [{ file, old, new, within }]      further places of the same fault

`old` that ends with a semicolon is one or more statements; any other is an expression. Where
neither can be switched, `new` replaces `old` as it stands, with MUTANT for "this mutant is on".
"""

import dataclasses
import pathlib
import re
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FEWEST = 60
MODEL = [f"M{number}" for number in range(1, 17)]
PARTS = ("zab/", "lockserver/state/", "lockserver/replica/", "lockserver/storage/", "client/")


@dataclasses.dataclass(frozen=True)
class Edit:
    file: str
    old: str
    new: str
    within: str = ""

    def find(self, text):
        """Where `old` begins in the text; an error in words when that is not one place."""
        start = 0
        if self.within:
            if text.count(self.within) != 1:
                return f"`within` is there {text.count(self.within)} times in {self.file}"
            start = text.index(self.within)
            text = self.within
        if text.count(self.old) != 1:
            where = "`within`" if self.within else self.file
            return f"`old` is there {text.count(self.old)} times in {where}: {self.old!r}"
        return start + text.index(self.old)


@dataclasses.dataclass(frozen=True)
class Mutant:
    number: int  # What switches it on; 0 is none.
    name: str
    breaks: str
    test: str
    model: str
    edits: tuple

    @property
    def file(self):
        return self.edits[0].file


def edit_of(table):
    return Edit(
        file=table["file"],
        old=table["old"].strip("\n"),
        new=table["new"].strip("\n"),
        within=table.get("within", "").strip("\n"),
    )


def load(folder=HERE):
    mutants = []
    for path in sorted(folder.glob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        for table in tables.get("mutant", []):
            mutants.append(
                Mutant(
                    number=len(mutants) + 1,
                    name=table["name"],
                    breaks=table["breaks"],
                    test=table["test"],
                    model=table.get("model", ""),
                    edits=(edit_of(table), *map(edit_of, table.get("also", []))),
                )
            )
    return mutants


# ---- what a catalogue may not be -----------------------------------------------------------------


def misplaced(mutants, root):
    """Edits whose old text is not there, or not in one place only."""
    for mutant in mutants:
        for edit in mutant.edits:
            path = root / edit.file
            if not edit.file.startswith(PARTS) or not path.is_file():
                yield f"{mutant.name}: {edit.file} is no file of the product"
                continue
            found = edit.find(path.read_text(encoding="utf-8"))
            if isinstance(found, str):
                yield f"{mutant.name}: {found}"
            if edit.old == edit.new:
                yield f"{mutant.name}: it changes nothing"


def without_test(mutants, root):
    """Mutants that name a test which is not there."""
    names = test_names(root)
    for mutant in mutants:
        binary, colon, pattern = mutant.test.partition(":")
        if not colon or binary not in names:
            yield f"{mutant.name}: there is no test binary '{binary}'"
            continue
        expression = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        if not any(expression.fullmatch(name) for name in names[binary]):
            yield f"{mutant.name}: {binary} has no test '{pattern}'"


def test_names(root):
    """The tests of each binary that mutants may name, as GoogleTest calls them."""
    binaries = {
        "zab_test": "zab",
        "sim_test": "sim",
        "state_test": "state",
        "storage_test": "storage",
        "replica_test": "replica",
        "client_test": "client",
    }
    names = {}
    for binary, folder in binaries.items():
        found = set()
        for path in (root / "tests" / folder).glob("*.cc"):
            text = path.read_text(encoding="utf-8")
            for kind, suite, name in re.findall(r"^TEST(_[FP])?\(\s*(\w+),\s*(\w+)", text, re.M):
                found.add(f"/{suite}.{name}/" if kind == "_P" else f"{suite}.{name}")
        names[binary] = found
    names["zab_scenario_test"] = {
        f"Zab/Scenario.GoesAsWritten/{path.stem}"
        for path in (root / "tests/testdata/zab").glob("*.txt")
    }
    return names


def incomplete(mutants):
    names = [mutant.name for mutant in mutants]
    for name in sorted(set(names)):
        if names.count(name) > 1:
            yield f"two mutants are called {name}"
    if len(names) < FEWEST:
        yield f"there are {len(names)} mutants, fewer than {FEWEST}"
    known = {mutant.model for mutant in mutants}
    for model in MODEL:
        if model not in known:
            yield f"{model} is missing"


def problems(mutants, root=ROOT):
    return [*misplaced(mutants, root), *without_test(mutants, root), *incomplete(mutants)]
