"""What the pages for users show is what is run, and what they link to is there."""

import subprocess
import sys
import unittest

from tests.docs import pages
from tests.docs.pages import ROOT

LANGUAGES = {
    "go": "client/other/go/report.go",
    "java": "client/other/java/Report.java",
    "js": "client/other/nodejs/report.js",
}


class Clients(unittest.TestCase):
    def test_the_programs_are_shown_whole(self):
        for language, path in LANGUAGES.items():
            with self.subTest(language):
                self.assertEqual(pages.blocks("docs/clients.md", language), [pages.program(path)])

    def test_every_error_is_in_the_table(self):
        [errors] = [enum for enum in pages.read("thrift/lockservice.thrift").split("\nenum ")
                    if enum.startswith("ErrorCode ")]
        named = {line.split()[0] for line in errors.split("\n}")[0].splitlines() if " = " in line}
        page = pages.read("docs/clients.md")
        self.assertGreater(len(named), 20)
        for code in sorted(named):
            with self.subTest(code):
                self.assertRegex(page, rf"(?m)^\| .*`{code}`.* \|.*\|$")


class Guide(unittest.TestCase):
    def test_the_code_is_that_of_the_programs(self):
        regions = {**pages.regions("client/example/guide.cc"),
                   **pages.regions("client/example/late_writer.cc")}
        shown = [part for block in pages.blocks("docs/guide.md", "cpp")
                 for part in block.split("// …\n")]
        self.assertEqual(sorted(shown), sorted(regions.values()))
        self.assertGreater(len(shown), 8)

    def test_the_python_is_that_of_the_program(self):
        regions = pages.regions("client/example/guide.py")
        self.assertEqual(
            sorted(pages.blocks("docs/guide.md", "python")), sorted(regions.values()))
        self.assertEqual(len(regions), 2)


class Examples(unittest.TestCase):
    def test_the_code_is_that_of_the_programs(self):
        server = {**pages.regions("client/example/storage/handler.cc"),
                  **pages.regions("client/example/storage/server.cc")}
        table = pages.regions("client/example/fenced_table.py")
        self.assertEqual(pages.blocks("docs/examples.md", "cpp"), list(server.values()))
        self.assertEqual(pages.blocks("docs/examples.md", "sql"),
                         [table["schema"], table["fence"]])
        self.assertEqual(pages.blocks("docs/examples.md", "python"), [table["fenced"]])


class Recipes(unittest.TestCase):
    def test_the_code_is_that_of_the_program(self):
        regions = pages.regions("client/example/recipes.cc")
        page = "\n".join(pages.blocks("client/README.md", "cpp"))
        for name, region in regions.items():
            with self.subTest(name):
                self.assertIn(region, page)
        self.assertEqual(len(regions), 6)


class Api(unittest.TestCase):
    def test_the_page_is_what_the_script_makes_of_the_idl(self):
        subprocess.run(
            [sys.executable, "-B", "scripts/api_page.py", "--check"], cwd=ROOT, check=True)


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        every = ["README.md"] + sorted(
            path.relative_to(ROOT) for folder in ("docs", "client")
            for path in (ROOT / folder).rglob("*.md"))
        seen = 0
        for page in every:
            for target, anchor in pages.links(page):
                with self.subTest(page=page, link=f"{target}#{anchor}"):
                    self.follow(page, target, anchor)
                    seen += 1
        self.assertGreater(seen, 30)

    def follow(self, page, target, anchor):
        path = (ROOT / page).parent / target if target else ROOT / page
        self.assertTrue(path.exists(), "there is no such file")
        if anchor and path.suffix == ".md":
            relative = path.resolve().relative_to(ROOT)
            self.assertIn(anchor, pages.headings(relative), "there is no such heading")


if __name__ == "__main__":
    unittest.main()
