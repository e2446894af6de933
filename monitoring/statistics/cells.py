"""Rows to count cells (groups x label x prediction), and fairlearn's figures from them.

fairlearn on cells with `sample_weight=count` equals fairlearn on rows and costs nothing per row; the counts
themselves come from the cells. Where a denominator is empty fairlearn answers 0; here the figure is None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, precision_score

# metric -> (fairlearn or scikit-learn function, cells [label, prediction] of the numerator, of the denominator)
LABELLED: dict[str, tuple[Callable[..., float], tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]] = {
    "true_positive_rate": (true_positive_rate, ((1, 1),), ((1, 0), (1, 1))),
    "false_positive_rate": (false_positive_rate, ((0, 1),), ((0, 0), (0, 1))),
    "false_negative_rate": (false_negative_rate, ((1, 0),), ((1, 0), (1, 1))),
    "precision": (precision_score, ((1, 1),), ((0, 1), (1, 1))),
    "accuracy": (accuracy_score, ((0, 0), (1, 1)), ((0, 0), (0, 1), (1, 0), (1, 1))),
}
SELECTION = "selection_rate"


@dataclass(frozen=True, slots=True)
class Rate:
    """One metric in each group: successes, denominator, fairlearn's value (None where the denominator is 0)."""

    metric: str
    successes: tuple[int, ...]
    of: tuple[int, ...]
    values: tuple[float | None, ...]
    difference: float | None
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts of shape (groups, 3, 3): label and prediction as 0, 1 and 2 for unknown."""

    names: tuple[tuple[str, ...], ...]
    counts: NDArray[np.int64]

    @classmethod
    def of_rows(
        cls,
        names: tuple[tuple[str, ...], ...],
        groups: NDArray[np.int64],
        label: NDArray[np.int64] | None,
        prediction: NDArray[np.int64],
    ) -> Cells:
        """Count rows. `label` and `prediction` hold 1, 0 and -1 for unknown."""
        truth = np.full(len(groups), -1, np.int64) if label is None else label
        flat = (groups * 3 + truth % 3) * 3 + prediction % 3
        return cls(
            names, np.bincount(flat, minlength=len(names) * 9).reshape(len(names), 3, 3).astype(np.int64)
        )

    @property
    def sizes(self) -> NDArray[np.int64]:
        sizes: NDArray[np.int64] = self.counts.sum(axis=(1, 2))
        return sizes

    def selected(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Predicted positive, and rows with a known prediction, of each group."""
        return self.counts[:, :, 1].sum(axis=1), self.counts[:, :, :2].sum(axis=(1, 2))

    def selection(self, keep: NDArray[np.bool_]) -> Rate:
        """Selection rate of each group; difference and ratio over the groups to keep."""
        chosen, known = self.selected()
        weights = np.stack([known - chosen, chosen], axis=1)
        guesses = np.broadcast_to(np.array([0, 1]), weights.shape)
        return _rate(SELECTION, selection_rate, chosen, known, guesses, guesses, weights, keep)

    def labelled(self, metric: str, keep: NDArray[np.bool_]) -> Rate:
        """A metric that needs labels, on rows where label and prediction are known."""
        function, above, below = LABELLED[metric]
        successes = sum((self.counts[:, t, g] for t, g in above), np.zeros(len(self.names), np.int64))
        of = sum((self.counts[:, t, g] for t, g in below), np.zeros(len(self.names), np.int64))
        known = self.counts[:, :2, :2].reshape(len(self.names), 4)
        truth = np.broadcast_to(np.array([0, 0, 1, 1]), known.shape)
        guess = np.broadcast_to(np.array([0, 1, 0, 1]), known.shape)
        return _rate(metric, function, successes, of, truth, guess, known, keep)

    def table(self) -> dict[str, Any]:
        words = ("0", "1", "unknown")
        rows = [
            [" x ".join(name), words[t], words[g], int(self.counts[i, t, g])]
            for i, name in enumerate(self.names)
            for t in range(3)
            for g in range(3)
            if self.counts[i, t, g]
        ]
        return {"columns": ["group", "label", "prediction", "count"], "rows": rows}


def _rate(
    metric: str,
    function: Callable[..., float],
    successes: NDArray[np.int64],
    of: NDArray[np.int64],
    truth: NDArray[np.int64],
    guess: NDArray[np.int64],
    weights: NDArray[np.int64],
    keep: NDArray[np.bool_],
) -> Rate:
    defined = of > 0
    values: list[float | None] = [None] * len(of)
    difference = ratio = None
    compared = defined & keep
    frame = _frame(function, truth, guess, weights, defined) if defined.any() else None
    if frame is not None:
        for place, value in frame.by_group.items():
            values[int(place)] = float(value)
    if frame is not None and compared.sum() >= 2:
        if (compared != defined).any():
            frame = _frame(function, truth, guess, weights, compared)
        difference = float(frame.difference(method="between_groups"))
        highest = max(
            value for value, used in zip(values, compared, strict=True) if used and value is not None
        )
        ratio = float(frame.ratio(method="between_groups")) if highest > 0 else None
    return Rate(metric, tuple(map(int, successes)), tuple(map(int, of)), tuple(values), difference, ratio)


def _frame(
    function: Callable[..., float],
    truth: NDArray[np.int64],
    guess: NDArray[np.int64],
    weights: NDArray[np.int64],
    which: NDArray[np.bool_],
) -> Any:
    group = np.broadcast_to(np.arange(len(weights))[:, None], weights.shape)
    used = (weights > 0) & which[:, None]
    return MetricFrame(
        metrics=function,
        y_true=truth[used],
        y_pred=guess[used],
        sensitive_features=group[used],
        sample_params={"sample_weight": weights[used].astype(np.float64)},
    )


def group_slice(attributes: tuple[str, ...], group: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(attributes, group, strict=True))
