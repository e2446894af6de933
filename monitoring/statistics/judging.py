"""How often a language model's outputs are good, told by a judge model that people have checked on a part of them.

A judge's own rate is biased by what it misses and what it sees wrongly, and its interval knows nothing of that: with a
sensitivity of .9 and a specificity of .6 it holds the truth about never. The people's labels correct it (prediction-powered
inference: Angelopoulos et al. 2023; weighted as their PPI++): the judge says most, the labels say how wrong it is.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.evaluation import share
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.intervals import Interval
from monitoring.statistics.labels import binary
from monitoring.statistics.measuring import Estimate, judge_all, libraries, read_parameters, summarise
from monitoring.statistics.results import CheckOutcome
from monitoring.statistics.tables import Table
from monitoring.statistics.verdicts import Threshold

DEFAULTS: dict[str, Any] = {"minimum_labelled": 50, "maximum_unknown_share": 0.05}
_NEEDED = "it needs outputs that both the judge and people have rated."
KNOWN = {
    "success_rate": _NEEDED,
    "judge_rate": "a judge's own rate is no evidence; ask for success_rate.",
    "judge_kappa": _NEEDED,
    "judge_sensitivity": "people found no output good that the judge has rated.",
    "judge_specificity": "people found every output good that the judge has rated.",
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
    """Rate outputs by a judge (`prediction`, on all rows) and people (`label`, on some, blank elsewhere).

    The reference is not used. Raises BadInput `missing-column`, `unknown-column`, `not-binary`, `parameter`.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if columns.label is None or columns.prediction is None:
        part, what = ("label", "people's") if columns.label is None else ("prediction", "the judge's")
        raise BadInput("missing-column", f"{part}: the column of {what} ratings is needed.", column=part)
    warnings = list(current.warnings)
    coded = binary(current, columns, warnings=warnings)
    # That most labels are blank is how it is meant; only the judge's blanks are worth a warning.
    warnings = [text for text in warnings if f"label column {columns.label!r} are blank" not in text]
    human, judge = coded["label"], coded["prediction"]
    both = human.known & judge.known
    people, checked = human.values[both].astype(float), judge.values[both].astype(float)
    rest = judge.values[judge.known & ~human.known].astype(float)
    hold = ""
    if len(people) < settings["minimum_labelled"]:
        hold = (
            f"People have rated {len(people)} outputs; at least {settings['minimum_labelled']} show how far the judge "
            "can be believed."
        )
    elif judge.unknown / max(current.rows, 1) > settings["maximum_unknown_share"]:
        hold = f"The judge has not rated {judge.unknown} of {current.rows} outputs."
    estimates = [_success(people, checked, rest), *_judge(people, checked, rest)]
    results = judge_all(estimates, thresholds, known=KNOWN, hold=hold)
    table = [[int(t), int(g), int(((people == t) & (checked == g)).sum())] for t in (0, 1) for g in (0, 1)]
    return CheckOutcome(
        check="llm-output",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={"current": current.summary(), "positive": human.positive, "labelled": len(people)},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={"agreement": {"columns": ["people", "judge", "count"], "rows": table}},
    )


def _success(
    people: NDArray[np.float64], checked: NDArray[np.float64], rest: NDArray[np.float64]
) -> Estimate:
    n, more = len(people), len(rest)
    value, weight = None, 0.0
    if n:
        weight = _weight(people, checked, more)
        value = (
            float(people.mean() + weight * (_mean(rest) - checked.mean())) if more else float(people.mean())
        )
        value = min(1.0, max(0.0, value))

    def interval(level: float) -> Interval:
        if n < 2 or value is None:
            return intervals.NONE
        k = int(people.sum())
        if weight == 0 or not more:
            return intervals.wilson(k, n, level)
        # One disagreement of each kind more than was seen: none among few labels is no proof that there are none.
        residual = np.concatenate([people - weight * checked, [1.0, -1.0]])
        error = math.sqrt(weight**2 * float(np.var(rest)) / more + float(np.var(residual, ddof=1)) / n)
        half = float(stats.t.isf((1 - level) / 2, n - 1)) * error
        return max(0.0, value - half), min(1.0, value + half)

    return Estimate(
        "success_rate", {}, value, n + more if weight else n, "share",
        "people's labels and the judge's ratings together (prediction-powered inference)", interval,
        undefined=_NEEDED, details={"labelled": n, "rated_by_judge_alone": more, "weight_of_judge": weight},
    )  # fmt: skip


def _weight(people: NDArray[np.float64], checked: NDArray[np.float64], more: int) -> float:
    """How much the judge's ratings count, 0 to 1: nothing where they say nothing about people's."""
    spread = float(np.var(checked))
    if spread == 0 or not more:
        return 0.0
    together = float(np.mean((people - people.mean()) * (checked - checked.mean())))
    return min(1.0, max(0.0, together / (spread * (1 + len(people) / more))))


def _judge(
    people: NDArray[np.float64], checked: NDArray[np.float64], rest: NDArray[np.float64]
) -> list[Estimate]:
    rated = int(checked.sum() + rest.sum())
    good, bad = people == 1, people == 0
    return [
        replace(
            share("judge_rate", {}, rated, len(checked) + len(rest), undefined="the judge has rated nothing."),
            judged=False,
        ),
        share(
            "judge_sensitivity", {}, int(checked[good].sum()), int(good.sum()),
            undefined=KNOWN["judge_sensitivity"],
        ),
        share(
            "judge_specificity", {}, int((1 - checked[bad]).sum()), int(bad.sum()),
            undefined=KNOWN["judge_specificity"],
        ),
        _kappa(people, checked),
    ]  # fmt: skip


def _kappa(people: NDArray[np.float64], checked: NDArray[np.float64]) -> Estimate:
    """Cohen's kappa with the standard error of Fleiss, Cohen and Everitt (1969)."""
    n = len(people)
    value, error = None, math.nan
    p = np.array([[float(((people == t) & (checked == g)).sum()) for g in (0, 1)] for t in (0, 1)]) / max(
        n, 1
    )
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    agreed, chance = float(np.trace(p)), float(rows @ columns)
    if n and chance < 1:
        value = (agreed - chance) / (1 - chance)
        same = sum(p[i, i] * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in (0, 1))
        apart = sum(p[i, 1 - i] * (columns[i] + rows[1 - i]) ** 2 for i in (0, 1))
        variance = same + (1 - value) ** 2 * apart - (value - chance * (1 - value)) ** 2
        error = math.sqrt(max(0.0, float(variance)) / n) / (1 - chance)

    def interval(level: float) -> Interval:
        # Without a disagreement the error is nothing; then nothing is known but the labels' number.
        if value is None or error == 0:
            return intervals.NONE
        half = float(stats.norm.isf((1 - level) / 2)) * error
        return max(-1.0, value - half), min(1.0, value + half)

    return Estimate(
        "judge_kappa", {}, value, n, "kappa", "Cohen's kappa; Fleiss, Cohen and Everitt 1969", interval,
        range=(-1.0, 1.0), undefined="people and judge use one value alone, or nothing was rated by both.",
        details={"agreement": agreed, "by_chance": chance, "base_rate": float(rows[1])},
    )  # fmt: skip


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0
