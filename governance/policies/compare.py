"""What changed between two policies, rule by rule and in words, and which way.

Pure. `looser` is what a policy reviewer looks for first, so it's claimed whenever the direction of a rule is
known and the new text asks for less; `changed` is said where only a person can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal

from governance.policies.document import CheckRequirement, PolicyDocument
from governance.policies.sentences import words

Kind = Literal["looser", "stricter", "changed"]

_HIGHER_IS_STRICTER: Final = frozenset(
    {"minimum_n", "distinct_approvers", "cooling_off_days", "warrant.due_days", "count", "min_days"}
)
_LOWER_IS_STRICTER: Final = frozenset(
    {
        "maximum_age_days", "review_within_days", "max_days", "days", "grace_days", "every_days", "silent_after_days",
        "review_days", "decision_days", "finding_days", "incident_hours", "attestation_days", "labels_after_days",
        "quiet_days", "critical_days", "high_days", "medium_days", "low_days", "window_days", "max_hours", "margin",
        "independent_afterwards_days",
    }
)  # fmt: skip
_LOWER_BUT_NOT_NONE: Final = frozenset(
    {"recent_sign_in_minutes", "escalation.after_days", "rollback.drill_days", "inventory.due_days"}
)
"""Lower is stricter, and 0 says nothing at all, which is the loosest."""
_TRUE_IS_STRICTER: Final = frozenset({"signature", "gating", "independent", "compensating_test"})
_LONGER_IS_STRICTER: Final = frozenset(
    {
        "card", "documents", "components", "datasets", "complete", "checks", "approvals", "checklist", "blocking",
    }
)  # fmt: skip
_LONGER_IS_LOOSER: Final = frozenset({"waivers.checks", "warrant.environments", "tasks"})
_NONE_IS_ALL: Final = frozenset({"recertification.checks"})
"""Lists of what is asked for; an empty one asks for everything."""
_ALLOWING: Final = frozenset(
    {"acceptance.allowed", "waivers.allowed", "conditions.allowed", "break_glass.allowed", "retraining.light"}
)
_SWITCHES: Final[Mapping[str, str]] = {
    "acceptance": "allowed",
    "waivers": "allowed",
    "conditions": "allowed",
    "break_glass": "allowed",
    "retraining": "light",
    "escalation": "after_days",
}
"""Sections whose other values have no effect while this one of theirs is off."""
_ORDER: Final[dict[str, tuple[str, ...]]] = {
    "on_inconclusive": ("accept", "block"),
    "response": ("ticket", "restrict", "suspend"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` as in the text (`checks.accuracy.bound`), `text` a sentence."""

    path: str
    kind: Kind
    text: str


def compare(old: PolicyDocument, new: PolicyDocument) -> list[Difference]:
    """Every difference, the loosened rules first. Equal rules give an empty list, however it is laid out."""
    found = [*_checks(old, new), *(_idle(item, old, new) for item in _rest(old, new))]
    order = ("looser", "changed", "stricter")
    return sorted(found, key=lambda difference: order.index(difference.kind))


def _checks(old: PolicyDocument, new: PolicyDocument) -> Iterator[Difference]:
    before = {need.name: need for need in old.checks}
    after = {need.name: need for need in new.checks}
    for name in before.keys() - after.keys():
        yield Difference(f"checks.{name}", "looser", f"The requirement {words(name)} is gone.")
    for name in after.keys() - before.keys():
        yield Difference(f"checks.{name}", "stricter", f"The requirement {words(name)} is new.")
    for name in (need.name for need in old.checks if need.name in after):
        one, other = before[name], after[name]
        found = _values(f"checks.{name}", asdict(one), asdict(other), other)
        if (one.check, one.metric, one.op, one.slice) == (other.check, other.metric, other.op, other.slice):
            yield from found
        else:  # figures of two different rules have no order
            yield from (
                replace(item, kind="changed") if item.path.endswith(".bound") else item for item in found
            )


def _rest(old: PolicyDocument, new: PolicyDocument) -> Iterator[Difference]:
    one, other = asdict(old), asdict(new)
    for moves in (one, other):
        moves["moves"] = {move["name"]: move for move in moves["moves"]}
        for move in moves["moves"].values():
            move["approvals"] = {need["role"]: need for need in move["approvals"]}
    for key in ("checks", "digest"):
        one.pop(key), other.pop(key)
    yield from _values("", one, other, None)


def _idle(found: Difference, old: PolicyDocument, new: PolicyDocument) -> Difference:
    """The same, or no direction for a value that has no effect before and after."""
    section, _, key = found.path.partition(".")
    switch = _SWITCHES.get(section)
    if switch is None or key == switch or any(getattr(getattr(item, section), switch) for item in (old, new)):
        return found
    return Difference(found.path, "changed", f"{found.text[:-1]}; neither has an effect.")


def _values(path: str, old: Any, new: Any, need: CheckRequirement | None) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (*old, *(key for key in new if key not in old)):
            here = f"{path}.{key}" if path else str(key)
            yield from _values(here, old.get(key), new.get(key), need)
    elif old != new:
        kind = _direction(path, old, new, need)
        yield Difference(path, kind, f"{_place(path)}: {_said(old)} becomes {_said(new)}.")


def _direction(path: str, old: Any, new: Any, need: CheckRequirement | None) -> Kind:
    key = path.rpartition(".")[2]
    if need is not None and key in ("bound", "tasks"):
        return _bound(need, old, new) if key == "bound" else _asked(old, new)
    if path in _ALLOWING:
        return "looser" if new else "stricter"
    if key in _TRUE_IS_STRICTER:
        return "stricter" if new else "looser"
    if {path, key} & (_HIGHER_IS_STRICTER | _LOWER_IS_STRICTER | _LOWER_BUT_NOT_NONE):
        return _number(path, key, old, new)
    if key in _ORDER:
        return "stricter" if _ORDER[key].index(new) > _ORDER[key].index(old) else "looser"
    if path in _NONE_IS_ALL:
        return _asked(old, new)
    if isinstance(old, tuple) and isinstance(new, tuple):
        if {path, key} & _LONGER_IS_LOOSER:
            return _list(new, old)
        if key in _LONGER_IS_STRICTER:
            return _list(old, new)
    if ".approvals." in path and (old is None or new is None):
        return "looser" if new is None else "stricter"
    return "changed"


def _list(old: tuple[Any, ...], new: tuple[Any, ...]) -> Kind:
    if set(old) < set(new):
        return "stricter"
    return "looser" if set(new) < set(old) else "changed"


def _asked(old: tuple[str, ...], new: tuple[str, ...]) -> Kind:
    if not old or not new:
        return "stricter" if not new else "looser"
    return _list(old, new)


def _bound(need: CheckRequirement, old: Any, new: Any) -> Kind:
    if not isinstance(old, Decimal) or not isinstance(new, Decimal):
        return "changed"
    return "stricter" if (new > old) == (need.op in (">=", ">")) else "looser"


def _number(path: str, key: str, old: Any, new: Any) -> Kind:
    if {path, key} & _LOWER_BUT_NOT_NONE and (not old or not new):
        return "stricter" if new else "looser"
    if not isinstance(old, (int, Decimal)) or not isinstance(new, (int, Decimal)):
        return "changed"
    return "stricter" if (new > old) == bool({path, key} & _HIGHER_IS_STRICTER) else "looser"


def _place(path: str) -> str:
    return " › ".join(words(step) for step in path.split(".")).capitalize()


def _said(value: Any) -> str:
    if value is None or value == "" or value == ():
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(_said(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{words(str(key))} {_said(item)}" for key, item in value.items())
    return str(value)
