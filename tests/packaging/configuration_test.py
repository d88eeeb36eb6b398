"""The configuration file that holdfastd prints has all its options, and holdfastd reads it."""

import re
import subprocess

from tests.harness import CellTest, eventually
from tests.harness.process import Process
from tests.harness.programs import program

# What stands in the file for a value that has no default, and one to put there.
PLACES = {"data": "DIRECTORY", "peer-listen": "ADDRESS", "client-advertise": "ADDRESS"}
LINE = re.compile(r"^(#?)([a-z][a-z-]*) = (.*)$", re.MULTILINE)


def holdfastd(*arguments):
    return subprocess.run([program("holdfastd"), *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def printed(*arguments):
    """The file, and its lines as {name: (is commented out, value)}."""
    text = holdfastd("config", *arguments).stdout
    return text, {name: (bool(mark), value) for mark, name, value in LINE.findall(text)}


class Configuration(CellTest):
    def test_it_has_every_option_of_run_and_a_comment_for_each(self):
        text, lines = printed()
        options = re.findall(r"^  (?:-\w, )?--([a-z-]+)", holdfastd("run", "--help").stdout,
                             re.MULTILINE)
        self.assertGreater(len(options), 8)
        self.assertEqual([*lines], [name for name in options if name not in ("help", "config")])
        for name, (is_comment, value) in lines.items():
            self.assertTrue(is_comment, name)
            self.assertRegex(text, rf"(?m)^# .+\.\n#{name} = ")
            self.assertEqual(PLACES.get(name, value), value)
        self.assertEqual(lines["client-listen"], (True, "127.0.0.1:7101"))
        self.assertEqual(lines["rejoin"], (True, "false"))
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_what_is_given_stands_in_it(self):
        _, lines = printed("--data", "/a place/of its own", "--heartbeat-ms", 50, "--rejoin")
        self.assertEqual(lines["data"], (False, '"/a place/of its own"'))
        self.assertEqual(lines["heartbeat-ms"], (False, "50"))
        self.assertEqual(lines["rejoin"], (False, "true"))
        self.assertEqual(lines["log-bytes-max"], (True, "268435456"))
        self.assertEqual(holdfastd("config", "--heartbeat-ms", 1).returncode, 105)

    def test_a_replica_runs_with_every_line_of_it(self):
        cell = self.make_cell(voters=1)
        [replica] = cell.replicas
        values = {"data": replica.data, "client-listen": replica.endpoint,
                  "client-advertise": "a.name.of.its.own:7101",
                  "peer-listen": cell.peer_endpoint(replica)}
        text, lines = printed()
        for name, (_, value) in lines.items():
            text = text.replace(f"#{name} = {value}", f"{name} = {values.get(name, value)}")
        self.assertEqual(LINE.findall(text)[0][0], "")
        file = cell.folder / "holdfastd.conf"
        file.write_text(text)
        daemon = Process([program("holdfastd"), "run", "--config", file], cell.folder / "1.log")
        self.addCleanup(daemon.kill)
        status = [program("holdfast"), "--endpoints", replica.endpoint, "--timeout", "2s", "cell",
                  "status"]
        eventually("the cell serves", lambda: subprocess.run(
            status, capture_output=True).returncode == 0, 30)
        self.assertIn("serving clients at a.name.of.its.own:7101", daemon.log.read_text())

    def test_the_command_line_goes_before_it_and_a_missing_file_is_an_error(self):
        cell = self.make_cell(voters=1)
        file = cell.folder / "holdfastd.conf"
        file.write_text(f"data = {cell.folder}/nowhere\nrejoin = false\n")
        self.assertIn(f"{cell.folder}/nowhere", holdfastd("run", "--config", file).stdout)
        other = cell.folder / "elsewhere"
        for words in (["--data", other, f"--config={file}"], ["--config", file, f"--data={other}"]):
            self.assertIn(f"{other}", holdfastd("run", *words).stdout)
        missing = holdfastd("run", "--config", cell.folder / "no.conf", "--data", other)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("no.conf", missing.stdout)
        file.write_text("data = two words\n")
        self.assertIn("data needs one value", holdfastd("run", "--config", file).stdout)

    def test_a_misspelt_option_is_refused(self):
        cell = self.make_cell(voters=1)
        text, _ = printed("--data", cell.replicas[0].data)
        file = cell.folder / "holdfastd.conf"
        file.write_text(text + "\nclient-listens = 127.0.0.1:7101\n")
        refused = holdfastd("run", "--config", file)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("client-listens", refused.stdout)
