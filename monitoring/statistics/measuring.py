"""From estimates to judged results: one place where thresholds meet measurements.

A check produces estimates, each with a function from confidence level to interval; this module widens the
intervals for the whole family of judged comparisons and asks `verdicts`. Knows no metric by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from monitoring.statistics.inputs import BadInput
from monitoring.statistics.intervals import NONE, Interval
from monitoring.statistics.results import Result
from monitoring.statistics.verdicts import ALPHA, Threshold, Verdict, fault_of, judge, rows_needed

SHOWN_LEVEL = 0.95
# Two-sided level whose ends are one-sided bounds at 1 - ALPHA.
OWN_LEVEL = 1 - 2 * ALPHA
_LIBRARIES = ("numpy", "scipy", "pandas", "fairlearn", "scikit-learn", "pyarrow")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure not yet judged.

    `interval` gives (low, high) for a two-sided level; `widened` does so for verdicts of fail where another,
    more careful interval is wanted. `range` is where the metric can lie. `judged` is False for figures that a
    threshold without a slice does not address. `undefined` says why there is no value, `hold` why this one may not
    pass.
    """

    metric: str
    slice: dict[str, str]
    value: float | None
    n: int
    unit: str
    method: str
    interval: Callable[[float], Interval] | None = None
    widened: Callable[[float], Interval] | None = None
    range: Interval = (0.0, 1.0)
    judged: bool = True
    undefined: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    hold: str = ""

    @property
    def defined(self) -> bool:
        return self.value is not None and math.isfinite(self.value)

    def at(self, level: float, *, widened: bool = False) -> Interval:
        chosen = self.widened if widened and self.widened is not None else self.interval
        return chosen(level) if chosen is not None and self.defined else NONE


def addressed(estimate: Estimate, threshold: Threshold) -> bool:
    """Whether a threshold speaks of this estimate."""
    if threshold.metric != estimate.metric:
        return False
    return dict(threshold.slice) == estimate.slice if threshold.slice else estimate.judged


def judge_all(
    estimates: Sequence[Estimate],
    thresholds: Sequence[Threshold],
    *,
    known: Mapping[str, str],
    hold: str = "",
    minimum_n: int = 0,
    others: int = 0,
) -> list[Result]:
    """Results in the order of the estimates, one for each threshold that addresses one, or one unjudged.

    `known` maps every metric of the check to why it may be absent: a threshold that addresses nothing becomes a
    result of its own, inconclusive for a known metric, an error for an unknown one. `hold` is a reason why
    nothing may pass; fewer than `minimum_n` rows decide nothing; `others` counts comparisons judged elsewhere.
    """
    family = others + sum(addressed(e, t) for e in estimates for t in thresholds)
    results = []
    for estimate in estimates:
        hits = [threshold for threshold in thresholds if addressed(estimate, threshold)]
        results += [judged(estimate, t, family=family, hold=hold, minimum_n=minimum_n) for t in hits] or [
            unjudged(estimate)
        ]
    return results + unanswered(estimates, thresholds, known)


def unanswered(
    estimates: Sequence[Estimate], thresholds: Sequence[Threshold], known: Mapping[str, str]
) -> list[Result]:
    """A result for each threshold that no estimate answers: silence is never a pass."""
    results = []
    for threshold in thresholds:
        if any(addressed(estimate, threshold) for estimate in estimates):
            continue
        if threshold.metric in known:
            verdict, why = Verdict.INCONCLUSIVE, f"Not measured: {known[threshold.metric]}"
        else:
            verdict, why = Verdict.ERROR, f"This check has no metric {threshold.metric!r}."
        results.append(
            Result(
                threshold.metric, dict(threshold.slice), None, None, None, 0, "", verdict, threshold, why, ""
            )
        )
    return results


def judged(estimate: Estimate, threshold: Threshold, *, family: int, hold: str, minimum_n: int) -> Result:
    """One estimate under one threshold, its fail interval at 1 - ALPHA over `family` comparisons."""
    low, high = estimate.at(SHOWN_LEVEL)
    own = estimate.at(OWN_LEVEL)
    wide = estimate.at(1 - ALPHA / max(family, 1), widened=True)
    details = dict(estimate.details)
    fault = fault_of(threshold, estimate.unit, *estimate.range)
    if fault is not None:
        verdict, why = Verdict.ERROR, f"The threshold cannot be meant: {fault}."
    elif not estimate.defined and estimate.undefined:
        verdict, why = Verdict.INCONCLUSIVE, f"Undefined: {estimate.undefined}"
    elif estimate.n < minimum_n:
        verdict, why = (
            Verdict.INCONCLUSIVE,
            f"{estimate.n} rows; at least {minimum_n} are needed for a verdict.",
        )
    else:
        verdict, why = judge(threshold, estimate.value, estimate.n, own=own, simultaneous=wide)
    if verdict is Verdict.PASS and (hold or estimate.hold):
        verdict, why = Verdict.INCONCLUSIVE, hold or estimate.hold
    if verdict is Verdict.INCONCLUSIVE and estimate.defined:
        inside = threshold.holds(estimate.value)
        bound = (
            math.copysign(threshold.bound, estimate.value or 1.0)
            if threshold.op[:3] == "abs"
            else threshold.bound
        )
        details["rows_needed"] = rows_needed(estimate.n, estimate.value, bound, *(own if inside else wide))
    details |= {"own_low": own[0], "own_high": own[1], "widened_low": wide[0], "widened_high": wide[1]}
    details["comparisons"] = family
    return _result(estimate, low, high, verdict, threshold, why, details)


def unjudged(estimate: Estimate) -> Result:
    low, high = estimate.at(SHOWN_LEVEL)
    why = "" if estimate.defined else f"Undefined: {estimate.undefined or f'no value on {estimate.n} rows.'}"
    return _result(estimate, low, high, None, None, why, dict(estimate.details))


def _result(
    estimate: Estimate,
    low: float,
    high: float,
    verdict: Verdict | None,
    threshold: Threshold | None,
    why: str,
    details: dict[str, Any],
) -> Result:
    return Result(
        metric=estimate.metric,
        slice=estimate.slice,
        value=float(estimate.value) if estimate.value is not None and estimate.defined else None,
        low=None if math.isnan(low) else low,
        high=None if math.isnan(high) else high,
        n=estimate.n,
        unit=estimate.unit,
        verdict=verdict,
        threshold=threshold,
        why=why,
        method=estimate.method,
        details=details,
    )


def faulty(metric: str, n: int, why: str, *, details: Mapping[str, Any] | None = None) -> Result:
    """A result that says the input cannot be judged."""
    return Result(metric, {}, None, None, None, n, "", Verdict.ERROR, None, why, "", dict(details or {}))


def summarise(results: Sequence[Result]) -> str:
    """How many results carry which verdict, worst first, in a sentence."""
    judged_results = [result for result in results if result.verdict is not None]
    if not judged_results:
        return f"{len(results)} figures, none with a threshold: nothing was judged."
    parts = []
    for verdict in (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS):
        if count := sum(result.verdict is verdict for result in judged_results):
            parts.append(f"{count} {verdict.value}")
    return f"{len(judged_results)} judged: {', '.join(parts)}."


def libraries() -> dict[str, str]:
    """Versions of the libraries the figures rest on."""
    return {name: _version(name) for name in _LIBRARIES}


@cache
def _version(name: str) -> str:
    # Looking through what is installed takes longer than many a check, and it doesn't change while a process runs.
    return metadata.version(name)


def read_parameters(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults overlaid by what was given. Raises BadInput `parameter` for an unknown name or another type.

    Text is read as the default's type, so that a command line can give it; None stays None or text.
    """
    merged = dict(defaults)
    for name, value in given.items():
        if name not in defaults:
            raise BadInput(
                "parameter",
                f"There is no parameter {name!r}; known: {', '.join(sorted(defaults))}.",
                column=name,
            )
        merged[name] = _typed(name, value, defaults[name])
    return merged


def _typed(name: str, value: Any, default: Any) -> Any:
    fault = BadInput("parameter", f"parameter {name}: {value!r} is not {_kind(default)}.", column=name)
    if isinstance(default, bool):
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if isinstance(value, bool) or str(value).lower() in words:
            return value if isinstance(value, bool) else words[str(value).lower()]
        raise fault
    if isinstance(default, (int, float)):
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise fault from None
        if isinstance(value, bool) or not math.isfinite(number) or number < 0:
            raise fault
        if isinstance(default, int):
            if not number.is_integer():
                raise fault
            return int(number)
        return number
    if isinstance(default, str) or default is None:
        if not isinstance(value, str) and value is not None:
            raise fault
        return value
    if not isinstance(value, type(default)):
        raise fault
    return value


def _kind(default: Any) -> str:
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, int):
        return "a whole number, 0 or more"
    if isinstance(default, float):
        return "a finite number, 0 or more"
    if isinstance(default, dict):
        return "a mapping"
    return "a list" if isinstance(default, list) else "text"
