"""THE table of checks: what each asks, needs, yields and cannot tell. Pages, API, policies and docs read it.

`faults` says what is unsound; the service refuses to start while it says anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitoring.checks.data import CONTRACT, SERVICE_HEALTH
from monitoring.checks.drift import DRIFT, OVER_TIME
from monitoring.checks.fairness import FAIRNESS, SCORES
from monitoring.checks.imported import EXPLAINABILITY, ROBUSTNESS
from monitoring.checks.language import LLM_OPERATIONS, LLM_OUTPUT, LLM_PREFERENCE
from monitoring.checks.quality import EVALUATION, LABEL_FREE, NON_INFERIORITY, SLICES
from monitoring.checks.rows import DIRECTIONS, Check

INPUTS = ("label", "prediction", "score", "sensitive", "reference", "features")
READS = ("table", "profile", "history")
KINDS = ("quality", "fairness", "drift", "data")
_NAME = re.compile(r"^[a-z][a-z0-9-]*$")
_PATH = re.compile(r"^monitoring\.statistics(\.[a-z_]+)+$")
_RMF = re.compile(r"^(GOVERN|MAP|MEASURE|MANAGE) \d{1,2}\.\d{1,2}$")

CHECKS: tuple[Check, ...] = (
    EVALUATION,
    NON_INFERIORITY,
    SLICES,
    FAIRNESS,
    SCORES,
    DRIFT,
    OVER_TIME,
    CONTRACT,
    SERVICE_HEALTH,
    LLM_OUTPUT,
    LLM_PREFERENCE,
    LLM_OPERATIONS,
    LABEL_FREE,
    ROBUSTNESS,
    EXPLAINABILITY,
)
CATALOGUE: dict[str, Check] = {check.name: check for check in CHECKS}


def faults(checks: Iterable[Check] = CHECKS) -> list[str]:
    """What is unsound about the table, each as a sentence; empty when sound."""
    found = []
    seen: set[str] = set()
    for check in checks:
        where = f"check {check.name!r}"
        if check.name in seen:
            found.append(f"{where} stands twice.")
        seen.add(check.name)
        if not _NAME.match(check.name):
            found.append(f"{where}: the name is not lower-case words joined by hyphens.")
        if not _PATH.match(check.function):
            found.append(f"{where}: {check.function!r} is no dotted path into monitoring.statistics.")
        if check.reads not in READS:
            found.append(f"{where}: it reads {check.reads!r}, which is no form of a dataset.")
        if check.kind not in KINDS:
            found.append(f"{where}: unknown kind {check.kind!r}.")
        found += [
            f"{where}: unknown input {name!r}."
            for name in (*check.needs, *check.optional)
            if name not in INPUTS
        ]
        found += [
            f"{where}: input {name!r} is both needed and optional."
            for name in check.needs
            if name in check.optional
        ]
        found += [
            f"{where}: {field} is empty."
            for field in ("title", "question", "rule", "cannot_tell")
            if not getattr(check, field)
        ]
        found += [f"{where}: parameter {p.name!r} does not say why." for p in check.parameters if not p.why]
        found += _repeated(where, "parameter", [p.name for p in check.parameters])
        found += _repeated(where, "metric", [m.name for m in check.metrics])
        found += [
            f"{where}: a suggestion bounds {s.threshold.metric!r}, which it does not yield."
            for s in check.suggestions
            if check.metric(s.threshold.metric) is None
        ]
        if not check.metrics:
            found.append(f"{where} yields no metric.")
        for metric in check.metrics:
            if metric.direction not in DIRECTIONS or not metric.unit or not metric.title:
                found.append(f"{where}: metric {metric.name!r} lacks a title, a unit or a known direction.")
        if not check.rmf:
            found.append(f"{where} supports no subcategory.")
        found += [f"{where}: {name!r} is no subcategory." for name in check.rmf if not _RMF.match(name)]
    return found


def _repeated(where: str, what: str, names: list[str]) -> list[str]:
    return [
        f"{where}: {what} {name!r} stands twice." for name in sorted({n for n in names if names.count(n) > 1})
    ]
