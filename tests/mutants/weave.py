"""Puts all mutants into one text, each behind its switch, so that one build has them all."""

import dataclasses

HEADER = "zab/base/mutant.h"
HEADER_TEXT = """#pragma once

#include <cstdlib>

namespace holdfast {

// Which of the mutants is on in this process; 0 is none.
inline bool mutant(int number) {
  static const int on = [] {
    const char* text = std::getenv("HOLDFAST_MUTANT");
    return text == nullptr ? 0 : std::atoi(text);
  }();
  return on == number;
}

}  // namespace holdfast
"""


class Conflict(Exception):
    """Two mutants want texts that overlap without one lying inside the other."""


@dataclasses.dataclass(frozen=True)
class Place:
    begin: int
    end: int
    number: int
    new: str

    @property
    def is_raw(self):
        return "MUTANT" in self.new


def weave(text, edits):
    """The text with every edit, given as (number of the mutant, Edit), behind its switch."""
    places = []
    for number, edit in edits:
        begin = edit.find(text)
        if isinstance(begin, str):
            raise Conflict(begin)
        places.append(Place(begin, begin + len(edit.old), number, edit.new))
    places.sort(key=lambda place: (place.begin, -place.end))
    woven = _render(text, 0, len(text), places)
    return f'#include "{HEADER}"\n' + woven


def _render(text, begin, end, places):
    out = []
    at = begin
    rest = list(places)
    while rest:
        outer = rest[0]
        same = [place for place in rest if (place.begin, place.end) == (outer.begin, outer.end)]
        inside = [place for place in rest if place not in same and place.begin < outer.end]
        if any(place.end > outer.end for place in inside):
            raise Conflict(f"mutants {outer.number} and {inside[-1].number} overlap")
        out.append(text[at : outer.begin])
        if any(place.is_raw for place in same) and (inside or len(same) > 1):
            raise Conflict(f"mutant {outer.number} replaces a text that another changes")
        is_statement = text[outer.begin : outer.end].rstrip().endswith(";")
        old = _render(text, outer.begin, outer.end, inside)
        out.append(_switch(same, old, is_statement))
        at = outer.end
        rest = [place for place in rest if place not in same and place not in inside]
    out.append(text[at:end])
    return "".join(out)


def _switch(places, old, is_statement):
    if places[0].is_raw:
        return places[0].new.replace("MUTANT", f"::holdfast::mutant({places[0].number})")
    if is_statement:
        branches = [
            f"if (::holdfast::mutant({place.number})) {{ {place.new} }} else " for place in places
        ]
        return "".join(branches) + "{ " + old + " }"
    branches = [f"::holdfast::mutant({place.number}) ? ({place.new}) : " for place in places]
    return "(" + "".join(branches) + "(" + old + "))"
