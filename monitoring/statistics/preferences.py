"""How often a language model's answers are preferred to another model's: ties as halves, prompts as the units of chance.

Several judgements of one prompt say less than as many prompts, so what belongs to a prompt is kept together. Judges like a
place (the first answer, mostly): with a column of places the rate is that of both places alike, and the liking is reported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.intervals import Interval
from monitoring.statistics.labels import UNKNOWN_WORDS, canonical
from monitoring.statistics.measuring import Estimate, judge_all, libraries, read_parameters, summarise
from monitoring.statistics.results import CheckOutcome
from monitoring.statistics.tables import Table
from monitoring.statistics.verdicts import Threshold

DEFAULTS: dict[str, Any] = {
    "win": "win",
    "tie": "tie",
    "loss": "loss",
    "prompt": "",
    "position": "",
    "first": "first",
    "second": "second",
    "maximum_unknown_share": 0.05,
    "minimum_prompts": 30,
}
KNOWN = {
    "win_rate": "no row has an outcome (in both places, where a position is named).",
    "tie_share": "no row has an outcome.",
    "position_bias": "it needs a position column with outcomes in both places.",
}
# Outcomes as numbers mean these as long as nobody names other words.
_NUMBERED = {"1": 1.0, "0.5": 0.5, "0": 0.0}
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Judgements:
    """Known outcomes (1, .5, 0), the prompt of each, and the place of the version's answer (0 first, 1 second)."""

    outcome: Floats
    prompt: Codes
    place: Codes

    @property
    def prompts(self) -> int:
        return len(np.unique(self.prompt))

    def clustered(self, influence: Floats) -> Floats:
        """Influences summed within prompts, in units of one prompt: their mean's error is the estimate's."""
        _, place = np.unique(self.prompt, return_inverse=True)
        return np.bincount(place.reshape(-1), weights=influence).astype(np.float64)


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Rate preferences: `label` names the column of outcomes for the version (win, tie, loss, or words by parameter).

    The reference is not used; n counts prompts. Raises BadInput missing-column, unknown-column, bad-value (an outcome or a
    place of no known word), parameter.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if columns.label is None:
        raise BadInput("missing-column", "label: name the column of outcomes.", column="label")
    warnings = list(current.warnings)
    outcome = _read(current, columns.label, _outcomes(settings), "outcome")
    place = np.zeros(current.rows)
    if settings["position"]:
        place = _read(current, settings["position"], _places(settings), "position")
    else:
        warnings.append(
            "No position column is named: a judge's liking for a place can't be seen, nor taken out."
        )
    prompt = _prompts(current, settings["prompt"], warnings)
    known = np.isfinite(outcome) & np.isfinite(place)
    unknown = int((~known).sum())
    hold = ""
    if unknown:
        warnings.append(f"{unknown} of {current.rows} rows have no outcome or place; they are counted apart.")
    if current.rows and unknown / current.rows > settings["maximum_unknown_share"]:
        hold = f"{unknown} of {current.rows} rows have no outcome or place, too many for anything to pass."
    found = _Judgements(outcome[known], prompt[known], place[known].astype(np.int64))
    estimates = [_wins(found, bool(settings["position"])), _ties(found)]
    if settings["position"]:
        estimates.append(_bias(found))
    results = judge_all(estimates, thresholds, known=KNOWN, hold=hold, minimum_n=settings["minimum_prompts"])
    tally = [
        [["first", "second"][place] if settings["position"] else "any", word, int((mine == value).sum())]
        for place in ((0, 1) if settings["position"] else (0,))
        for mine in [found.outcome[found.place == place]]
        for word, value in (("win", 1.0), ("tie", 0.5), ("loss", 0.0))
    ]
    return CheckOutcome(
        check="llm-preference",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={"current": current.summary(), "comparisons": len(found.outcome), "prompts": found.prompts},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={"outcomes": {"columns": ["place", "outcome", "count"], "rows": tally}},
    )


def _outcomes(settings: dict[str, Any]) -> dict[str, float]:
    words = {canonical(settings[name]): value for name, value in (("win", 1.0), ("tie", 0.5), ("loss", 0.0))}
    if len(words) < 3:
        raise BadInput("parameter", "win, tie and loss must be three different words.", column="win")
    standard = all(settings[name] == DEFAULTS[name] for name in ("win", "tie", "loss"))
    return (_NUMBERED | words) if standard else words


def _places(settings: dict[str, Any]) -> dict[str, float]:
    words = {canonical(settings["first"]): 0.0, canonical(settings["second"]): 1.0}
    if len(words) < 2:
        raise BadInput("parameter", "first and second must be different words.", column="first")
    return words


def _read(table: Table, name: str, words: dict[str, float], what: str) -> Floats:
    """A column's values by their words, NaN where blank or unknown."""
    values, codes = table[name].coded()
    spelled = [canonical(value) for value in values]
    strange = [
        value
        for value, word in zip(values, spelled, strict=True)
        if word not in words and word not in UNKNOWN_WORDS
    ]
    if strange:
        raise BadInput(
            "bad-value",
            f"{what}: column {name!r} holds {', '.join(map(repr, strange[:5]))}; known: {', '.join(words)}. Name the words "
            "by parameter.",
            column=name,
        )
    return np.array([*(words.get(word, math.nan) for word in spelled), math.nan])[codes]


def _prompts(table: Table, name: str, warnings: list[str]) -> Codes:
    if not name:
        warnings.append("No prompt column is named: every row was taken for a prompt of its own.")
        return np.arange(table.rows)
    _, codes = table[name].coded()
    if missing := int((codes < 0).sum()):
        warnings.append(f"{missing} rows name no prompt; they were taken for one prompt together.")
    return codes


def _share(values: Floats, influence: Floats, found: _Judgements, value: float, level: float) -> Interval:
    """Exact limits at the effective number of rows (Korn and Graubard 1998): never shorter than for rows apart.

    Where nothing varies there are only as many rows as prompts.
    """
    per_prompt = found.clustered(influence)
    prompts, rows = len(per_prompt), len(values)
    if prompts < 2:
        return intervals.NONE
    spread = float((per_prompt**2).sum()) * prompts / (prompts - 1)
    effective = float(prompts)
    if spread > 1e-15 and 0 < value < 1:
        tail = (1 - level) / 2
        loss = (float(stats.t.isf(tail, rows - 1)) / float(stats.t.isf(tail, prompts - 1))) ** 2
        effective = min(float(rows), value * (1 - value) / spread * loss)
    return intervals.exact(value * effective, effective, level)


def _wins(found: _Judgements, placed: bool) -> Estimate:
    n = len(found.outcome)
    details: dict[str, Any] = {"comparisons": n, "raw_rate": float(found.outcome.mean()) if n else None}
    value, influence = None, np.zeros(n)
    if placed:
        rates, parts = _by_place(found)
        details |= {"rate_first": rates[0], "rate_second": rates[1]}
        if rates[0] is not None and rates[1] is not None:
            value, influence = (rates[0] + rates[1]) / 2, (parts[0] + parts[1]) / 2
    elif n:
        value = float(found.outcome.mean())
        influence = (found.outcome - value) / n
    return Estimate(
        "win_rate", {}, value, found.prompts, "share",
        "wins and half the ties, both places alike; prompts as clusters, Korn and Graubard" if placed else
        "wins and half the ties; prompts as clusters, Korn and Graubard",
        lambda level: _share(found.outcome, influence, found, value or 0.0, level),
        undefined=KNOWN["win_rate"], details=details,
    )  # fmt: skip


def _by_place(found: _Judgements) -> tuple[list[float | None], list[Floats]]:
    """The win rate in each place, and what each row adds to it beyond the mean."""
    rates: list[float | None] = []
    parts = []
    for place in (0, 1):
        mine = found.place == place
        size = int(mine.sum())
        rate = float(found.outcome[mine].mean()) if size else None
        rates.append(rate)
        parts.append(np.where(mine, (found.outcome - (rate or 0.0)) / max(size, 1), 0.0))
    return rates, parts


def _ties(found: _Judgements) -> Estimate:
    tied = (found.outcome == 0.5).astype(np.float64)
    value = float(tied.mean()) if len(tied) else None
    influence = (tied - (value or 0.0)) / max(len(tied), 1)
    return Estimate(
        "tie_share", {}, value, found.prompts, "share", "prompts as clusters, Korn and Graubard",
        lambda level: _share(tied, influence, found, value or 0.0, level), undefined=KNOWN["tie_share"],
        details={"comparisons": len(tied)},
    )  # fmt: skip


def _bias(found: _Judgements) -> Estimate:
    """Win rate when shown first minus when shown second; one prompt of each kind more than was seen."""
    rates, parts = _by_place(found)
    value = None if rates[0] is None or rates[1] is None else rates[0] - rates[1]

    def interval(level: float) -> Interval:
        per_prompt = found.clustered(parts[0] - parts[1])
        prompts = len(per_prompt)
        if prompts < 2 or value is None:
            return intervals.NONE
        padded = np.append(per_prompt * prompts, (-1.0, 1.0))
        error = math.sqrt(float((padded**2).sum()) / (prompts - 1) / prompts)
        half = float(stats.t.isf((1 - level) / 2, prompts - 1)) * error
        return max(-1.0, value - half), min(1.0, value + half)

    return Estimate(
        "position_bias", {}, value, found.prompts, "share",
        "win rate when shown first minus when shown second; prompts as clusters, Student's t", interval,
        range=(-1.0, 1.0), undefined=KNOWN["position_bias"],
        details={
            "comparisons": len(found.outcome), "rate_first": rates[0], "rate_second": rates[1],
            "first": int((found.place == 0).sum()), "second": int((found.place == 1).sum()),
        },
    )  # fmt: skip
