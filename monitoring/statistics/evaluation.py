"""How well predictions and scores match what happened: classification, probabilities, regression.

Figures come with intervals: shares by Wilson, the ROC area by DeLong, means by Student, the rest by a bootstrap
of count cells. A figure whose denominator is empty is undefined, not 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.labels import Binary, binary
from monitoring.statistics.measuring import (
    Estimate,
    faulty,
    judge_all,
    libraries,
    read_parameters,
    summarise,
)
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import Table
from monitoring.statistics.verdicts import Threshold

DEFAULTS: dict[str, Any] = {
    "task": "classification",
    "score_range": "probability",
    "calibration_bins": 10,
    "resamples": 1000,
    "maximum_unknown_share": 0.05,
    "minimum_n": 30,
}
_ALIKE = 1e-6
KNOWN = {
    "accuracy": "it needs a label and a prediction.",
    "precision": "it needs a label and a prediction.",
    "recall": "it needs a label and a prediction.",
    "f1": "it needs a label and a prediction.",
    "specificity": "it needs a label and a prediction.",
    "prevalence": "it needs a label and a prediction.",
    "roc_auc": "it needs a label and a score.",
    "brier_score": "it needs a label and a probability.",
    "expected_calibration_error": "it needs a label and a probability.",
    "calibration_in_the_large": "it needs a label and a probability.",
    "calibration_slope": "it needs a label and a probability, both classes and scores that differ.",
    "mae": "it needs task=regression.",
    "rmse": "it needs task=regression.",
    "r2": "it needs task=regression.",
}


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Evaluate predictions (and scores) against labels. The reference is not used.

    Raises BadInput for columns that are not there, labels that are not two classes, or unknown parameters.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if columns.label is None:
        raise BadInput(
            "missing-column", "label: evaluation needs the column of what really happened.", column="label"
        )
    if columns.prediction is None and columns.score is None:
        raise BadInput(
            "missing-column", "prediction: evaluation needs a prediction or a score.", column="prediction"
        )
    warnings = list(current.warnings)
    generator = np.random.default_rng(seed)
    tables: dict[str, Any] = {}
    if settings["task"] == "regression":
        estimates, faults, hold = _regression(current, columns, settings, generator, warnings)
    elif settings["task"] == "classification":
        estimates, faults, hold = _classification(current, columns, settings, generator, warnings, tables)
    else:
        raise BadInput("parameter", "task: classification or regression.", column="task")
    results = faults + judge_all(
        estimates, thresholds, known=KNOWN, hold=hold, minimum_n=settings["minimum_n"]
    )
    return CheckOutcome(
        check="evaluation",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={"current": current.summary(), "positive": tables.pop("positive", None)},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables=tables,
    )


def _classification(
    table: Table,
    columns: Columns,
    settings: dict[str, Any],
    generator: np.random.Generator,
    warnings: list[str],
    tables: dict[str, Any],
) -> tuple[list[Estimate], list[Result], str]:
    coded = binary(table, columns, warnings=warnings)
    tables["positive"] = coded["label"].positive
    estimates: list[Estimate] = []
    faults: list[Result] = []
    hold = _unknown_hold(coded, table.rows, settings)
    if "prediction" in coded:
        found, tables["confusion"] = _confusion(coded["label"], coded["prediction"])
        estimates += found
    if columns.score is not None:
        found, faults = _scores(table, columns.score, coded["label"], settings, generator, warnings, tables)
        estimates += found
    return estimates, faults, hold


def _unknown_hold(coded: dict[str, Binary], rows: int, settings: dict[str, Any]) -> str:
    for part, values in coded.items():
        if rows and values.unknown / rows > settings["maximum_unknown_share"]:
            return (
                f"{values.unknown} of {rows} values of the {part} are unknown, more than the share of "
                f"{settings['maximum_unknown_share']!r} with which anything may pass."
            )
    return ""


def _confusion(label: Binary, prediction: Binary) -> tuple[list[Estimate], dict[str, Any]]:
    both = label.known & prediction.known
    cells = np.bincount(label.values[both] * 2 + prediction.values[both], minlength=4).astype(np.int64)
    tn, fp, fn, tp = (int(cell) for cell in cells)
    n = int(cells.sum())
    counts = {"true_negative": tn, "false_positive": fp, "false_negative": fn, "true_positive": tp}
    shares = (
        ("accuracy", tp + tn, n, "no row has both a label and a prediction."),
        ("precision", tp, tp + fp, "nothing was predicted positive."),
        ("recall", tp, tp + fn, "no label is positive."),
        ("specificity", tn, tn + fp, "no label is negative."),
        ("prevalence", tp + fn, n, "no row has both a label and a prediction."),
    )
    estimates = [share(name, {}, k, of, undefined=why, details=counts) for name, k, of, why in shares]
    estimates.append(_f1(tp, fp + fn, counts))
    table = {
        "columns": ["label", "prediction", "count"],
        "rows": [[0, 0, tn], [0, 1, fp], [1, 0, fn], [1, 1, tp]],
    }
    return estimates, table


def _f1(right: int, wrong: int, counts: dict[str, int]) -> Estimate:
    """F1 is 2q / (1 + q) of the share q of true positives among rows with a positive label or prediction; so are its ends."""
    n = right + wrong

    def of(ends: intervals.Interval) -> intervals.Interval:
        return 2 * ends[0] / (1 + ends[0]), 2 * ends[1] / (1 + ends[1])

    return Estimate(
        metric="f1",
        slice={},
        value=2 * right / (2 * right + wrong) if n else None,
        n=n,
        unit="share",
        method="from Wilson's interval of true positives among rows with a positive label or prediction",
        interval=lambda level: of(intervals.wilson(right, n, level)),
        widened=lambda level: of(intervals.exact(right, n, level)),
        undefined="no label and no prediction is positive.",
        details=counts,
    )


def share(
    metric: str,
    where: dict[str, str],
    k: int,
    of: int,
    *,
    undefined: str,
    details: dict[str, Any] | None = None,
) -> Estimate:
    """A share of `k` in `of` rows with Wilson's interval; Clopper-Pearson where a fail is asked."""
    return Estimate(
        metric=metric,
        slice=where,
        value=k / of if of else None,
        n=of,
        unit="share",
        method="Wilson score interval",
        interval=lambda level: intervals.wilson(k, of, level),
        widened=lambda level: intervals.exact(k, of, level),
        undefined=undefined,
        details={"count": k, **(details or {})},
    )


def _scores(
    table: Table,
    name: str,
    label: Binary,
    settings: dict[str, Any],
    generator: np.random.Generator,
    warnings: list[str],
    tables: dict[str, Any],
) -> tuple[list[Estimate], list[Result]]:
    column = table[name]
    if column.kind != "number":
        raise BadInput("bad-value", f"score: column {name!r} does not hold numbers.", column=name)
    if settings["score_range"] not in ("probability", "any"):
        raise BadInput("parameter", "score_range: probability or any.", column="score_range")
    faults = []
    values = column.numbers
    finite = np.isfinite(values)
    counts = column.counts()
    if not finite.all():
        faults.append(
            faulty(
                "score",
                table.rows,
                f"{int((~finite).sum())} of {table.rows} scores are missing, NaN or infinite.",
                details=counts,
            )
        )
    outside = int(((values < 0) | (values > 1))[finite].sum())
    probability = settings["score_range"] == "probability"
    if probability and outside:
        faults.append(
            faulty(
                "score",
                table.rows,
                f"{outside} of {table.rows} scores lie outside 0 to 1, so they are not probabilities. "
                "Say score_range=any if only their order matters.",
                details={"outside": outside},
            )
        )
    used = finite & label.known
    score, truth = values[used], label.values[used]
    estimates = [_area(score, truth, tables)]
    if probability and not outside and len(score):
        estimates += _calibration(score, truth, settings, generator, tables)
    return estimates, faults


def _area(score: NDArray[np.float64], truth: NDArray[np.int64], tables: dict[str, Any]) -> Estimate:
    value, error = intervals.delong(score, truth)
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if positives and negatives:
        grid = np.unique(np.quantile(score, np.linspace(0, 1, 101)))[::-1]
        rows = [
            [float(cut), float((score[truth == 0] >= cut).mean()), float((score[truth == 1] >= cut).mean())]
            for cut in grid
        ]
        tables["roc"] = {"columns": ["score", "false_positive_rate", "true_positive_rate"], "rows": rows}

    def interval(level: float) -> intervals.Interval:
        ends = intervals.area(value, error, positives, negatives, level)
        # Two positives that rank alike have no spread; what other positives would do is then unknown, not certain.
        others = [intervals.unseen(part, level, (0.0, 1.0)) for part in intervals.ranks(score, truth)]
        return min(ends[0], *(low for low, _ in others)), max(ends[1], *(high for _, high in others))

    return Estimate(
        metric="roc_auc",
        slice={},
        value=value,
        n=len(truth),
        unit="area",
        method="DeLong, logit scale",
        interval=interval if not math.isnan(error) else None,
        undefined=f"one class only ({positives} positive, {negatives} negative labels).",
        details={"positives": positives, "negatives": negatives, "standard_error": error},
    )


def _calibration(
    score: NDArray[np.float64],
    truth: NDArray[np.int64],
    settings: dict[str, Any],
    generator: np.random.Generator,
    tables: dict[str, Any],
) -> list[Estimate]:
    n, bins = len(score), max(1, settings["calibration_bins"])
    place = np.minimum((score * bins).astype(np.int64), bins - 1)
    size = np.bincount(place, minlength=bins)
    hits = np.bincount(place, weights=truth, minlength=bins).astype(np.int64)
    total = np.bincount(place, weights=score, minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.where(size > 0, total / size, 0.0)
    draws = intervals.resample(np.stack([size - hits, hits]), settings["resamples"], generator).reshape(
        -1, 2, bins
    )
    sizes = draws.sum(axis=1)
    value = float(np.abs(hits - size * expected).sum() / n)
    errors = np.abs(draws[:, 1] - sizes * expected).sum(axis=1) / n
    tables["calibration"] = {
        "columns": ["bin", "n", "mean_score", "observed_share", "low", "high"],
        "rows": [
            [
                b,
                int(size[b]),
                float(expected[b]),
                int(hits[b]) / int(size[b]),
                *intervals.wilson(hits[b], size[b], 0.95),
            ]
            for b in range(bins)
            if size[b]
        ],
    }
    squared = (score - truth) ** 2

    def bounded(level: float) -> intervals.Interval:
        # Chance pushes the estimate up in most files, never surely in this one; and what no row at hand shows may be off by 1.
        low, high = intervals.reverse_percentile(value, errors, level)
        others = value + intervals.exact(0, n, level)[1] * (1 - value)
        return max(0.0, low), min(1.0, max(value, high, others))

    def brier(level: float) -> intervals.Interval:
        return intervals.bounded(squared, level, (0.0, 1.0))

    return [
        Estimate("brier_score", {}, float(squared.mean()), n, "squared error", "Student's t", brier),
        Estimate(
            "expected_calibration_error",
            {},
            value,
            n,
            "share",
            f"{bins} equal bins, basic bootstrap of counts",
            bounded,
        ),
        Estimate(
            "calibration_in_the_large",
            {},
            float((truth - score).mean()),
            n,
            "share",
            "observed minus expected share, Student's t",
            lambda level: intervals.bounded(truth - score, level, (-1.0, 1.0)),
            range=(-1.0, 1.0),
        ),
        _slope(score, truth),
    ]


def _slope(score: NDArray[np.float64], truth: NDArray[np.int64]) -> Estimate:
    """Logistic regression of the label on the score's logit (Cox 1958): 1 is calibrated, under 1 overconfident."""
    clipped = np.clip(score, 1e-6, 1 - 1e-6)
    design = np.stack([np.ones_like(clipped), np.log(clipped / (1 - clipped))], axis=1)
    weights, error, steady = np.array([0.0, 1.0]), math.nan, False
    if 0 < truth.sum() < len(truth) and np.ptp(design[:, 1]) > 0:
        for _ in range(50):
            fitted = 1 / (1 + np.exp(-np.clip(design @ weights, -500, 500)))
            information = (design * (fitted * (1 - fitted))[:, None]).T @ design
            if np.linalg.cond(information) > 1e12:
                break
            step = np.linalg.solve(information, design.T @ (truth - fitted))
            weights = weights + step
            error = math.sqrt(float(np.linalg.inv(information)[1, 1]))
            if np.abs(step).max() < 1e-9:
                steady = True
                break
    slope = float(weights[1])

    def wald(level: float) -> intervals.Interval:
        half = float(stats.norm.isf((1 - level) / 2)) * error
        return slope - half, slope + half

    return Estimate(
        metric="calibration_slope",
        slice={},
        value=slope if steady else None,
        n=len(truth),
        unit="slope",
        method="logistic regression on the logit, Wald interval",
        interval=wald,
        range=(-math.inf, math.inf),
        undefined="one class only, equal scores, or perfect separation.",
        details={"intercept": float(weights[0]) if steady else None},
    )


def _regression(
    table: Table,
    columns: Columns,
    settings: dict[str, Any],
    generator: np.random.Generator,
    warnings: list[str],
) -> tuple[list[Estimate], list[Result], str]:
    name = columns.prediction or columns.score or ""
    label, prediction = table[columns.label or ""], table[name]
    for column in (label, prediction):
        if column.kind != "number":
            raise BadInput("bad-value", f"Column {column.name!r} does not hold numbers.", column=column.name)
    faults = []
    bad = int((~np.isfinite(prediction.numbers)).sum())
    if bad:
        faults.append(
            faulty(
                "prediction",
                table.rows,
                f"{bad} of {table.rows} predictions are missing, NaN or infinite.",
                details=prediction.counts(),
            )
        )
    if label.infinite:
        faults.append(
            faulty(
                "label",
                table.rows,
                f"{label.infinite} of {table.rows} labels are infinite.",
                details=label.counts(),
            )
        )
    used = np.isfinite(label.numbers) & np.isfinite(prediction.numbers)
    if label.missing:
        warnings.append(f"{label.missing} of {table.rows} labels are missing; they rest in no figure.")
    truth, guess = label.numbers[used], prediction.numbers[used]
    hold = ""
    if table.rows and label.missing / table.rows > settings["maximum_unknown_share"]:
        hold = f"{label.missing} of {table.rows} labels are missing, too many for anything to pass."
    return _errors(truth, guess, settings, generator), faults, hold


def _errors(
    truth: NDArray[np.float64],
    guess: NDArray[np.float64],
    settings: dict[str, Any],
    generator: np.random.Generator,
) -> list[Estimate]:
    n = len(truth)
    # Rows are resampled in at most 5 million draws, so that memory does not grow with times x rows.
    times = max(100, min(settings["resamples"], 5_000_000 // max(n, 1)))
    figures: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], float]] = {
        "mae": lambda t, g: float(np.abs(t - g).mean()),
        "rmse": lambda t, g: math.sqrt(float(((t - g) ** 2).mean())),
        "r2": lambda t, g: (
            1 - float(((t - g) ** 2).sum()) / s if (s := float(((t - t.mean()) ** 2).sum())) else math.nan
        ),
    }
    draws: dict[str, list[float]] = {name: [] for name in figures}
    for _ in range(times if n else 0):
        rows = generator.integers(0, n, n)
        for name, figure in figures.items():
            draws[name].append(figure(truth[rows], guess[rows]))

    # Where all errors are alike they show no spread; rows of another kind may be off by as much as all values lie apart.
    errors = np.abs(truth - guess)
    furthest = float(np.ptp(np.append(truth, guess))) if n else 0.0
    spread_of_labels = float(np.var(truth)) if n else 0.0

    def others(name: str, level: float) -> intervals.Interval:
        if furthest == 0:
            return intervals.NONE
        if name == "mae":
            return intervals.unseen(errors, level, (0.0, furthest))
        low, high = intervals.unseen(errors**2, level, (0.0, furthest**2))
        if name == "rmse":
            return math.sqrt(max(0.0, low)), math.sqrt(high)
        return 1 - high / spread_of_labels, 1 - low / spread_of_labels

    def spread(name: str) -> Callable[[float], intervals.Interval]:
        def interval(level: float) -> intervals.Interval:
            drawn = intervals.percentile(np.array(draws[name]), level)
            if n and float(np.ptp(errors)) > _ALIKE * furthest:
                return drawn
            more = others(name, level)
            if math.isnan(more[0]):
                return intervals.NONE
            return min(drawn[0], more[0]), max(drawn[1], more[1])

        return interval

    units = {"mae": "label's unit", "rmse": "label's unit", "r2": "share"}
    why = "no row has both a label and a prediction, or all labels are equal."
    return [
        Estimate(
            name,
            {},
            figure(truth, guess) if n else None,
            n,
            units[name],
            f"bootstrap of rows, {times} times",
            spread(name),
            range=(-math.inf, 1.0) if name == "r2" else (0.0, math.inf),
            undefined=why,
        )
        for name, figure in figures.items()
    ]
