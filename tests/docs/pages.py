"""Reading the pages for users."""

import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read(path):
    return (ROOT / path).read_text()


def blocks(page, language):
    """The contents of the page's fenced blocks in that language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", read(page), re.DOTALL | re.MULTILINE)


def commands(block):
    """[(command, what it must print)] of a block of "$ command" and output."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert parts[0] == "", f"output before a command: {parts[0]}"
    return [tuple(part.split("\n", 1)) for part in parts[1:]]


def program(path):
    """A whole program as a page shows it: tabs, which pages do not have, as four spaces."""
    return read(path).expandtabs(4)


def regions(path):
    """The parts of a program between "[name]" and "[/name]", alone in a comment, by name; without
    the indentation that all of a part has.
    """
    mark = r"^\s*(?://|#|--) \[{}\]\n"
    text = read(path)
    found = {}
    for name in re.findall(mark.format(r"(\w+)"), text, re.MULTILINE):
        begin = re.search(mark.format(name), text, re.MULTILINE).end()
        end = re.search(mark.format("/" + name), text[begin:], re.MULTILINE).start() + begin
        found[name] = textwrap.dedent(text[begin:end])
    return found


def headings(page):
    """The anchors of the page's headings, as GitHub makes them."""
    without_code = re.sub(r"^```.*?^```$", "", read(page), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page):
    """(target, anchor) of each link in the page that stays in the repository."""
    without_code = re.sub(r"^```.*?^```$|`[^`\n]*`", "", read(page), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code):
        if not re.match(r"[a-z]+:", link):
            target, _, anchor = link.partition("#")
            yield target, anchor
