"""State machines and lineage as boxes and arrows. Pure.

A state machine is drawn from its table (`modelwarrant.machine`), so the picture can't tell another story than
the law. All moves are drawn; those possible from where the thing stands are strong and carry their names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from modelwarrant.machine import Edge, Machine, Node
from monitoring.charts.svg import BLUE, GREY, Canvas, Chart, Table

BOX_W, BOX_H = 160, 42
GAP_X, GAP_Y = 64, 44
EDGE = 24


def machine(drawn: Machine, current: str, *, visited: Collection[str] = ()) -> Chart:
    """The machine with `current` marked by a double border and the word "now"; `visited` states have a dot.

    An empty `current` draws the table alone: nothing stands anywhere.
    """
    nodes, edges = drawn.layout()
    across = max(node.x for node in nodes) + 1
    down = max(node.y for node in nodes) + 1
    here = next((node.state.title for node in nodes if node.state.name == current), "unknown")
    lanes = sum(_backward(edge, nodes) for edge in edges)
    width = 2 * EDGE + across * BOX_W + (across - 1) * GAP_X
    height = 2 * EDGE + down * BOX_H + (down - 1) * GAP_Y + 10 * min(lanes, 6)
    title = f"{drawn.title}: states and moves"
    size = f"{len(nodes)} states, {len(edges)} moves."
    canvas = Canvas(width, height, title, f"{size} Now: {here}." if current else size)
    _marker(canvas, "arrow", GREY)
    _marker(canvas, "strong", BLUE)
    places = {node.state.name: node for node in nodes}
    for at, edge in enumerate(sorted(edges, key=lambda edge: edge.source == current)):
        _edge(canvas, edge, places, strong=edge.source == current, lane=at % 5)
    for node in nodes:
        _state(canvas, node, now=node.state.name == current, been=node.state.name in visited)
    rows = tuple(
        (move.title, " or ".join(drawn.state(name).title for name in move.source), drawn.state(move.target).title,
         "yes" if current in move.source else "no")
        for move in drawn.transitions
    )  # fmt: skip
    if not current:
        alone = tuple(row[:3] for row in rows)
        return Chart(title, size, canvas.render(), Table(title, ("move", "from", "to"), alone))
    table = Table(title, ("move", "from", "to", "possible now"), rows)
    possible = [move.title for move in drawn.transitions if current in move.source]
    caption = f"Now: {here}. Possible next: {', '.join(possible) if possible else 'nothing'}."
    return Chart(title, caption, canvas.render(), table)


def _marker(canvas: Canvas, name: str, colour: str) -> None:
    canvas.definitions.append(
        f'<marker id="{name}-{canvas.uid}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
        f' markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{colour}"/></marker>'
    )


def _curve(*points: tuple[float, float]) -> str:
    """A cubic from the first point to the last."""
    a, b, c, d = (f"{x:.1f},{y:.1f}" for x, y in points)
    return f"M{a} C{b} {c} {d}"


def _ground(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    # Covers the arrows behind a box or a word; the class lets the portal fill it with its own paper in dark mode.
    canvas.add("rect", x=x, y=y, width=width, height=height, rx=6, fill="#ffffff", class_="ground")


def _corner(node: Node) -> tuple[float, float]:
    return EDGE + node.x * (BOX_W + GAP_X), EDGE + node.y * (BOX_H + GAP_Y)


def _backward(edge: Edge, nodes: Sequence[Node]) -> bool:
    place = {node.state.name: node for node in nodes}
    return place[edge.target].x < place[edge.source].x


def _state(canvas: Canvas, node: Node, *, now: bool, been: bool) -> None:
    x, y = _corner(node)
    final = node.state.kind == "final"
    _ground(canvas, x, y, BOX_W, BOX_H)
    canvas.add(
        "rect", f"{node.state.title}{' (now)' if now else ''}", x=x, y=y, width=BOX_W, height=BOX_H, rx=6,
        fill=BLUE if now else "none", fill_opacity="0.18" if now else None,
        stroke=BLUE if now else "currentColor", stroke_width=3 if now else 1.2,
    )  # fmt: skip
    if final:
        canvas.add("rect", x=x + 3, y=y + 3, width=BOX_W - 6, height=BOX_H - 6, rx=4, fill="none",
                   stroke="currentColor", stroke_width=0.8)  # fmt: skip
    weight = "bold" if now else "normal"
    middle = y + BOX_H / 2
    canvas.label(x + BOX_W / 2, middle + (-1 if now else 4), node.state.title, BOX_W - 8, size=12,
                 text_anchor="middle", font_weight=weight)  # fmt: skip
    if now:
        canvas.text(x + BOX_W / 2, middle + 14, "● now", size=11, text_anchor="middle")
    elif been:
        canvas.text(x + BOX_W - 8, y + 13, "•", size=13, text_anchor="end")


def _edge(canvas: Canvas, edge: Edge, places: dict[str, Node], *, strong: bool, lane: int) -> None:
    source, target = places[edge.source], places[edge.target]
    (x1, y1), (x2, y2) = _corner(source), _corner(target)
    step = target.x - source.x
    shift = (lane - 2) * 4.0
    if step > 0:  # from the right side to the left side
        a, b = (x1 + BOX_W, y1 + BOX_H / 2 + shift), (x2, y2 + BOX_H / 2 + shift)
        reach = max(30.0, (b[0] - a[0]) / 2)
        bow = -(BOX_H + GAP_Y) * 0.55 if step > 1 and source.y == target.y else 0.0
        path = _curve(a, (a[0] + reach, a[1] + bow), (b[0] - reach, b[1] + bow), b)
    elif step == 0:  # up or down in one column
        way = 1 if y2 > y1 else -1
        x = x1 + BOX_W / 2 + 18 * way
        a, b = (x, y1 + (BOX_H if way > 0 else 0)), (x, y2 + (0 if way > 0 else BOX_H))
        bend = 0.0 if abs(source.y - target.y) == 1 else (BOX_W / 2 + 16) * way
        path = _curve(a, (a[0] + bend, a[1] + 14 * way), (b[0] + bend, b[1] - 14 * way), b)
    else:  # back, below the boxes
        a, b = (x1 + BOX_W / 2 + shift * 3, y1 + BOX_H), (x2 + BOX_W / 2 + shift * 3, y2 + BOX_H)
        dip = max(a[1], b[1]) + 34 + 5 * lane
        path = _curve(a, (a[0], dip), (b[0], dip), b)
    tip = f"{edge.transition.title}: {edge.source} to {edge.target}"
    canvas.add(
        "path", tip, d=path, fill="none", stroke=BLUE if strong else GREY, stroke_width=2.2 if strong else 1,
        marker_end=f"url(#{'strong' if strong else 'arrow'}-{canvas.uid})",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thing:
    """A box of a lineage: `column` from 0 on the left; `detail` a second line (a digest, a state)."""

    key: str
    column: int
    title: str
    detail: str = ""
    current: bool = False


def lineage(title: str, things: Sequence[Thing], links: Sequence[tuple[str, str, str]]) -> Chart:
    """What came from what, left to right. `links` are (from key, to key, word). Unknown keys raise KeyError."""
    wide, high, gap_x, gap_y = 196, 52, 96, 22
    columns: dict[int, list[Thing]] = {}
    for thing in things:
        columns.setdefault(thing.column, []).append(thing)
    down = max((len(column) for column in columns.values()), default=1)
    across = max(columns, default=0) + 1
    height = 2 * EDGE + down * high + (down - 1) * gap_y
    canvas = Canvas(
        2 * EDGE + across * wide + (across - 1) * gap_x,
        height,
        title,
        f"{len(things)} things, {len(links)} links.",
    )
    _marker(canvas, "arrow", GREY)
    corner = {}
    for number, column in columns.items():
        free = (height - len(column) * high - (len(column) - 1) * gap_y) / 2
        for at, thing in enumerate(column):
            corner[thing.key] = (float(EDGE + number * (wide + gap_x)), free + at * (high + gap_y))
    named = {thing.key: thing.title for thing in things}
    for source, target, word in links:
        (x1, y1), (x2, y2) = corner[source], corner[target]
        a, b = (x1 + wide, y1 + high / 2), (x2, y2 + high / 2)
        half = (b[0] - a[0]) / 2
        path = _curve(a, (a[0] + half, a[1]), (b[0] - half, b[1]), b)
        canvas.add("path", f"{named[source]} to {named[target]}: {word}", d=path, fill="none", stroke=GREY,
                   stroke_width=1.5, marker_end=f"url(#arrow-{canvas.uid})")  # fmt: skip
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        room = min(float(gap_x), len(word) * 6.6)
        _ground(canvas, middle[0] - room / 2, middle[1] - 8, room, 15)
        canvas.label(middle[0], middle[1] + 3, word, gap_x, size=11, text_anchor="middle")
    for thing in things:
        x, y = corner[thing.key]
        now = thing.current
        _ground(canvas, x, y, wide, high)
        canvas.add("rect", thing.title, x=x, y=y, width=wide, height=high, rx=6, fill=BLUE if now else "none",
                   fill_opacity="0.18" if now else None, stroke=BLUE if now else "currentColor",
                   stroke_width=3 if now else 1.2)  # fmt: skip
        canvas.label(x + 10, y + 22, thing.title, wide - 20, font_weight="bold" if now else "normal")
        canvas.label(x + 10, y + 41, thing.detail, wide - 20, size=11)
    table = Table(title, ("from", "to", "as"), tuple((named[a], named[b], word) for a, b, word in links))
    return Chart(title, "Read from left to right: what each thing was made from.", canvas.render(), table)
