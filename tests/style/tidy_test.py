"""Shows for each rule of tidy.py that it can fail, and that it lets good code pass."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tidy  # noqa: E402 (the path comes first)


def found(rule, path, text):
    return list(rule(tidy.SourceFile(path, text)))


def function_of(lines, head="int f(int a) {"):
    return head + "\n" + "  a();\n" * (lines - 2) + "}\n"


# rule → files that it must refuse, as (path, text).
BAD = {
    tidy.banned_include: [
        ("zab/core.cc", "#include <chrono>\n"),
        ("zab/base/ids.h", "#include <random>\n"),
        ("lockserver/state/locks.cc", "#include <mutex>\n"),
        ("lockserver/state/locks.cc", "#include <unordered_map>\n"),
        ("zab/leader.cc", "#  include <iostream>\n"),
        ("zab/leader.cc", "#include <glog/logging.h>\n"),
        ("lockserver/state/locks.cc", "#include <thrift/Thrift.h>\n"),
        ("lockserver/replica/replica.cc", "#include <leveldb/db.h>\n"),
        ("lockserver/replica/replica.cc", "#include <boost/asio/post.hpp>\n"),
        ("client/session.cc", "#include <glog/logging.h>\n"),
        ("client/session.cc", "#include <cassert>\n"),
        ("client/session.cc", '#include "../thrift/path.h"\n'),
    ],
    tidy.layer: [
        ("zab/core.h", '#include "thrift/path.h"\n'),
        ("zab/base/check.h", '#include "zab/types.h"\n'),
        ("lockserver/state/locks.h", '#include "zab/types.h"\n'),
        ("lockserver/replica/replica.h", '#include "lockserver/net/peer_mesh.h"\n'),
        ("client/session.h", '#include "lockserver/state/command.h"\n'),
        ("client/session.h", '#include "tests/harness/cluster.h"\n'),
        ("client/recipes/group.cc", '#include "thrift/path.h"\n'),
    ],
    tidy.pragma_once: [("zab/core.h", "#ifndef CORE\n#define CORE\n#endif\n")],
    tidy.banned_word: [
        ("client/session.cc", "  assert(open);\n"),
        ("client/session.cc", "#ifdef NDEBUG\n"),
        ("client/session.cc", "using namespace std;\n"),
        ("client/session.cc", "volatile int x;\n"),
        ("client/session.cc", "int x = rand();\n"),
        ("zab/core.cc", "std::unordered_map<int, int> x;\n"),
        ("lockserver/state/locks.cc", "double x;\n"),
        ("lockserver/storage/store.cc", "throw 1;\n"),
        ("tests/sim/sim_test.cc", "std::this_thread::sleep_for(x);\n"),
        ("tests/net/net_test.cc", "usleep (5);\n"),
        ("tests/net/peer.py", "time.sl" + "eep(1)\n"),
    ],
    tidy.unfinished: [
        ("zab/core.cc", "// TO" + "DO: later\n"),
        ("docs/testing.md", "FIX" + "ME\n"),
        ("dev", "# HA" + "CK\n"),
    ],
    tidy.machine_path: [
        ("docs/testing.md", "cd /" + "home/ada/holdfast\n"),
        ("tests/cell/run.py", 'open("/' + 'root/x")\n'),
        ("tests/cell/run.py", '"/' + 'work/main"\n'),
    ],
    tidy.columns: [("zab/core.cc", "x" * 101 + "\n"), ("dev", "é" * 101 + "\n")],
    tidy.white_space: [
        ("zab/core.cc", "int x; \n"),
        ("zab/core.cc", "\tint x;\n"),
        ("docs/style.md", "last line"),
    ],
    tidy.file_length: [("zab/core.cc", "\n" * 601), ("tests/zab/core_test.cc", "\n" * 1001)],
    tidy.function_length: [
        ("zab/core.cc", function_of(71)),
        ("zab/core.cc", "namespace a::b {\nnamespace {\n" + function_of(71) + "}\n}\n"),
        ("zab/core.h", "class A : public B {\n public:\n" + function_of(71) + "};\n"),
        ("zab/core.cc", function_of(71, "A::A(int a) : a_{a}, b_(a), c_{{1}, 2} {")),
        ("zab/core.cc", function_of(71, "auto A::f(int a) const -> std::map<int, int> {")),
        ("zab/core.cc", function_of(71, "template <class T> bool operator==(T a, T b) {")),
        ("zab/core.cc", function_of(71, "TEST(Locks, ReleaseByStrangerIsRefused) {")),
        ("zab/core.cc", function_of(71, "int f(char c = '{', S s = \"{\") {  // {")),
        ("tests/style/x.py", "def f():\n" + "    a()\n" * 70),
    ],
}

# rule → files that look like trouble and are none.
GOOD = {
    tidy.banned_include: [
        ("lockserver/storage/leveldb_store.cc", "#include <leveldb/db.h>\n"),
        ("lockserver/net/rpc_server.cc", "#include <boost/asio/post.hpp>\n"),
        ("zab/core.cc", "// #include <chrono>\n#include <map>\n"),
    ],
    tidy.layer: [
        ("lockserver/net/lock_service.cc", '#include "lockserver/replica/replica.h"\n'),
        ("client/session.cc", '#include "thrift/gen/LockService.h"\n#include <map>\n'),
        ("tests/zab/core_test.cc", '#include "lockserver/state/command.h"\n'),
    ],
    tidy.pragma_once: [("zab/core.h", "#pragma once\n"), ("zab/core.cc", "\n")],
    tidy.banned_word: [
        ("zab/core.cc", '// double, throw\nauto x = "assert(true)"; static_assert(true);\n'),
        ("tests/cell/kill_test.cc", "std::this_thread::sleep_for(x);\n"),
        ("client/session.cc", "using namespace std::literals;\n"),
        ("client/session.cc", "double x; throw y;\n"),
    ],
    tidy.machine_path: [("docs/testing.md", "build/work/x and var/home/x, https://a.org/home/x\n")],
    tidy.columns: [("zab/core.cc", "é" * 100 + "\n"), ("docs/a.md", "x" * 300 + "\n")],
    tidy.white_space: [("zab/core.cc", "int x;\n"), ("zab/empty.cc", "")],
    tidy.file_length: [("zab/core.cc", "\n" * 600), ("docs/a.md", "\n" * 2000)],
    tidy.function_length: [
        ("zab/core.cc", function_of(70)),
        ("zab/core.cc", function_of(50) + "\n" + function_of(50)),
        ("zab/core.cc", "const int kTable[] = {\n" + "  1,\n" * 200 + "};\n"),
        ("zab/core.h", "struct A {\n" + "  int f() { return 1; }\n" * 80 + "};\n"),
        ("zab/core.cc", "namespace a {\n" + "int f(int);\n" * 80 + "}\n"),
        ("zab/core.cc", "int big = 1'000;\n" + function_of(40) + "int x = 0x1'f;\n" * 60),
        ("zab/core.cc", '#define A(x) \\\n  f(x) {\nauto s = R"x({{{\n)")x";\n' + function_of(60)),
    ],
}


class Tidy(unittest.TestCase):
    def test_every_rule_refuses_what_it_is_for(self):
        for rule, files in BAD.items():
            for path, text in files:
                with self.subTest(rule=rule.__name__, path=path, text=text[:80]):
                    self.assertEqual(len(found(rule, path, text)), 1)

    def test_every_rule_lets_good_code_pass(self):
        for rule, files in GOOD.items():
            for path, text in files:
                with self.subTest(rule=rule.__name__, path=path, text=text[:80]):
                    self.assertEqual(found(rule, path, text), [])

    def test_no_rule_is_without_a_bad_example(self):
        shown = set(BAD) | {tidy.thrift_header_name}
        self.assertEqual({rule.__name__ for rule in tidy.RULES}, {rule.__name__ for rule in shown})

    def test_header_named_like_one_of_the_systems_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            system = pathlib.Path(folder)
            (system / "thrift").mkdir()
            (system / "thrift" / "config.h").touch()
            taken = tidy.SourceFile("thrift/config.h", "#pragma once\n")
            free = tidy.SourceFile("thrift/frame.h", "#pragma once\n")
            self.assertEqual(len(list(tidy.thrift_header_name(taken, system))), 1)
            self.assertEqual(list(tidy.thrift_header_name(free, system)), [])

    def test_a_ban_names_the_line_and_what_to_do_instead(self):
        ((number, message),) = found(tidy.banned_include, "zab/core.cc", "\n#include <random>\n")
        self.assertEqual(number, 2)
        self.assertIn("zab/base/random.h", message)

    def test_the_functions_of_a_file_are_found_by_name_and_lines(self):
        text = (
            "namespace a {\n\nA::A(int x)\n    : x_{x} {\n  if (x) { y(); }\n}\n"
            "bool A::ok() const { return true; }\n\nTEST(Name, Sentence) {\n}\n}  // namespace a\n"
        )
        self.assertEqual(
            list(tidy.cxx_functions(text)),
            [("A::A", 3, 6), ("A::ok", 7, 7), ("TEST(Name, Sentence)", 9, 10)],
        )

    def test_a_run_over_a_tree_fails_by_its_exit_code(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "zab").mkdir()
            (root / "zab" / "core.cc").write_text("int x;\n")
            self.assertEqual(self.run_tidy(root).returncode, 0)
            (root / "zab" / "core.cc").write_text("#include <chrono>\n")
            refused = self.run_tidy(root)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("zab/core.cc:1: banned_include: <chrono>", refused.stdout)

    def test_a_tree_without_files_is_no_success(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.run_tidy(pathlib.Path(folder)).returncode, 1)

    @staticmethod
    def run_tidy(root):
        return subprocess.run(
            [sys.executable, tidy.__file__, str(root)], capture_output=True, text=True, check=False
        )


if __name__ == "__main__":
    unittest.main()
