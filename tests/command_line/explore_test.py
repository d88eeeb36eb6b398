"""What helps people at a terminal: the shell, completion, tables, help and manual pages."""

import os
import re
import shutil
import subprocess
import tempfile

from tests.command_line.case import OK, REFUSED, RUN_SECONDS, USAGE, CommandLineTest
from tests.command_line.terminal import CTRL_C, CTRL_D, TAB, UP, Terminal
from tests.harness import programs


class Shell(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.succeed("create", "-p", "/config/web/port", "8080")
        self.succeed("create", "/config/mode", "blue")

    def test_lines_from_a_pipe_are_carried_out_from_a_current_node(self):
        said = self.succeed("shell", stdin="""
            # Paths are relative to the current node.
            pwd
            cd config
            ls
            get mode
            cd web/../web
            get port
            holdfast set ../mode 'dark blue'   # As it would be said outside.
            get /config/mode
            lock info none
            stat --output json port
            exit
            get /never
            """)
        lines = said.splitlines()
        self.assertEqual(lines[:6], ["/", "mode", "web", "blue8080/config/mode generation 2",
                                     "dark blue{", '  "path": "/config/web/port",'])

    def test_the_last_commands_code_counts_and_an_error_ends_nothing(self):
        failed = self.run_it("shell", stdin="get /none\ngett /config\ncd /none\n")
        self.assertEqual(failed.returncode, REFUSED)
        self.assertEqual(failed.stderr.count("NO_NODE"), 2)
        self.assertIn("did you mean 'holdfast get'?", failed.stderr)
        self.assertEqual(self.run_it("shell", stdin="get /none\nls '/con\n").returncode, USAGE)
        self.assertEqual(self.run_it("shell", stdin="get /none\npwd\n").returncode, OK)
        # A command that reads standard input does not get the lines of the shell.
        self.succeed("shell", stdin="set /config/mode -\nset /config/web/port 1\n")
        self.assertEqual(self.succeed("get", "/config/mode"), "")
        self.assertEqual(self.succeed("get", "/config/web/port"), "1")

    def test_in_a_terminal_it_completes_remembers_and_outlives_ctrl_c(self):
        def start():
            shell = Terminal([programs.program("holdfast"), "shell"], self.environment)
            self.addCleanup(shell.close)
            shell.expect_prompt("holdfast /> ")
            return shell

        shell = start()
        shell.type("cd conf" + TAB + "\n")
        shell.expect_prompt("holdfast /config> ")
        shell.type("get mo" + TAB + "\n")
        shell.expect("blue")
        shell.expect_prompt("holdfast /config> ")
        shell.type("watch .\n")
        shell.settle(1)
        shell.type(CTRL_C)
        shell.expect_prompt("holdfast /config> ")
        shell.type("nonsense")
        shell.expect("nonsense")
        shell.type(CTRL_C)
        shell.expect_prompt("holdfast /config> ")
        shell.type("pwd\n")
        shell.expect("/config\r\n")
        shell.expect_prompt("holdfast /config> ")
        shell.type(CTRL_D)
        shell.read_to_end()
        again = start()
        again.type(UP + UP + UP + "\n")  # pwd, watch, get
        again.expect("NO_NODE|BAD_ARGUMENT|blue")
        history = self.cell.folder / ".holdfast_history"
        self.assertEqual(history.stat().st_mode & 0o077, 0)


class Completion(CommandLineTest):
    def setUp(self):
        super().setUp()
        for path in ("/config/mode", "/config/web/port", "/data"):
            self.succeed("create", "-p", path, "x")

    def candidates(self, line):
        """What bash offers for the line, its function called as bash does."""
        script = r"""
            eval "$(holdfast completion bash)"
            COMP_LINE=$1 COMP_POINT=${#1}
            IFS=$' \t\n' read -r -a COMP_WORDS <<< "${1//[=]/ = }"
            [[ $1 == *' ' ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _holdfast 2>/dev/null
            printf '%s\n' "${COMPREPLY[@]}" """
        done = subprocess.run(["bash", "-c", script, "bash", line], env=self.environment,
                              capture_output=True, text=True, timeout=RUN_SECONDS, check=True)
        return done.stdout.split()

    def test_bash_is_offered_commands_options_choices_and_paths(self):
        self.assertEqual(self.candidates("holdfast lock "), ["run", "hold", "ls", "info", "break"])
        self.assertEqual(self.candidates("holdfast se"), ["sequencer", "set", "session"])
        self.assertEqual(self.candidates("holdfast lock run --w"), ["--wait"])
        self.assertEqual(self.candidates("holdfast --output "), ["table", "json"])
        self.assertEqual(self.candidates("holdfast ls --output=j"), ["json"])
        self.assertEqual(self.candidates("holdfast get /co"), ["/config", "/config/"])
        self.assertEqual(self.candidates("holdfast get --stale /config/"),
                         ["/config/mode", "/config/web", "/config/web/"])
        self.assertEqual(self.candidates("holdfast lock run /da"), ["/data"])
        self.assertEqual(self.candidates("holdfast watch /config --kind lock-a"),
                         ["lock-acquired"])
        self.assertEqual(self.candidates("holdfast set /data no"), [])
        holder, _ = self.held()
        session = self.as_json("session", "ls")[0]["session"]
        self.assertEqual(self.candidates("holdfast session kill "), [session])
        self.end_of(holder)

    def end_of(self, holder):
        holder.terminate()
        self.assertEqual(self.code_of(holder), OK)

    def test_without_a_cell_there_are_no_paths_but_all_the_rest_and_soon(self):
        self.environment["HOLDFAST_ENDPOINTS"] = self.cell.spare_endpoint()
        self.assertEqual(self.candidates("holdfast get /co"), [])
        self.assertEqual(self.candidates("holdfast lock br"), ["break"])

    def test_an_interactive_bash_completes(self):
        shell = Terminal(["bash", "--norc", "--noprofile", "-i"],
                         dict(self.environment, PS1="ready> ", INPUTRC="/dev/null"))
        self.addCleanup(shell.close)
        shell.expect("ready> ")
        shell.type('eval "$(holdfast completion bash)"\n')
        shell.expect("ready> ")
        shell.type("holdfast st" + TAB + "/config/w" + TAB)
        shell.expect("stat /config/w\x07?eb")
        shell.type("/" + TAB + "\n")
        shell.expect("persistent")

    def test_an_interactive_zsh_completes(self):
        zsh = shutil.which("zsh")
        self.assertTrue(zsh, "the package zsh is missing")
        shell = Terminal([zsh, "-f", "-i"],
                         dict(self.environment, PS1="ready> ", ZDOTDIR=str(self.cell.folder)))
        self.addCleanup(shell.close)
        shell.expect("ready> ")
        shell.type("autoload -U compinit; compinit -u -D; "
                   'eval "$(holdfast completion zsh)"; echo load""ed\n')
        shell.expect("\nloaded")
        shell.expect("ready> ")
        shell.type("holdfast sta" + TAB)
        shell.expect("stat ")
        shell.type("/config/m" + TAB)
        shell.expect("ode")
        shell.type("\n")
        shell.expect("persistent")


class Looks(CommandLineTest):
    def test_tables_fit_a_terminal_and_are_whole_elsewhere(self):
        self.held("a-lock-with-a-name-of-some-length", "--description", "d" * 200)
        whole = self.succeed("lock", "info", "a-lock-with-a-name-of-some-length")
        self.assertIn("d" * 200, whole)
        terminal = Terminal([programs.program("holdfast"), "lock", "info",
                             "a-lock-with-a-name-of-some-length"], self.environment, columns=100)
        self.addCleanup(terminal.close)
        lines = terminal.read_to_end().splitlines()
        self.assertEqual(max(len(line) for line in lines), 100)
        self.assertTrue(any("…" in line for line in lines), lines)

    def test_what_others_write_does_not_reach_the_terminal_as_commands(self):
        holder, _ = self.held("x", "--description", "tab\there")
        for command in (("lock", "info", "x"), ("lock", "run", "x", "--wait", "0", "--", "true")):
            said = self.run_it(*command)
            self.assertNotIn("\t", said.stdout + said.stderr)
            self.assertIn("tab\\x09here", said.stdout + said.stderr)
        holder.terminate()


class Help(CommandLineTest):
    def setUp(self):
        """No cell: nothing here asks one."""
        self.environment = dict(os.environ, HOME="/nonexistent")

    def leaves(self):
        """Every command, as the help of the program lists them."""
        text = self.succeed("--help")
        commands = re.split(r"\nOptions:\n", text)[0]
        return [m[1].rstrip() for m in re.finditer(r"^  ((?:[a-z-]+ ?)+) +\S", commands, re.M)]

    def test_every_command_is_found_and_explained(self):
        leaves = self.leaves()
        for command in ("lock run", "lock break", "elect", "sequencer check", "export", "shell",
                        "completion", "cell status"):
            self.assertIn(command, leaves)
        for command in leaves:
            told = self.succeed(*command.split(), "--help")
            self.assertEqual(told, self.succeed("help", *command.split()))
            self.assertIn(f"Usage: holdfast {command}", told)
            self.assertIn("\nExamples:\n  ", told, command)
            self.assertLessEqual(max(len(line) for line in told.splitlines()
                                     if not line.startswith("  ")), 80, command)

    def test_what_is_mistyped_is_answered_with_what_was_meant(self):
        for words, meant in (("gett /a", "'holdfast get'"), ("lock rnu x", "'holdfast lock run'"),
                             ("status", "'holdfast cell status'"), ("ls --lnog", "'--long'"),
                             ("get --stael /a", "'--stale'"), ("elcet x", "'holdfast elect'")):
            said = self.run_it(*words.split())
            self.assertEqual(said.returncode, USAGE)
            self.assertIn(f"did you mean {meant}?", said.stderr)
        self.assertIn("a command is missing after 'holdfast lock'", self.run_it("lock").stderr)
        nothing = self.run_it()
        self.assertEqual((nothing.returncode, nothing.stdout), (USAGE, ""))
        self.assertIn("lock run", nothing.stderr)

    def test_every_command_has_a_manual_page_without_a_complaint_of_groff(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="holdfast-man-"))
        for program, section, extra in (("holdfast", 1, self.leaves()),
                                        ("holdfastd", 8, ["init", "run", "config", "man"])):
            subprocess.run([programs.program(program), "man", folder], check=True,
                           timeout=RUN_SECONDS)
            for name in [program] + [f"{program}-{leaf.replace(' ', '-')}" for leaf in extra]:
                page = os.path.join(folder, f"{name}.{section}")
                done = subprocess.run(
                    ["groff", "-man", "-Tutf8", "-ww", "-b", "-rCHECKSTYLE=3", page],
                    capture_output=True, text=True, timeout=RUN_SECONDS, check=True)
                self.assertEqual(done.stderr, "", name)
                text = re.sub(".\x08", "", done.stdout)  # Bold letters are struck twice.
                for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"):
                    self.assertIn(heading, text, name)
        self.assertEqual(len(os.listdir(folder)), len(self.leaves()) + 1 + 5)
