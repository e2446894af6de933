"""Whether a candidate is no worse than the version in use, by a margin that was set before.

The change of a figure (candidate minus incumbent) is judged with its own interval: on the same rows, where both have
answered them, which is much shorter; otherwise on two samples. No difference found is not the same as no worse: only an
interval that excludes the margin shows that. Knows no file and no Django.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.intervals import Interval
from monitoring.statistics.labels import binary
from monitoring.statistics.measuring import (
    Estimate,
    faulty,
    judge_all,
    libraries,
    read_parameters,
    summarise,
)
from monitoring.statistics.pairing import Pairing, pair, stacked
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import Column, Table
from monitoring.statistics.verdicts import Threshold

DEFAULTS: dict[str, Any] = {
    "task": "classification",
    "score_range": "probability",
    "incumbent_prediction": "",
    "incumbent_score": "",
    "id": "",
    "maximum_unknown_share": 0.05,
    "minimum_n": 30,
}
KNOWN = {
    "accuracy_change": "it needs a label and predictions of both versions.",
    "recall_change": "it needs a label and predictions of both versions.",
    "auc_change": "it needs a label and scores of both versions.",
    "brier_change": "it needs a label and probabilities of both versions.",
    "mae_change": "it needs task=regression, a label and numbers predicted by both versions.",
}
Floats = NDArray[np.float64]
Truth = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Side:
    """One version's answers to its rows, NaN where there is none, and the truth, NaN where unknown."""

    truth: Floats
    answer: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        return np.isfinite(self.truth) & np.isfinite(self.answer)

    def of(self, rows: Truth | NDArray[np.bool_]) -> _Side:
        return _Side(self.truth[rows], self.answer[rows])


Sides = tuple[_Side, _Side]


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Compare the candidate (`current`) with the incumbent: in the same table where parameters name its columns,
    otherwise in `reference` under the candidate's names.

    Raises BadInput missing-column, missing-reference, unknown-column, not-binary, bad-value, duplicate-id, labels-differ,
    parameter.
    """
    settings = read_parameters(parameters, DEFAULTS)
    _sound(settings)
    if columns.label is None:
        raise BadInput(
            "missing-column", "label: the column of what really happened is needed.", column="label"
        )
    old, incumbent = _incumbent(current, reference, columns, settings)
    warnings = [*current.warnings, *(text for text in old.warnings if text not in current.warnings)]
    label = current[columns.label], old[columns.label]
    faults: list[Result] = []
    regression = settings["task"] == "regression"
    for column in label if regression else ():
        if column.infinite:
            why = f"{column.infinite} of {column.rows} labels are infinite."
            faults.append(faulty("label", column.rows, why, details=column.counts()))
    sides: dict[str, Sides] = {}
    if regression:
        truths = _plain("label", *label, None)
        names = columns.prediction or columns.score, incumbent.prediction or incumbent.score
    else:
        truths, classes = _classes(current, old, columns, incumbent, warnings)
        sides |= {"prediction": classes} if classes else {}
        names = columns.score, incumbent.score
    if names[0] is not None and names[1] is not None:
        answers = _plain("prediction" if regression else "score", current[names[0]], old[names[1]], faults)
        sides["numbers"] = _Side(truths[0], answers[0]), _Side(truths[1], answers[1])
    if not sides:
        raise BadInput(
            "missing-column",
            "prediction: name what both versions predict, or their scores.",
            column="prediction",
        )
    if old is current:
        every = np.arange(current.rows)
        found = Pairing(every, every, True, "rows of one table")
    else:
        found = pair(truths, (current[settings["id"]], old[settings["id"]]) if settings["id"] else None)
        warnings.append("The answers in the reference were taken for those of the version in use.")
    if found.by.startswith("equal"):
        warnings.append(
            "Labels are equal row by row on both sides, so rows were taken for the same cases. Name an id to be sure."
        )
    sides = {part: (new.of(found.candidate), was.of(found.incumbent)) for part, (new, was) in sides.items()}
    if found.paired and all(np.array_equal(a.answer, b.answer, equal_nan=True) for a, b in sides.values()):
        warnings.append("Both versions give the same answer to every row.")
    said = {"paired": found.paired, "paired_by": found.by, "matched": found.matched}
    estimates = [
        replace(one, details={**one.details, **said})
        for one in _estimates(sides, settings, faults, paired=found.paired)
    ]
    holds = [
        found.hold(settings["maximum_unknown_share"]),
        *(_unknown(one, settings) for one in sides.values()),
    ]
    hold = next((text for text in holds if text), "")
    results = faults + judge_all(
        estimates, thresholds, known=KNOWN, hold=hold, minimum_n=settings["minimum_n"]
    )
    alone = {"candidate_alone": found.candidate_alone, "incumbent_alone": found.incumbent_alone}
    return CheckOutcome(
        check="non-inferiority",
        results=tuple(results),
        summary=f"{found.words} {summarise(results)}",
        warnings=tuple(warnings),
        inputs={
            "current": current.summary(),
            **({"reference": reference.summary()} if reference is not None else {}),
            "pairing": said | alone,
        },
        parameters=settings,
        libraries=libraries(),
        seed=seed,
    )


def _sound(settings: dict[str, Any]) -> None:
    for name, allowed in (
        ("task", ("classification", "regression")),
        ("score_range", ("probability", "any")),
    ):
        if settings[name] not in allowed:
            raise BadInput("parameter", f"{name}: {' or '.join(allowed)}.", column=name)


def _incumbent(
    current: Table, reference: Table | None, columns: Columns, settings: dict[str, Any]
) -> tuple[Table, Columns]:
    """The table with the incumbent's answers, and their columns."""
    prediction, score = settings["incumbent_prediction"] or None, settings["incumbent_score"] or None
    for mine, theirs in ((columns.prediction, prediction), (columns.score, score)):
        if theirs is not None and theirs in (mine, columns.label):
            raise BadInput(
                "same-column",
                f"incumbent: column {theirs!r} is the candidate's own answer, or the label; that compares nothing.",
                column=theirs,
            )
    if prediction or score:
        return current, Columns(prediction=prediction, score=score)
    if reference is None:
        raise BadInput(
            "missing-reference",
            "reference: give the incumbent's answers, or name their columns (incumbent_prediction, incumbent_score).",
            column="reference",
        )
    return reference, columns


def _classes(
    current: Table, old: Table, columns: Columns, incumbent: Columns, warnings: list[str]
) -> tuple[tuple[Floats, Floats], Sides | None]:
    """Labels and, where both versions have them, predictions as 0, 1 and NaN, all read under one mapping."""
    named = str(columns.label)
    parts = {named: (current[named], old[named])}
    title = None
    if columns.prediction is not None and incumbent.prediction is not None:
        title = columns.prediction if columns.prediction != named else f"{named} (prediction)"
        parts[title] = (current[columns.prediction], old[incumbent.prediction])
    said: list[str] = []
    alone = Columns(label=named, prediction=title, positive=columns.positive, mapping=columns.mapping)
    coded = binary(stacked(parts), alone, warnings=said)
    # Blanks were counted on both sides together; each side's own are judged by `_unknown`.
    warnings += [text for text in said if "blank or unknown" not in text]
    read = {
        part: np.where(values.values >= 0, values.values, np.nan).astype(np.float64)
        for part, values in coded.items()
    }
    n = current.rows
    truths = read["label"][:n], read["label"][n:]
    if "prediction" not in read:
        return truths, None
    answers = read["prediction"]
    return truths, (_Side(truths[0], answers[:n]), _Side(truths[1], answers[n:]))


def _plain(part: str, first: Column, second: Column, faults: list[Result] | None) -> tuple[Floats, Floats]:
    """Two columns of numbers, NaN for what is none; said in `faults` where a list is given."""
    found = []
    for who, column in (("candidate", first), ("incumbent", second)):
        if column.kind == "text":
            raise BadInput(
                "bad-value",
                f"{part}: column {column.name!r} of the {who} does not hold numbers.",
                column=column.name,
            )
        numbers = column.numbers if column.kind == "number" else np.full(column.rows, np.nan)
        finite = np.isfinite(numbers)
        if faults is not None and not finite.all():
            why = (
                f"{int((~finite).sum())} of {len(numbers)} values of the {who} are missing, NaN or infinite."
            )
            faults.append(faulty(part, len(numbers), why, details=column.counts()))
        found.append(np.where(finite, numbers, np.nan))
    return found[0], found[1]


def _estimates(
    sides: dict[str, Sides], settings: dict[str, Any], faults: list[Result], *, paired: bool
) -> list[Estimate]:
    if settings["task"] == "regression":
        return [_mae(*sides["numbers"], paired=paired)]
    estimates = _shares(*sides["prediction"], paired=paired) if "prediction" in sides else []
    if "numbers" in sides:
        estimates.append(_auc(*sides["numbers"], paired=paired))
        if settings["score_range"] == "probability" and not _outside(sides["numbers"], faults):
            estimates.append(_brier(*sides["numbers"], paired=paired))
    return estimates


def _outside(sides: Sides, faults: list[Result]) -> bool:
    outside = sum(int(((side.answer < 0) | (side.answer > 1)).sum()) for side in sides)
    if outside:
        why = f"{outside} scores lie outside 0 to 1. Say score_range=any if only their order matters."
        faults.append(faulty("score", len(sides[0].answer), why, details={"outside": outside}))
    return bool(outside)


def _unknown(sides: Sides, settings: dict[str, Any]) -> str:
    for who, side in zip(("candidate", "incumbent"), sides, strict=True):
        unknown = int((~side.known).sum())
        if unknown > settings["maximum_unknown_share"] * len(side.truth):
            return f"{unknown} of {len(side.truth)} rows of the {who} lack a label or an answer, too many to pass."
    return ""


def _shares(candidate: _Side, incumbent: _Side, *, paired: bool) -> list[Estimate]:
    estimates = []
    for metric, positives, why in (
        ("accuracy_change", False, "no row has a label and both predictions."),
        ("recall_change", True, "no row with a positive label has both predictions."),
    ):
        rights = []
        for side in _matched(candidate, incumbent, paired):
            used = side.of(side.truth == 1) if positives else side
            rights.append(used.answer == used.truth)
        estimates.append(_share(metric, rights[0], rights[1], paired, why))
    return estimates


def _share(metric: str, new: NDArray[np.bool_], old: NDArray[np.bool_], paired: bool, why: str) -> Estimate:
    k, n, j, m = int(new.sum()), len(new), int(old.sum()), len(old)
    value = k / n - j / m if n and m else None
    if paired:
        gained, lost = int((new & ~old).sum()), int((~new & old).sum())
        return Estimate(
            metric, {}, value, n, "share", "paired difference of shares, Tango's score interval",
            lambda level: intervals.tango(gained, lost, n, level), range=(-1.0, 1.0), undefined=why,
            details={"candidate": k / n if n else None, "incumbent": j / n if n else None, "gained": gained, "lost": lost},
        )  # fmt: skip
    return Estimate(
        metric, {}, value, min(n, m), "share", "difference of shares of two samples, Newcombe",
        lambda level: intervals.difference(k, n, j, m, level),
        lambda level: intervals.difference(k, n, j, m, level, share=intervals.exact), range=(-1.0, 1.0), undefined=why,
        details={"candidate": k / n if n else None, "incumbent": j / m if m else None, "candidate_n": n, "incumbent_n": m},
    )  # fmt: skip


def _matched(candidate: _Side, incumbent: _Side, paired: bool) -> Sides:
    """Both sides' known rows; paired, those that both know."""
    if not paired:
        return candidate.of(candidate.known), incumbent.of(incumbent.known)
    both = candidate.known & incumbent.known
    return candidate.of(both), incumbent.of(both)


def _auc(candidate: _Side, incumbent: _Side, *, paired: bool) -> Estimate:
    """Paired: DeLong's covariance, each class padded; otherwise both areas' own intervals."""
    sides = _matched(candidate, incumbent, paired)
    labels = [side.truth.astype(np.int64) for side in sides]
    least = min((min(int(label.sum()), len(label) - int(label.sum())) for label in labels), default=0)
    areas = [intervals.delong(side.answer, label) for side, label in zip(sides, labels, strict=True)]
    value = areas[0][0] - areas[1][0] if least else None

    def together(level: float) -> Interval:
        if value is None or least < 2:
            return intervals.NONE
        new, old = (intervals.ranks(side.answer, label) for side, label in zip(sides, labels, strict=True))
        error = math.hypot(intervals.padded(new[0] - old[0]), intervals.padded(new[1] - old[1]))
        half = float(stats.t.isf((1 - level) / 2, least - 1)) * error
        return max(-1.0, value - half), min(1.0, value + half)

    def separate(level: float) -> Interval:
        if value is None:
            return intervals.NONE
        ends = [
            intervals.area(*area, int(label.sum()), len(label) - int(label.sum()), level)
            for area, label in zip(areas, labels, strict=True)
        ]
        return intervals.apart(areas[0][0], ends[0], areas[1][0], ends[1])

    return Estimate(
        "auc_change", {}, value, min(len(label) for label in labels), "area",
        "DeLong's paired difference, Student's t on the rarer class" if paired else "two areas, DeLong and MOVER",
        together if paired else separate, range=(-1.0, 1.0), undefined="one class only among the labels.",
        details={"candidate": areas[0][0], "incumbent": areas[1][0], "rarer_class": least},
    )  # fmt: skip


def _brier(candidate: _Side, incumbent: _Side, *, paired: bool) -> Estimate:
    new, old = ((side.answer - side.truth) ** 2 for side in _matched(candidate, incumbent, paired))

    def together(level: float) -> Interval:
        error = intervals.padded(new - old)
        half = float(stats.t.isf((1 - level) / 2, max(len(new) - 1, 1))) * error
        centre = float((new - old).mean())
        return max(-1.0, centre - half), min(1.0, centre + half)

    return _means("brier_change", new, old, paired, "squared error", (-1.0, 1.0), (0.0, 1.0), together)


def _mae(candidate: _Side, incumbent: _Side, *, paired: bool) -> Estimate:
    new, old = (np.abs(side.answer - side.truth) for side in _matched(candidate, incumbent, paired))
    furthest = max((float(part.max()) for part in (new, old) if len(part)), default=0.0)

    def together(level: float) -> Interval:
        return intervals.student(new - old, level, (-furthest, furthest))

    return _means(
        "mae_change", new, old, paired, "label's unit", (-math.inf, math.inf), (0.0, furthest), together
    )


def _means(
    metric: str,
    new: Floats,
    old: Floats,
    paired: bool,
    unit: str,
    reach: Interval,
    ends: Interval,
    together: Callable[[float], Interval],
) -> Estimate:
    n = min(len(new), len(old))
    return Estimate(
        metric, {}, float(new.mean() - old.mean()) if n else None, n, unit,
        "Student's t of paired differences" if paired else "difference of two means, Welch",
        together if paired else lambda level: intervals.welch(new, old, level, ends), range=reach,
        undefined="no row has a label and both answers.",
        details={"candidate": float(new.mean()) if len(new) else None, "incumbent": float(old.mean()) if len(old) else None},
    )  # fmt: skip
