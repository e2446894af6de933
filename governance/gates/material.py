"""Is a retrained version materially the same model? Criteria with answers; the light path needs a yes to every one.

A criterion that can't tell says so and counts against the light path: nothing absent is good. The figures are those of
the policy's own requirements on both versions; that a version isn't worse is read from the interval of the difference,
put together from the two intervals (method of variance estimates recovery: Zou and Donner, Statistics in Medicine 27,
2008, 1693-1702, for independent samples).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance.models import RetrainingPath
from governance.policies.document import CheckRequirement, PolicyDocument
from governance.selectors.ground import ground_of
from governance.selectors.requirements import document_of, policy_of
from registry.models import Version
from registry.selectors.contents import contents_of

LIGHT, FULL = "light", "full"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question, its answer (None: can't tell) and what it rests on, in words."""

    name: str
    question: str
    answer: bool | None
    why: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "question": self.question, "answer": self.answer, "why": self.why}


def before(version: Version) -> Version | None:
    """The version of the model that was approved last before this one."""
    earlier = Version.objects.filter(model=version.model_id, number__lt=version.number)
    return earlier.filter(state__in=("approved", "restricted")).order_by("-number").first()


def criteria(version: Version, earlier: Version) -> tuple[Criterion, ...]:
    """Every criterion for `version` against `earlier`, in the order in which a reader asks them."""
    policy = policy_of(version)
    document = document_of(policy) if policy else None
    return (
        _allowed(document),
        _same("subject", "Is it bound in the same way?", earlier.binding, version.binding),
        _same("components", "Is it made of the same kinds of components?", _kinds(earlier), _kinds(version)),
        _columns(
            "features",
            "Does it read the same features, of the same types?",
            earlier,
            version,
            "training",
            True,
        ),
        _columns("contract", "Does it answer by the same contract?", earlier, version, "evaluation", False),
        *_metrics(document, earlier, version),
    )


def proposal(found: tuple[Criterion, ...]) -> str:
    """`light` if every answer is yes, otherwise `full`."""
    return LIGHT if all(item.answer is True for item in found) else FULL


def path_of(version: Version) -> str:
    """Which path the seats follow now: `light` only if a person confirmed it and every criterion still holds."""
    row = confirmed(version)
    if row is None or before(version) != row.before:
        return FULL
    return proposal(criteria(version, row.before))


def confirmed(version: Version) -> RetrainingPath | None:
    """The light path that a person confirmed, if that is the last word."""
    row = max(ground_of(version).paths, key=lambda path: (path.proposed_at, path.pk), default=None)
    return row if row is not None and row.state == LIGHT else None


def _allowed(document: PolicyDocument | None) -> Criterion:
    light = document is not None and document.retraining.light
    why = "the policy allows it" if light else "the policy knows no light path"
    return Criterion("policy", "Does the policy know a light path?", light, why)


def _same(name: str, question: str, old: Any, new: Any) -> Criterion:
    if not old or not new:
        return Criterion(name, question, None, "nothing is recorded for one of the two")
    shown = [", ".join(value) if isinstance(value, tuple) else str(value) for value in (old, new)]
    return Criterion(
        name, question, old == new, f"{shown[0]}; {'the same' if old == new else f'now {shown[1]}'}"
    )


def _kinds(version: Version) -> tuple[str, ...]:
    return tuple(sorted({row.kind for row in contents_of(version).components}))


def _columns(
    name: str, question: str, earlier: Version, version: Version, role: str, features: bool
) -> Criterion:
    """Compare the declared columns of the data in `role`: the features, or everything but them."""
    old, new = (_declared(item, role, features) for item in (earlier, version))
    if not old or not new:
        return Criterion(name, question, None, f"the schema of the {role} data names no such column")
    if old == new:
        return Criterion(name, question, True, f"the same {len(new)} columns")
    changed = sorted({key for key in old.keys() | new.keys() if old.get(key) != new.get(key)})
    return Criterion(name, question, False, f"differs in: {', '.join(changed[:10])}")


def _declared(version: Version, role: str, features: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in contents_of(version).lineage:
        if row.role != role:
            continue
        for column in row.dataset_version.schema.get("columns", ()):
            if (column.get("role") == "feature") == features and column.get("role") != "id":
                kept = ("dtype",) if features else ("dtype", "role", "allowed", "min", "max", "positive")
                found[column["name"]] = {key: column.get(key) for key in kept}
    return found


def _metrics(document: PolicyDocument | None, earlier: Version, version: Version) -> tuple[Criterion, ...]:
    wanted = document.required("approve", version.model.task) if document else ()
    measured = [need for need in wanted if need.metric and need.op in (">=", ">", "<=", "<")]
    if document is None or not measured:
        question = "Is it not worse on what the policy measures?"
        return (Criterion("metrics", question, None, "the policy bounds no metric"),)
    margin = Decimal(str(document.retraining.margin))
    return tuple(
        _not_worse(need, margin, _result(need, earlier), _result(need, version)) for need in measured
    )


def _not_worse(need: CheckRequirement, margin: Decimal, old: Any, new: Any) -> Criterion:
    question = f"Is its {need.metric} at most {margin} worse ({need.name})?"
    name = f"metric:{need.name}"
    if old is None or new is None:
        return Criterion(name, question, None, "one of the two was not measured, or without an interval")
    sign = 1 if need.op in (">=", ">") else -1
    gain = sign * (new["value"] - old["value"])
    towards, away = ("low", "high") if sign == 1 else ("high", "low")
    worst = gain - math.hypot(new["value"] - new[towards], old[away] - old["value"])
    text = f"{old['value']:.4g} before, {new['value']:.4g} now; better by {gain:.4g}, at worst by {worst:.4g}"
    return Criterion(name, question, worst >= -float(margin), text)


def _result(need: CheckRequirement, version: Version) -> dict[str, Any] | None:
    """The latest finished figure of the requirement's metric on this very subject, with its interval."""
    for run in reversed(ground_of(version).evidence):
        if run.check_name != need.check or not run.outcome or run.subject_digest != version.subject_digest:
            continue
        for result in run.outcome["results"]:
            if result["metric"] == need.metric and dict(need.slice).items() <= dict(result["slice"]).items():
                whole = all(_finite(result[key]) for key in ("value", "low", "high"))
                return result if whole else None
        return None
    return None


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
