"""Small charts as SVG. Pure: numbers in, text out."""

import html
import math

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 78, 20, 46, 70
COLOURS = {"holdfast": "#1f5fa8", "zookeeper": "#c8701e", "etcd": "#4b8f4b", "machine": "#777777"}
OTHER_COLOURS = ("#1f5fa8", "#c8701e", "#4b8f4b", "#8a4b9c")  # Of series that are no systems.
STYLE = ("text{font:12px sans-serif;fill:#222}.title{font-size:14px;font-weight:bold}"
         ".axis{stroke:#888;stroke-width:1}.grid{stroke:#ddd;stroke-width:1}")
BACKGROUND = '<rect width="100%" height="100%" fill="#fff"/>'


def _round_up(value):
    """The next number that five even steps lead to."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return next(step * power for step in steps if step * power >= value * 0.999999)


def _number(value):
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if value < 1 else f"{value:.1f}"


def _least(values):
    """Of a logarithmic axis, which has no place for nothing."""
    return min((value for value in values if value > 0), default=1.0)


def _colours(names):
    return {name: COLOURS.get(name, OTHER_COLOURS[place % len(OTHER_COLOURS)])
            for place, name in enumerate(names)}


class _Frame:
    """A drawing with a title and an axis of values on its left, from 0 up or logarithmic."""

    def __init__(self, title, unit, highest, lowest=None):
        self.parts = [f'<text class="title" x="{LEFT}" y="20">{html.escape(title)}</text>',
                      f'<text x="{LEFT}" y="36">{html.escape(unit)}</text>']
        self._is_log = lowest is not None
        if self._is_log:
            self._low = 10.0 ** math.floor(math.log10(lowest))
            self._high = 10.0 ** math.ceil(math.log10(highest * 1.000001))
        else:
            self._low, self._high = 0.0, _round_up(highest)
        for mark in self._marks():
            y = self.y(mark)
            self.parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
                              f'y1="{y:.1f}" y2="{y:.1f}"/>')
            self.text(LEFT - 6, y + 4, _number(mark), "end")
        self.parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
                          f'y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}"/>')

    def _marks(self):
        if self._is_log:
            powers = range(round(math.log10(self._low)), round(math.log10(self._high)) + 1)
            return [10.0 ** power for power in powers]
        return [self._high * part / 5 for part in range(6)]

    def y(self, value):
        if self._is_log:
            share = math.log(max(value, self._low) / self._low) / math.log(self._high / self._low)
        else:
            share = value / self._high
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def text(self, x, y, words, anchor="middle"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
                          f'{html.escape(words)}</text>')

    def legend(self, names):
        for place, (name, colour) in enumerate(_colours(names).items()):
            x = LEFT + place * (WIDTH - LEFT) // max(4, len(names))
            self.parts.append(f'<rect x="{x}" y="{HEIGHT - 18}" width="12" height="12" '
                              f'fill="{colour}"/>')
            self.text(x + 18, HEIGHT - 8, name, "start")

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
                f"<style>{STYLE}</style>{BACKGROUND}{''.join(self.parts)}</svg>\n")


def lines(title, unit, label, series, logarithmic=False):
    """`series`: {name: [(x, Spread)]}; the x of all are marked, evenly spaced, called `label`."""
    places = sorted({x for points in series.values() for x, _ in points})
    spreads = [spread for points in series.values() for _, spread in points]
    frame = _Frame(title, unit, max(spread.high for spread in spreads),
                   _least(spread.low for spread in spreads) if logarithmic else None)
    step = (WIDTH - LEFT - RIGHT) / len(places)
    at = {x: LEFT + step * (place + 0.5) for place, x in enumerate(places)}
    for x in places:
        frame.text(at[x], HEIGHT - BOTTOM + 18, _number(x))
    frame.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 36, label)
    colours = _colours(series)
    for name, points in series.items():
        colour = colours[name]
        way = " ".join(f"{at[x]:.1f},{frame.y(spread.median):.1f}" for x, spread in points)
        frame.parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" '
                           'stroke-width="2"/>')
        for x, spread in points:
            frame.parts.append(_whisker(at[x], frame.y(spread.low), frame.y(spread.high), colour))
            frame.parts.append(f'<circle cx="{at[x]:.1f}" cy="{frame.y(spread.median):.1f}" '
                               f'r="3.5" fill="{colour}"/>')
    frame.legend(series)
    return frame.svg()


def course(title, unit, label, series, logarithmic=False):
    """`series`: {name: [(x, y)]}, many of them; the axis of x is to scale, from 0 on."""
    values = [y for points in series.values() for _, y in points]
    frame = _Frame(title, unit, max(values), _least(values) if logarithmic else None)
    longest = _round_up(max(x for points in series.values() for x, _ in points))
    for part in range(6):
        frame.text(LEFT + (WIDTH - LEFT - RIGHT) * part / 5, HEIGHT - BOTTOM + 18,
                   _number(longest * part / 5))
    frame.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 36, label)
    colours = _colours(series)
    for name, points in series.items():
        way = " ".join(f"{LEFT + (WIDTH - LEFT - RIGHT) * x / longest:.1f},{frame.y(y):.1f}"
                       for x, y in points)
        frame.parts.append(f'<polyline points="{way}" fill="none" stroke="{colours[name]}" '
                           'stroke-width="1.5"/>')
    frame.legend(series)
    return frame.svg()


def bars(title, unit, groups, logarithmic=False):
    """`groups`: {name: {system: Spread}}."""
    spreads = [spread for group in groups.values() for spread in group.values()]
    frame = _Frame(title, unit, max(spread.high for spread in spreads),
                   _least(spread.low for spread in spreads) if logarithmic else None)
    step = (WIDTH - LEFT - RIGHT) / len(groups)
    width = min(48.0, step / 4)
    for place, (name, group) in enumerate(groups.items()):
        middle = LEFT + step * (place + 0.5)
        frame.text(middle, HEIGHT - BOTTOM + 18, name)
        for number, (system, spread) in enumerate(group.items()):
            x = middle + (number - (len(group) - 1) / 2) * (width + 6)
            top = frame.y(spread.median)
            frame.parts.append(
                f'<rect x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{HEIGHT - BOTTOM - top:.1f}" fill="{COLOURS[system]}"/>')
            frame.parts.append(_whisker(x, frame.y(spread.low), frame.y(spread.high), "#222"))
            frame.text(x, frame.y(spread.high) - 4, _number(spread.median))
    frame.legend(dict.fromkeys(system for group in groups.values() for system in group))
    return frame.svg()


def _whisker(x, low, high, colour):
    return (f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" '
            f'stroke="{colour}" stroke-width="1"/>')
