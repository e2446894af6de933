"""Fairness from cells against fairlearn on rows, and resampling of cells against resampling of rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, precision_score

from monitoring.statistics import intervals
from monitoring.statistics.cells import LABELLED, SELECTION, Cells

ROWS = 1_000_000
BOOTSTRAP_ROWS = 20_000
RESAMPLES = 20_000
THEIR_RESAMPLES = 20
METRICS = {
    SELECTION: selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "false_negative_rate": false_negative_rate,
    "precision": precision_score,
    "accuracy": accuracy_score,
}


def run_frame() -> dict[str, object]:
    """Six metrics by two attributes and their intersection, on a million rows."""
    rows = _rows(ROWS)
    _cells(_rows(100))  # what is loaded at the first call
    (ours, figures), (theirs, frames) = _timed(lambda: _cells(rows)), _timed(lambda: _frames(rows))
    worst = max(
        abs(figures[by, metric][group] - frames[by][metric].iloc[group])
        for by in frames
        for metric in METRICS
        for group in range(len(frames[by]))
    )
    return {
        "what": "6 metrics x (2 attributes + intersection), 1M rows: times that fairlearn on rows takes as long",
        "ratio": round(theirs / ours),
        "ours": f"{ours * 1000:.0f} ms, largest difference {worst:.1e}",
        "plain": f"{theirs:.1f} s",
        "difference": worst,
    }


def run_bootstrap() -> dict[str, object]:
    """Intervals of group rates by resampling: 20,000 resamples of cells; fairlearn's of rows, per resample."""
    rows = _rows(BOOTSTRAP_ROWS)
    groups = rows["sex"] * 5 + rows["region"]
    counts = Cells.of_rows(tuple((str(n),) for n in range(10)), groups, rows["label"], rows["guess"]).counts
    flat = counts[:, :2, :2].reshape(-1)

    def ours() -> Any:
        drawn = intervals.resample(flat, RESAMPLES, np.random.default_rng(1)).reshape(RESAMPLES, 10, 4)
        rates = (drawn[:, :, 1] + drawn[:, :, 3]) / np.maximum(drawn.sum(axis=2), 1)
        return np.quantile(rates, [0.025, 0.975], axis=0)

    def theirs() -> Any:
        return MetricFrame(
            metrics=selection_rate, y_true=rows["label"], y_pred=rows["guess"], sensitive_features=groups,
            n_boot=THEIR_RESAMPLES, ci_quantiles=[0.025, 0.975], random_state=1,
        ).by_group_ci  # fmt: skip

    (own, _), (other, _) = _timed(ours), _timed(theirs)
    return {
        "what": "one bootstrap resample at 20,000 rows: times that fairlearn's takes as long",
        "ratio": round((other / THEIR_RESAMPLES) / (own / RESAMPLES)),
        "ours": f"{RESAMPLES:,} resamples in {own:.2f} s at any number of rows",
        "plain": f"{other / THEIR_RESAMPLES * 1000:.0f} ms per resample",
    }


def _rows(count: int) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    return {
        "sex": rng.integers(0, 2, count),
        "region": rng.integers(0, 5, count),
        "label": rng.integers(0, 2, count),
        "guess": rng.integers(0, 2, count),
    }


def _groupings(rows: dict[str, Any]) -> dict[str, tuple[Any, int]]:
    return {
        "sex": (rows["sex"], 2),
        "region": (rows["region"], 5),
        "both": (rows["sex"] * 5 + rows["region"], 10),
    }


def _cells(rows: dict[str, Any]) -> dict[tuple[str, str], Any]:
    # Counted once, by the finest groups; the coarser ones are sums of their cells.
    fine = Cells.of_rows(
        tuple((str(n),) for n in range(10)), rows["sex"] * 5 + rows["region"], rows["label"], rows["guess"]
    ).counts.reshape(2, 5, 3, 3)
    found = {}
    for by, counts in (
        ("sex", fine.sum(axis=1)),
        ("region", fine.sum(axis=0)),
        ("both", fine.reshape(10, 3, 3)),
    ):
        cells = Cells(tuple((str(n),) for n in range(len(counts))), counts)
        keep = np.ones(len(counts), bool)
        found[by, SELECTION] = cells.selection(keep).values
        for metric in LABELLED:
            found[by, metric] = cells.labelled(metric, keep).values
    return found


def _frames(rows: dict[str, Any]) -> dict[str, Any]:
    return {
        by: MetricFrame(
            metrics=METRICS, y_true=rows["label"], y_pred=rows["guess"], sensitive_features=groups
        ).by_group
        for by, (groups, _) in _groupings(rows).items()
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found
