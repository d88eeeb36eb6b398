"""The part of docs/style.md that a program can check. Run by ctest, and by hand:

    python3 tests/style/tidy.py [folder of the repository]

Each finding is one line, `file:line: rule: what to do instead`; the exit code is 1 if there is any.
A rule is a function from a SourceFile to findings; tidy_test.py shows for each that it can fail.
"""

import ast
import dataclasses
import pathlib
import re
import subprocess
import sys

COLUMNS_MAX = 100
FILE_LINES_MAX = 600
TEST_FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70

CXX = {".h", ".cc"}
CHECKED = CXX | {".py", ".sh", ".cmake", ".thrift", ".txt", ".md", ""}
PURE = ("zab/", "lockserver/state/")


@dataclasses.dataclass(frozen=True)
class SourceFile:
    path: str  # From the root of the repository, with forward slashes.
    text: str

    @property
    def suffix(self):
        return pathlib.PurePosixPath(self.path).suffix

    @property
    def is_cxx(self):
        return self.suffix in CXX

    @property
    def is_test(self):
        return self.path.startswith("tests/")

    @property
    def lines(self):
        return self.text.split("\n")

    def within(self, *prefixes):
        return self.path.startswith(prefixes)


# ---- includes -----------------------------------------------------------------------------------

# (where, but not here, what, what to do instead)
BANNED_INCLUDES = [
    (PURE, (), r"<(chrono|ctime|time\.h)>", "time is a Ticks argument (zab/base/ids.h)"),
    (PURE, (), r"<(random)>", "dice come by seed (zab/base/random.h)"),
    (
        PURE,
        (),
        r"<(thread|mutex|shared_mutex|condition_variable|atomic|future|stop_token)>",
        "one strand owns this code: no thread, no lock",
    ),
    (
        PURE,
        ("zab/base/check.cc",),
        r"<(iostream|fstream|cstdio|stdio\.h|filesystem|unistd\.h|fcntl\.h|sys/.*)>",
        "no IO here: return a value that says what the driver must do",
    ),
    (PURE, (), r"<unordered_(map|set)>", "std::map or a sorted vector: order is observable"),
    (
        PURE,
        (),
        r"<(boost|glog|leveldb|thrift)/.*>",
        "no package here: std and our own headers only",
    ),
    (
        ("",),
        ("lockserver/storage/", "tests/"),
        r"<leveldb/.*>",
        "LevelDB stays behind lockserver/storage/store.h",
    ),
    (
        ("",),
        ("lockserver/net/", "lockserver/main", "lockserver/daemon", "client/", "tests/"),
        r"<boost/asio.*>",
        "Asio is for lockserver/net/ and client/; the driver has transport.h and clock.h",
    ),
    (
        ("",),
        (
            "lockserver/replica/",
            "lockserver/net/",
            "lockserver/storage/",
            "lockserver/main",
            "lockserver/daemon",
            "tests/",
        ),
        r"<glog/.*>",
        "return a Status; only the edge of the server logs",
    ),
    (("",), ("tests/testdata/",), r"<(assert\.h|cassert)>", "HOLDFAST_CHECK (zab/base/check.h)"),
    (("",), (), r"<bits/.*>", "the standard header itself"),
    (("",), (), r"\"\.\.?/.*\"", "the path from the root of the repository"),
]

# Which of our folders a folder may include. The longest matching name counts; tests may all.
LAYERS = {
    "zab/base": ["zab/base"],
    "zab": ["zab"],
    "thrift": ["zab/base", "thrift"],
    "lockserver/state": ["zab/base", "thrift", "lockserver/state"],
    "lockserver/storage": ["zab", "thrift", "lockserver/state", "lockserver/storage"],
    "lockserver/replica": [
        "zab",
        "thrift",
        "lockserver/state",
        "lockserver/storage",
        "lockserver/replica",
    ],
    "lockserver": ["zab", "thrift", "lockserver"],
    "client": ["zab/base", "thrift", "client"],
    "client/recipes": ["zab/base", "client"],
}
OURS = ("zab/", "thrift/", "lockserver/", "client/", "tests/")
INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"][^>\"]+[>\"])")


def includes(file):
    for number, line in enumerate(file.lines, 1):
        if match := INCLUDE.match(line):
            yield number, match.group(1)


def banned_include(file):
    bans = [
        (pattern, instead)
        for where, but_not, pattern, instead in BANNED_INCLUDES
        if file.is_cxx and file.within(*where) and not (but_not and file.within(*but_not))
    ]
    for number, header in includes(file):
        for pattern, instead in bans:
            if re.fullmatch(pattern, header):
                yield number, f"{header} is not for this folder: {instead}"
                break


def layer(file):
    homes = [name for name in LAYERS if file.within(name + "/")]
    if not file.is_cxx or not homes:
        return
    home = max(homes, key=len)
    for number, header in includes(file):
        target = header[1:-1]
        if header[0] == "<" or not target.startswith(OURS):
            continue
        if not target.startswith(tuple(allowed + "/" for allowed in LAYERS[home])):
            allowed = ", ".join(LAYERS[home])
            yield number, f'{home} may not know "{target}"; it may include: {allowed}'


def pragma_once(file):
    if file.suffix == ".h" and "#pragma once" not in file.lines:
        yield 1, "a header begins with #pragma once"


def thrift_header_name(file, system=pathlib.Path("/usr/include")):
    if re.fullmatch(r"thrift/[^/]+\.h", file.path) and (system / file.path).exists():
        yield 1, f"hides the system's <{file.path}>: give it another name"


# ---- words --------------------------------------------------------------------------------------

# (suffixes, where, but not here, what in the code, what to do instead). Comments do not count, nor
# do strings of C++.
BANNED_WORDS = [
    (CXX, ("",), (), r"\b(?<!static_)assert\s*\(", "HOLDFAST_CHECK: it is always on"),
    (CXX, ("",), (), r"\bNDEBUG\b", "nothing depends on NDEBUG: checks are always on"),
    (CXX, ("",), (), r"\busing\s+namespace\s+(?!.*literals)", "name what you use"),
    (CXX, ("",), (), r"\bvolatile\b", "std::atomic, or a value that a thread owns"),
    (CXX, ("",), (), r"\b(std::)?s?rand\s*\(\s*\)", "the seeded generator (zab/base/random.h)"),
    (CXX, PURE, (), r"\bunordered_\w+", "std::map or a sorted vector: order is observable"),
    (CXX, PURE, (), r"\b(float|double)\b", "integers: floats differ between machines"),
    (
        CXX,
        PURE + ("lockserver/storage/", "lockserver/replica/"),
        (),
        r"\bthrow\b",
        "Status or Result<T>; exceptions are never ours",
    ),
    (
        CXX,
        ("tests/",),
        ("tests/bench/", "tests/cell/", "tests/chaos/"),
        r"\b(sleep_for|sleep_until|u?sleep|nanosleep)\s*\(",
        "drive the time yourself; only tests/cell/ and tests/chaos/ run against a real clock",
    ),
    (
        {".py", ".sh"},
        ("tests/",),
        ("tests/bench/", "tests/cell/", "tests/chaos/", "tests/harness/"),
        r"\bsleep\(|^\s*sleep\s+[\d.$]",
        "wait for the event itself; only tests/cell/ and tests/chaos/ run against a real clock",
    ),
]
MARKS = ["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]
UNFINISHED = re.compile(r"\b(" + "|".join(MARKS) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.}/-])/(?:home|root|Users|work)/[\w.-]+")


def banned_word(file):
    code = strip_cxx(file.text).split("\n") if file.is_cxx else strip_hash_comments(file.lines)
    for suffixes, where, but_not, pattern, instead in BANNED_WORDS:
        if file.suffix not in suffixes or not file.within(*where):
            continue
        if but_not and file.within(*but_not):
            continue
        for number, line in enumerate(code, 1):
            if match := re.search(pattern, line):
                yield number, f"'{match.group().strip()}': {instead}"


def unfinished(file):
    for number, line in enumerate(file.lines, 1):
        if match := UNFINISHED.search(line):
            yield number, f"'{match.group()}': finish it, or write down what is missing as an issue"


def machine_path(file):
    for number, line in enumerate(file.lines, 1):
        if match := MACHINE_PATH.search(line):
            yield number, f"'{match.group()}' is a path of one machine: name it from the repository"


# ---- sizes --------------------------------------------------------------------------------------


def columns(file):
    if file.suffix == ".md":
        return
    for number, line in enumerate(file.lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"{len(line)} columns; at most {COLUMNS_MAX}"


def white_space(file):
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip():
            yield number, "white space at the end of the line"
        if "\t" in line:
            yield number, "a tab; indent with spaces"
    if file.text and not file.text.endswith("\n"):
        yield len(file.lines), "the last line does not end"


def file_length(file):
    if file.suffix in (".md", ".thrift"):  # An interface is published, with its prose, as one file.
        return
    limit = TEST_FILE_LINES_MAX if file.is_test else FILE_LINES_MAX
    count = len(file.lines) - 1
    if count > limit:
        yield limit + 1, f"{count} lines, at most {limit}: this is two files"


def function_length(file):
    if file.is_cxx:
        functions = cxx_functions(file.text)
    elif file.suffix == ".py":
        functions = python_functions(file.text)
    else:
        return
    for name, first, last in functions:
        count = last - first + 1
        if count > FUNCTION_LINES_MAX:
            yield first, f"{name} has {count} lines, at most {FUNCTION_LINES_MAX}"


# ---- reading code -------------------------------------------------------------------------------

CXX_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/                                  # comments
      |R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"         # raw strings
      |"(?:\\.|[^"\\\n])*"                                  # strings
      |(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'                  # characters, not digit separators
    """,
    re.VERBOSE | re.DOTALL,
)


def strip_cxx(text):
    """The text with comments and the contents of literals blanked; every line keeps its number."""

    def blank(match):
        newlines = "\n" * match.group().count("\n")
        return newlines if match.group().startswith("/") else '""' + newlines

    return CXX_TOKEN.sub(blank, text)


def strip_hash_comments(lines):
    return [re.sub(r"(^|\s)#.*", "", line) for line in lines]


PREPROCESSOR = re.compile(r"^[ ]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
SCOPE = re.compile(r"^(inline\s+)?(namespace|class|struct|union|enum|extern)\b")
TEMPLATE = re.compile(r"^(template\s*<.*?>\s*(requires\s+\S+\s*)?)+(?=\w)", re.DOTALL)
INITIALISERS = re.compile(r"\)[^()]*(?<!:):(?!:)")


def brace_kind(head):
    """What an opening brace after `head` begins, outside of functions: a scope (namespace, class),
    a member's initialiser in a constructor's list, a function, or something else (a table)."""
    head = TEMPLATE.sub("", head.strip())
    if SCOPE.match(head) and not head.endswith(")"):
        return "scope"
    if head.endswith("=") or "(" not in head:
        return "other"
    if INITIALISERS.search(head) and re.search(r"[\w>]$", head):
        return "initialiser"
    return "function"


def function_name(head):
    match = re.search(r"([\w:~]+|operator\S+)\s*\(([^()]*)", head)
    if match and match.group(1).startswith("TEST"):
        return f"{match.group(1)}({match.group(2).strip()})"
    return match.group(1) if match else "function"


def cxx_functions(text):
    """Yields (name, first line, last line) of each function outside of another function."""
    code = PREPROCESSOR.sub(lambda match: "\n" * match.group().count("\n"), strip_cxx(text))
    stack, head, head_line, line = [], "", 1, 1
    for char in code:
        in_scope = all(kind == "scope" for kind, _, _ in stack)
        if char == "{":
            kind = brace_kind(head) if in_scope else "inner"
            stack.append((kind, head, head_line))
            if kind == "scope":
                head = ""
        elif char == "}" and stack:
            kind, opened_head, opened_line = stack.pop()
            if kind == "function":
                yield function_name(opened_head), opened_line, line
            if kind == "initialiser":
                head, head_line = opened_head + "{}", opened_line
            elif kind != "inner":
                head = ""
        elif char == ";" and in_scope:
            head = ""
        elif in_scope:
            if not head.strip():
                head, head_line = "", line
            head += char
            if re.fullmatch(r"\s*(public|private|protected)\s*:", head):
                head = ""
        line += char == "\n"


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


# ---- the run ------------------------------------------------------------------------------------

RULES = [
    banned_include,
    layer,
    pragma_once,
    thrift_header_name,
    banned_word,
    unfinished,
    machine_path,
    columns,
    white_space,
    file_length,
    function_length,
]


def check(file):
    findings = []
    for rule in RULES:
        for number, message in rule(file):
            findings.append(f"{file.path}:{number}: {rule.__name__}: {message}")
    return findings


def source_paths(root):
    """What git knows or would add; in a tree without git, all but what is built or kept at run."""
    try:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=root, check=True, capture_output=True).stdout
        return sorted(name for name in listed.decode().split("\0") if name)
    except (OSError, subprocess.CalledProcessError):
        found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        return sorted(path for path in found if not re.match(r"(build|var|\.git)/", path))


def source_files(root):
    for path in source_paths(root):
        pure_path = pathlib.PurePosixPath(path)
        if path.startswith("tests/testdata/") or pure_path.suffix not in CHECKED:
            continue
        if pure_path.suffix == "" and path not in ("dev", ".ci/run"):
            continue
        full = root / path
        if full.is_file():
            yield SourceFile(path, full.read_text(encoding="utf-8"))


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2])
    files = list(source_files(root))
    findings = [finding for file in files for finding in check(file)]
    for finding in findings:
        print(finding)
    print(f"{len(files)} files, {len(findings)} findings")
    return 1 if findings or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
