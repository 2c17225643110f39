"""Charts as inline SVG: lines, a reliability plot, bars with their confidence intervals. Their colours are in style.css."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

WIDTH, HEIGHT = 460, 230
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 12, 34
TICKS = 5
_ROOM = 36  # half of the name of a step, as 30 Mar 2026


@dataclass(frozen=True)
class Line:
    """A named series of points (x, y); ``kind`` is a CSS class: ``first`` or ``second``."""

    name: str
    points: Sequence[tuple[float, float]]
    kind: str = "first"


def tag(name: str, content: str = "", /, **attributes: Any) -> Markup:
    """An SVG element. Attribute names are written with ``-`` for ``_``; numbers with at most two decimals."""
    shown = {key.rstrip("_").replace("_", "-"): _number(value) for key, value in attributes.items()}
    inside = Markup("").join(Markup(' {}="{}"').format(key, value) for key, value in shown.items())
    return Markup("<{}{}>{}</{}>").format(name, inside, content, name)


def _number(value: Any) -> Any:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def _short(value: float) -> str:
    """A number beside an axis, where there is room for five characters."""
    for unit, least in (("M", 1e6), ("k", 1e4)):
        if abs(value) >= least:
            return f"{value / (1e6 if unit == 'M' else 1e3):g}{unit}"
    return f"{value:g}"


def svg(width: int, height: int, title: str, *content: Markup) -> Markup:
    """A picture that shrinks with the page, and says to a screen reader what it is."""
    inside = tag("title", title) + Markup("").join(content)
    return tag("svg", inside, viewBox=f"0 0 {width} {height}", role="img", class_="chart", width=width)


def ticks(low: float, high: float, count: int = TICKS) -> list[float]:
    """About ``count`` round numbers that cover a range."""
    span = high - low or abs(high) or 1.0
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def line_chart(
    title: str, lines: Sequence[Line], *, x_label: str, percent: bool = False, names: Sequence[str] = ()
) -> Markup:
    """Lines over a common axis, each with its points; empty where there is no point.

    Args:
        title: For screen readers.
        lines: At most two are told apart.
        x_label: Under the horizontal axis.
        percent: Values are 0-1 and shown as 0-100.
        names: Of steps, such as months, where x is the place of one in this list: they stand below, a line has a gap where
            there is no point of a step, and the vertical axis begins at 0.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        return Markup("")
    xs, ys = [x for x, _ in points], [y for _, y in points]
    y_ticks = ticks(0.0 if names else min(ys), max(ys))
    x_low, x_high = (0, len(names) - 1) if names else (min(xs), max(xs))
    x_ticks = [t for t in ticks(x_low, x_high, 3 if names else TICKS) if x_low <= t <= x_high and t == int(t)] or [
        x_low
    ]

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_low) / ((x_high - x_low) or 1)
        up = (y - y_ticks[0]) / ((y_ticks[-1] - y_ticks[0]) or 1)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = []
    for value in y_ticks:
        _, y = place(x_low, value)
        label = f"{100 * value:g}" if percent else _short(value)
        parts += [
            tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"),
            tag("text", label, x=LEFT - 8, y=y + 4, text_anchor="end"),
        ]
    for value in x_ticks:
        x, _ = place(value, y_ticks[0])
        name = names[int(value)] if names else f"{value:,.0f}"
        x = min(x, WIDTH - _ROOM) if names else x
        parts.append(tag("text", name, x=x, y=HEIGHT - BOTTOM + 16, text_anchor="middle"))
    parts.append(tag("text", x_label, x=WIDTH - RIGHT, y=HEIGHT - 2, text_anchor="end", class_="axis"))
    for line in lines:
        for piece in _pieces(line.points) if names else [line.points]:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in piece))
            parts.append(tag("polyline", points=path, class_=f"line {line.kind}"))
        if len(line.points) <= 30:
            places = [place(*point) for point in line.points]
            parts += [tag("circle", cx=x, cy=y, r=3, class_=f"dot {line.kind}") for x, y in places]
    return svg(WIDTH, HEIGHT, title, *parts)


def _pieces(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Points of steps, parted where a step has none."""
    pieces: list[list[tuple[float, float]]] = []
    for x, y in points:
        if pieces and x == pieces[-1][-1][0] + 1:
            pieces[-1].append((x, y))
        else:
            pieces.append([(x, y)])
    return pieces


SIDE, HISTOGRAM = 300, 44  # of the reliability plot: the square, and the strip of counts below it


def reliability_chart(table: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]] | None = None) -> Markup:
    """Accuracy against confidence, bin by bin, with the number of texts in each below.

    Args:
        table: Bins: low, high, texts, confidence, accuracy.
        before: The same without calibration, drawn as a line.
    """
    inner = SIDE - LEFT - RIGHT
    base = TOP + inner + 8 + HISTOGRAM  # of the strip

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + x * inner, TOP + (1 - y) * inner

    parts = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(value, value)
        parts += [
            tag("line", x1=LEFT, x2=LEFT + inner, y1=y, y2=y, class_="grid"),
            tag("text", f"{100 * value:g}", x=LEFT - 8, y=y + 4, text_anchor="end"),
            tag("text", f"{100 * value:g}", x=x, y=base + 15, text_anchor="middle"),
        ]
    most = max((one["texts"] for one in table), default=0) or 1
    for one in table:
        (x, y), (end, floor) = place(one["low"], one["accuracy"]), place(one["high"], 0.0)
        if not one["texts"]:
            continue
        name = f"{one['low']:.0%} to {one['high']:.0%}: {one['texts']:,} texts, {one['accuracy']:.0%} right"
        tall = max(HISTOGRAM * one["texts"] / most, 1.0)
        parts += [
            tag("rect", tag("title", name), x=x + 1, y=y, width=end - x - 2, height=floor - y, class_="bar first"),
            tag("rect", tag("title", name), x=x + 1, y=base - tall, width=end - x - 2, height=tall, class_="bar count"),
        ]
    (x1, y1), (x2, y2) = place(0, 0), place(1, 1)
    parts.append(tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_="ideal"))
    for series, kind in ((before or (), "second"), (table, "first")):
        places = [place(one["confidence"], one["accuracy"]) for one in series if one["texts"]]
        if kind == "second":
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(tag("polyline", points=path, class_="line second"))
        parts += [tag("circle", cx=x, cy=y, r=3, class_=f"dot {kind}") for x, y in places]
    parts.append(tag("text", "probability", x=LEFT + inner, y=base + 30, text_anchor="end", class_="axis"))
    return svg(SIDE, base + 36, "Reliability: share of right labels by probability", *parts)


BAR, BAR_HEIGHT = 120, 14


def interval_bar(value: float, low: float | None = None, high: float | None = None) -> Markup:
    """A bar from 0 to ``value`` of 1, and a whisker over its confidence interval."""
    middle = BAR_HEIGHT / 2
    parts = [
        tag("rect", x=0, y=2, width=BAR, height=BAR_HEIGHT - 4, class_="track"),
        tag("rect", x=0, y=2, width=BAR * _within(value), height=BAR_HEIGHT - 4, class_="bar first"),
    ]
    name = f"{value:.1%}"
    if low is not None and high is not None:
        x1, x2 = BAR * _within(low), BAR * _within(high)
        name += f", 95 % interval {low:.1%} to {high:.1%}"
        parts.append(tag("line", x1=x1, x2=x2, y1=middle, y2=middle, class_="whisker"))
        parts += [tag("line", x1=x, x2=x, y1=3, y2=BAR_HEIGHT - 3, class_="whisker") for x in (x1, x2)]
    return tag("svg", tag("title", name) + Markup("").join(parts), viewBox=f"0 0 {BAR} {BAR_HEIGHT}", class_="mini")


def histogram(title: str, values: Sequence[float], *, high: float, bins: int = 20, x_label: str) -> Markup:
    """How many values lie in each of so many equal steps from 0 to ``high``."""
    counts = [0] * bins
    for value in values:
        counts[min(int(value / high * bins), bins - 1)] += 1
    return bars(title, counts, high=high, x_label=x_label)


def bars(title: str, counts: Sequence[int], *, high: float, x_label: str) -> Markup:
    """A histogram that is counted already, in equal steps from 0 to ``high``."""
    bins, y_ticks = len(counts), [tick for tick in ticks(0, max(counts)) if tick.is_integer()]
    wide = (WIDTH - LEFT - RIGHT) / bins
    tall = HEIGHT - TOP - BOTTOM
    parts = []
    for value in y_ticks:
        y = HEIGHT - BOTTOM - tall * value / y_ticks[-1]
        parts += [
            tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"),
            tag("text", _short(value), x=LEFT - 8, y=y + 4, text_anchor="end"),
        ]
    for number, count in enumerate(counts):
        height = tall * count / y_ticks[-1]
        name = f"{number * high / bins:g} to {(number + 1) * high / bins:g}: {count:,}"
        box = {"x": LEFT + number * wide + 1, "y": HEIGHT - BOTTOM - height, "width": wide - 2, "height": height}
        parts.append(tag("rect", tag("title", name), **box, class_="bar first"))
    for value in (0, high / 2, high):
        x = LEFT + (WIDTH - LEFT - RIGHT) * value / high
        parts.append(tag("text", f"{value:g}", x=x, y=HEIGHT - BOTTOM + 16, text_anchor="middle"))
    parts.append(tag("text", x_label, x=WIDTH - RIGHT, y=HEIGHT - 2, text_anchor="end", class_="axis"))
    return svg(WIDTH, HEIGHT, title, *parts)


def _within(value: float) -> float:
    return min(max(value, 0.0), 1.0)
