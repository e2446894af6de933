"""How good predictions probably are while their labels haven't come: expected from scores that a reference has calibrated.

Confidence-based performance estimation, as NannyML's CBPE, on 200 bins of the score: the reference tells how often a score
comes true (isotonic in the bins), the current scores tell how often each is met. It rests on one assumption, that a score
still means what it meant; where that breaks, so does the figure. So it can warn and never passes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

from monitoring.statistics import intervals
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.labels import binary
from monitoring.statistics.measuring import Estimate, faulty, judge_all, libraries, read_parameters, summarise
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import Table
from monitoring.statistics.verdicts import Threshold

BINS = 200
DEFAULTS: dict[str, Any] = {"cut": 0.5, "resamples": 500, "minimum_n": 100}
HOLD = (
    "An estimate without labels rests on the assumption that scores still mean what they meant; it can warn, and passes "
    "nothing."
)
KNOWN = {
    "estimated_accuracy": "no current row has a score.",
    "estimated_precision": "nothing is predicted positive.",
    "estimated_recall": "no positive is expected.",
}
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Rows by bin of the score: of the reference by label (2, BINS), of the current data by prediction (2, BINS)."""

    reference: Counts
    current: Counts


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Estimate performance on `current` from its scores, calibrated on the labelled `reference`.

    Raises BadInput missing-reference, missing-column, unknown-column, not-binary, parameter.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if reference is None:
        raise BadInput(
            "missing-reference", "reference: labelled data to calibrate scores on.", column="reference"
        )
    for part in ("score", "label"):
        if getattr(columns, part) is None:
            raise BadInput("missing-column", f"{part}: a label-free estimate needs its column.", column=part)
    warnings = [*current.warnings, *(text for text in reference.warnings if text not in current.warnings)]
    faults: list[Result] = []
    sides = []
    for name, table in (("current", current), ("reference", reference)):
        score = table[str(columns.score)].numbers
        known = np.isfinite(score)
        outside = int((known & ((score < 0) | (score > 1))).sum()) + (0 if len(score) else table.rows)
        if outside:
            faults.append(
                faulty(
                    "estimated_accuracy", outside, f"{outside} scores of the {name} data are no probability."
                )
            )
        sides.append((score, known))
    if faults:
        return _outcome(faults, warnings, current, reference, settings, seed)
    label = binary(
        reference,
        Columns(label=columns.label, positive=columns.positive, mapping=columns.mapping),
        warnings=warnings,
    )["label"]
    (score, known), (old, old_known) = sides
    labelled = old_known & label.known
    guess = (score >= settings["cut"]).astype(np.int64)
    if columns.prediction is not None and columns.prediction in current.columns:
        alone = Columns(prediction=columns.prediction, positive=columns.positive, mapping=columns.mapping)
        guess = binary(current, alone, warnings=warnings)["prediction"].values
        known = known & (guess >= 0)
    cells = _Cells(
        _counted(old[labelled], label.values[labelled]),
        _counted(score[known], guess[known]),
    )
    estimates = _estimates(cells, settings, seed)
    results = judge_all(estimates, thresholds, known=KNOWN, hold=HOLD, minimum_n=settings["minimum_n"])
    return _outcome(results, [*warnings, HOLD], current, reference, settings, seed)


def _counted(score: Floats, part: NDArray[np.int64]) -> Counts:
    place = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    return np.bincount(part * BINS + place, minlength=2 * BINS).reshape(2, BINS).astype(np.int64)


def _estimates(cells: _Cells, settings: dict[str, Any], seed: int) -> list[Estimate]:
    generator = np.random.default_rng(seed)
    times = settings["resamples"]
    figures = _figures(cells.reference, cells.current)
    n, labelled = int(cells.current.sum()), int(cells.reference.sum())
    too_few = ""
    if labelled < settings["minimum_n"]:
        too_few = (
            f"the reference has {labelled} labelled rows with a score; {settings['minimum_n']} calibrate it."
        )
        figures = dict.fromkeys(figures, float("nan"))
    drawn = {name: np.full(times, np.nan) for name in figures}
    if n and not too_few:
        old = intervals.resample(cells.reference, times, generator).reshape(times, 2, BINS)
        new = intervals.resample(cells.current, times, generator).reshape(times, 2, BINS)
        draws = [_figures(one, other) for one, other in zip(old, new, strict=True)]
        drawn = {name: np.array([draw[name] for draw in draws]) for name in figures}
    found = []
    for name, value in figures.items():
        interval = lambda level, draws=drawn[name]: intervals.percentile(draws, level)  # noqa: E731
        found.append(
            Estimate(
                name, {}, None if np.isnan(value) else value, n, "share",
                "expected from calibrated scores (CBPE on 200 bins); bootstrap of both sides", interval,
                undefined=too_few or KNOWN[name], details={"labelled_reference": labelled},
            )
        )  # fmt: skip
    return found


def _figures(reference: Counts, current: Counts) -> dict[str, float]:
    """Expected accuracy, precision and recall; NaN where the denominator is nothing."""
    chance = calibrated(reference)
    positive, negative = float(current[1] @ chance), float(current[0] @ (1 - chance))
    missed = float(current[0] @ chance)
    parts = {
        "estimated_accuracy": (positive + negative, float(current.sum())),
        "estimated_precision": (positive, float(current[1].sum())),
        "estimated_recall": (positive, positive + missed),
    }
    return {name: above / below if below > 0 else float("nan") for name, (above, below) in parts.items()}


def calibrated(reference: Counts) -> Floats:
    """How often a score of each bin comes true: isotonic over the bins that the reference has, the nearest elsewhere."""
    rows = reference.sum(axis=0)
    held = np.flatnonzero(rows)
    if not len(held):
        return np.full(BINS, np.nan)
    shares = isotonic_regression(
        reference[1, held] / rows[held], sample_weight=rows[held].astype(float), y_min=0, y_max=1
    )
    found: Floats = np.interp(np.arange(BINS), held, shares)
    return found


def _outcome(
    results: list[Result],
    warnings: list[str],
    current: Table,
    reference: Table,
    settings: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    return CheckOutcome(
        check="label-free",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={"current": current.summary(), "reference": reference.summary()},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
    )
