"""Writes docs/api.md: every call of thrift/lockservice.thrift, with the words of the IDL itself.

    scripts/api_page.py            writes the page
    scripts/api_page.py --check    ends with 1 if the page is not what it would write

What the IDL does not say of a call (what to do when no answer came, and what a change of leader
does to it) stands here in CALLS; a call that is missing there is an error.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
IDL = ROOT / "thrift/lockservice.thrift"
PAGE = ROOT / "docs/api.md"

INTRODUCTION = """\
# The API, call by call

Made by `scripts/api_page.py` from [thrift/lockservice.thrift](../thrift/lockservice.thrift): change
the comments there, and run it again. How a client uses these calls (connections, leases, what to
repeat) is told in [clients.md](clients.md).

Each call has one argument, a struct `…Request` whose first field is a
[RequestHeader](#requestheader), and answers a struct `…Reply` whose first field is a
[ReplyHeader](#replyheader), or the one exception, [LockServiceError](#lockserviceerror). These two
fields are left out of the tables below. What has no default is empty, false or none if left out.

**Errors of every call**, beside its own: {service}
"""

NUMBERED = """\
It has a number (`request_number`): repeat it under that, at any replica, until it is answered. It
is applied once, and every repetition answers its one result."""
FOLLOWED = """\
A follower hands it to the new leader by itself; if the replica asked was the leader, repeat it at
another."""
READ = "It changes nothing: ask again, at any replica."
LINEARIZABLE_FAILOVER = """\
It is held for up to 3 s until there is a leader again, then `NO_QUORUM`."""
READ_FAILOVER = LINEARIZABLE_FAILOVER + " With `stale_ok` it is answered at once."
OPERATORS = """\
With a session it has a number: repeat it under that. Without one nothing is remembered: """

# Group, call, when no answer came, when the leader changes.
CALLS = [
    ("Sessions", "open_session", """\
Repeat it with the same secret: it answers with the same session. A reply that comes when the lease
is already over is of no use; open another with a new secret.""",
     FOLLOWED + " The new leader gives every session a full lease."),
    ("Sessions", "resume_session", READ,
     LINEARIZABLE_FAILOVER + " A connection that is bound stays bound through the change."),
    ("Sessions", "close_session", """\
Repeat it; `SESSION_EXPIRED` then says that it is done. Left alone, the session ends with its lease,
and its locks stay closed for their lock-delays.""", FOLLOWED),
    ("Sessions", "keep_alive", """\
Send the next one. Events that were not acknowledged come again, under the same names.""", """\
It waits for the word of the new leader, then for `NO_QUORUM`: go to another replica with the next
one while the lease runs. Watches of `LEADER_CHANGED` get that event."""),
    ("Sessions", "list_sessions", READ, READ_FAILOVER),
    ("Sessions", "kill_session",
     OPERATORS + "repeat it all the same; it names the session that it means.", FOLLOWED),
    ("Locks", "acquire", """\
It has a number: repeat the very same request under it, as after `WAITING`. Its place in the queue
stays; if the lock was granted meanwhile, it answers with that grant.""", """\
Holders and those who wait keep their places. The server's timer of `wait_ms` starts again, so a
client that must not wait longer keeps its own and calls `cancel`."""),
    ("Locks", "cancel", NUMBERED, FOLLOWED),
    ("Locks", "release", NUMBERED, FOLLOWED),
    ("Locks", "get_sequencer", READ, LINEARIZABLE_FAILOVER),
    ("Locks", "check_sequencers", READ,
     LINEARIZABLE_FAILOVER + " A change of leader alone makes no sequencer stale."),
    ("Locks", "lock_info", READ, READ_FAILOVER),
    ("Locks", "list_locks", READ, READ_FAILOVER),
    ("Locks", "break_lock", OPERATORS + """\
repeat it only if it names an `acquisition`, else a second copy could take the lock from the next
holder.""",
     FOLLOWED),
    ("Data", "create", NUMBERED, FOLLOWED),
    ("Data", "remove", NUMBERED, FOLLOWED),
    ("Data", "get", READ, READ_FAILOVER),
    ("Data", "exists", READ, READ_FAILOVER),
    ("Data", "list_children", READ, READ_FAILOVER),
    ("Data", "set_contents", NUMBERED, FOLLOWED),
    ("Data", "multi", NUMBERED, FOLLOWED),
    ("Data", "sync", READ, LINEARIZABLE_FAILOVER),
    ("Watches", "watch", """\
Make it again with the same `watch_id`, and with `after` the last event that was got: nothing is
missed.""", """\
It goes on, as long as a connection of the session to its replica does. After a reconnection make it
again with `after`."""),
    ("Watches", "unwatch",
     "Repeat it; or not: a watch ends with the session's last connection to the replica.",
     "Nothing: watches belong to the replica."),
    ("The cell", "cell_status", READ, "Nothing: the replica answers by itself."),
]


class Idl:
    """What Thrift's compiler reads in the file, and the types as they are written there."""

    def __init__(self, path):
        with tempfile.TemporaryDirectory(prefix="holdfast-idl-") as folder:
            subprocess.run(["thrift", "--gen", "json", "-out", folder, path], check=True)
            read = json.loads((pathlib.Path(folder) / f"{path.stem}.json").read_text())
        self.structs = {struct["name"]: struct for struct in read["structs"]}
        self.enums = {enum["name"]: enum for enum in read["enums"]}
        [self.service] = read["services"]
        self._written = self._fields_as_written(path.read_text())

    @staticmethod
    def _fields_as_written(text):
        """(struct, field) → type and default; for enumerations the compiler's JSON has numbers."""
        fields = {}
        block = r"^(?:struct|union|exception) (\w+) \{\n(.*?)^\}"
        for struct in re.finditer(block, text, re.M | re.S):
            line = r"^  \d+: (?:optional )?([\w<>]+) (\w+)(?: = (\S+?))?,?$"
            for kind, name, default in re.findall(line, struct.group(2), re.M):
                fields[struct.group(1), name] = (kind, default)
        return fields

    def type_and_default(self, struct, field):
        return self._written[struct, field["name"]]

    def links(self, kind):
        """The type, with each struct and enumeration in it as a link."""
        names = self.structs | self.enums
        return re.sub(
            r"\w+",
            lambda word: f"[{word[0]}](#{word[0].lower()})" if word[0] in names else word[0],
            kind.replace("<", " of ").replace(">", ""))


def words(doc):
    """A comment as one line of Markdown."""
    line = " ".join((doc or "").split())
    return line.replace("<", "&lt;").replace("|", "\\|")


def fields_table(idl, struct, but_not=()):
    fields = [field for field in struct["fields"] if field["name"] not in but_not]
    if not fields:
        return []
    rows = ["| field | type | default | |", "|---|---|---|---|"]
    for field in fields:
        kind, default = idl.type_and_default(struct["name"], field)
        optional = "optional " if field["required"] == "optional" else ""
        rows.append(f"| `{field['name']}` | {optional}{idl.links(kind)} | "
                    f"{default.rsplit('.', 1)[-1]} | {words(field.get('doc'))} |")
    return rows + [""]


def errors_named(idl, doc):
    """The errors that a comment names, as links to what they mean."""
    codes = {member["name"] for member in idl.enums["ErrorCode"]["members"]}
    named = dict.fromkeys(word for word in re.findall(r"\b[A-Z_]+\b", doc) if word in codes)
    return ", ".join(f"[{code}](#errorcode)" for code in named)


def call_section(idl, function, no_answer, failover):
    request = idl.structs[function["arguments"][0]["type"]["class"]]
    reply = idl.structs[function["returnType"]["class"]]
    lines = [f"### {function['name']}", "", words(function["doc"]), ""]
    if named := errors_named(idl, function["doc"]):
        lines += [f"- **Errors of its own:** {named}."]
    lines += [f"- **No answer came:** {words(no_answer)}",
              f"- **The leader changes:** {words(failover)}", ""]
    for what, struct in (("Request", request), ("Reply", reply)):
        table = fields_table(idl, struct, but_not=("header",))
        lines += [f"{what}:", "", *table] if table else [f"{what}: nothing but its header.", ""]
    return lines


def struct_section(idl, struct):
    lines = [f"### {struct['name']}", ""]
    if struct.get("doc"):
        lines += [words(struct["doc"]), ""]
    return lines + fields_table(idl, struct)


def enum_section(enum):
    lines = [f"### {enum['name']}", "", words(enum.get("doc")), "",
             "| number | name | |", "|---|---|---|"]
    for member in enum["members"]:
        lines.append(f"| {member['value']} | `{member['name']}` | {words(member.get('doc'))} |")
    return lines + [""]


def page(idl):
    functions = {function["name"]: function for function in idl.service["functions"]}
    described = [call for _, call, _, _ in CALLS]
    if sorted(described) != sorted(functions):
        raise SystemExit(f"api_page: CALLS and the IDL differ: {set(described) ^ set(functions)}")
    service = words(idl.service["doc"]).removeprefix(
        "Errors that any call may answer, beside those named with it: ")
    lines = [INTRODUCTION.format(service=service)]
    groups = list(dict.fromkeys(group for group, _, _, _ in CALLS))
    for group in groups:
        calls = [call for of, call, _, _ in CALLS if of == group]
        lines.append(f"- {group}: " + ", ".join(f"[{call}](#{call})" for call in calls))
    lines += ["- [Structs](#structs), [enumerations](#enumerations), [errors](#errorcode)", ""]
    for group in groups:
        lines += [f"## {group}", ""]
        for of, call, no_answer, failover in CALLS:
            if of == group:
                lines += call_section(idl, functions[call], no_answer, failover)
    lines += ["## Structs", ""]
    for name, struct in idl.structs.items():
        if not name.endswith(("Request", "Reply")):
            lines += struct_section(idl, struct)
    lines += ["## Enumerations", ""]
    for enum in idl.enums.values():
        lines += enum_section(enum)
    return "\n".join(lines).rstrip() + "\n"


def main(arguments):
    made = page(Idl(IDL))
    if arguments == ["--check"]:
        if PAGE.read_text() != made:
            print("docs/api.md is out of date: run scripts/api_page.py", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
