"""All runs of one check on one version: how often it was tried, and until it passed. Pure.

Forty seeds until a pass look like a pass; beside their number they look like what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitoring.catalogue import CATALOGUE
from monitoring.charts.bounds import Judged, against_bounds
from monitoring.charts.svg import Chart
from monitoring.presentation.results import ROWS, Said, drawn, line, title
from monitoring.presentation.words import where

DRAWN = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run as it was requested and ended. `result` answers the question that decided, where it is known.

    `data` and `bounds` are equal where what was judged, late labels included, and what it was held to are.
    """

    run: UUID
    at: datetime
    by: str
    role: str
    state: str
    verdict: str
    stage: str = ""
    data: str = ""
    bounds: str = ""
    result: Said | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt in words; `number` counts from 1, the oldest."""

    number: int
    attempt: Attempt
    here: bool
    value: str
    differs: str


@dataclass(frozen=True, slots=True)
class Attempts:
    """The newest attempts, how many there are, the sentence to stand beside the verdict, and a warning where it needs one."""

    rows: tuple[Tried, ...]
    count: int
    number: int
    sentence: str
    warning: str
    chart: Chart | None
    on: str

    @property
    def left_off(self) -> int:
        return self.count - len(self.rows)


def attempts_of(
    attempts: Sequence[Attempt], here: UUID, decided: Said | None, check: str, *, on: str = "version"
) -> Attempts:
    """All `attempts` `on` one thing, `here` the one that is shown, `decided` its deciding result."""
    ordered = sorted(attempts, key=lambda one: (one.at, str(one.run)))
    number = next((place for place, one in enumerate(ordered, 1) if one.run == here), 0)
    mine = ordered[number - 1] if number else None
    rows, points = [], []
    for place, one in enumerate(ordered, 1):
        found = one.result
        value = line(found, CATALOGUE.get(check)).value if found else ""
        rows.append(Tried(place, one, one.run == here, value, _differs(one, mine)))
        if found:
            points.append(drawn(found, None, label=f"{place}, {one.at:%d %b %H:%M} {one.stage}".strip()))
        elif one.verdict == "error":
            points.append(Judged(f"{place}, {one.at:%d %b %H:%M}: error", None, None, None, 0, "error"))
    chart = None
    if len(ordered) > 1 and decided is not None and sum(point.value is not None for point in points) > 1:
        name = title(decided, CATALOGUE.get(check))
        rest = where(decided["slice"])
        chart = against_bounds(
            "The deciding figure over the attempts",
            points[-DRAWN:],
            measure=f"{name}, {rest}" if rest else name,
        )
    return Attempts(
        tuple(reversed(rows[-ROWS:])),
        len(ordered),
        number,
        _sentence(ordered, number, on),
        _warning(ordered, mine),
        chart,
        on,
    )


def same(outcome: Said | None, decided: Said) -> Said | None:
    """The result of a run that answers the same question as `decided`: under the same bound if there is one."""
    results = (outcome or {}).get("results", [])
    found = [r for r in results if r["metric"] == decided["metric"] and r["slice"] == decided["slice"]]
    return min(found, key=lambda r: r["threshold"] != decided["threshold"], default=None)


def _differs(one: Attempt, mine: Attempt | None) -> str:
    if mine is None or one.run == mine.run:
        return ""
    data = "labels" if mine.stage else "data"
    pairs = ((data, one.data, mine.data), ("bounds", one.bounds, mine.bounds))
    parts = [word for word, other, own in pairs if other != own]
    return f"other {' and '.join(parts)}" if parts else f"same {data} and bounds, another seed"


def _sentence(ordered: Sequence[Attempt], number: int, on: str) -> str:
    count = len(ordered)
    passed = next((place for place, one in enumerate(ordered, 1) if one.verdict == "pass"), 0)
    if count <= 1:
        return f"The only attempt on this {on}."
    said = f"Attempt {number:,} of {count:,} on this {on}. "
    if not passed:
        return said + "None passed."
    if passed == 1:
        return said + "The first one passed."
    return said + f"It passed at attempt {passed:,}, after {passed - 1:,} that did not."


def _warning(ordered: Sequence[Attempt], mine: Attempt | None) -> str:
    """For a pass that others went before: on the same data each further try gives chance another go."""
    if mine is None or mine.verdict != "pass":
        return ""
    before = [one for one in ordered if one.at < mine.at and one.verdict != "pass"]
    if mine.stage:
        # Labels that came in between are no second try.
        before = [one for one in before if one.data == mine.data]
    same = sum(one.data == mine.data for one in before)
    if not before:
        return ""
    tries = "1 earlier attempt" if len(before) == 1 else f"{len(before):,} earlier attempts"
    on = (
        "on other data"
        if not same
        else "on the same data"
        if same == len(before)
        else f"{same:,} of them on the same data"
    )
    return (
        f"This pass came after {tries} that did not pass, {on}. A pass that was tried for is weaker evidence than a first one: "
        "ask what was changed in between."
    )
