"""Whether people are woken for drift: what lasts or is seen from two sides is worth it, one odd day is not.

The rule of CHECKS.md, section 3, on results alone. Weeks that overlap are one piece of evidence, so that a week counts again
only when it shares no day with the last one. Knows no cooldown and no deployment: those belong to who sends the page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WEEK = " of the week"
"""How contrasts of a week are told from those of its last day."""
OUTPUTS = ("prediction", "score", "label")


@dataclass(frozen=True, slots=True)
class Signal:
    """What drifted on one date: columns by the day itself, by the week that ends with it, and which are outputs."""

    date: dt.date
    by_day: frozenset[str] = frozenset()
    by_week: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    elsewhere: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.by_day or self.by_week)


@dataclass(frozen=True, slots=True)
class Rules:
    """A page needs `persist` of the last `of` days, or two weeks running, or two corroborating signals."""

    persist: int = 2
    of: int = 3


@dataclass(frozen=True, slots=True)
class Decision:
    page: bool
    why: str


def signal_of(date: dt.date, results: Iterable[Mapping[str, Any]], elsewhere: Sequence[str] = ()) -> Signal:
    """The signal of an outcome's results. `elsewhere` names other checks that failed on the same data."""
    by_day, by_week, outputs = set(), set(), set()
    for result in results:
        if result["metric"] != "drift_effect" or result["verdict"] != "fail":
            continue
        name, details = result["slice"].get("feature", ""), result["details"]
        certain = details.get("certain", [])
        if any(not contrast.endswith(WEEK) for contrast in certain):
            by_day.add(name)
        if any(contrast.endswith(WEEK) for contrast in certain):
            by_week.add(name)
        if details.get("role") in OUTPUTS:
            outputs.add(name)
    return Signal(date, frozenset(by_day), frozenset(by_week), frozenset(outputs), tuple(elsewhere))


def decide(today: Signal, earlier: Sequence[Signal], rules: Rules) -> Decision:
    """Whether `today` is worth a page, and why or why not. `earlier` may hold any dates before it."""
    drifted = today.by_day | today.by_week
    inputs = drifted - today.outputs
    if inputs and today.outputs:
        return Decision(True, f"Inputs and outputs drifted on the same day ({_names(drifted)}).")
    if drifted and today.elsewhere:
        return Decision(
            True, f"{_names(drifted)} drifted, and {', '.join(today.elsewhere)} failed on the same data."
        )
    recent = [s for s in earlier if 0 < (today.date - s.date).days < rules.of]
    for name in sorted(today.by_day):
        times = 1 + sum(name in signal.by_day for signal in recent)
        if times >= rules.persist:
            return Decision(True, f"{name} drifted on {times} of the last {rules.of} days.")
    week_before = next((s for s in earlier if (today.date - s.date).days == 7), None)
    again = today.by_week & week_before.by_week if week_before is not None else frozenset()
    if again:
        return Decision(True, f"{_names(again)} drifted in two weeks running.")
    return Decision(
        False,
        f"Nobody was paged: {_names(drifted)} drifted on one day or in one week alone; it takes {rules.persist} of "
        f"{rules.of} days, two weeks running, or a second signal on the same data.",
    )


def _names(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:5]) + (f" and {len(ordered) - 5} more" if len(ordered) > 5 else "")
