"""What changed between two policies, rule by rule and in words, and which way.

Pure. `looser` is what a policy reviewer looks for first, so it's claimed whenever the direction of a rule is
known and the new text asks for less; `changed` is said where only a person can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from governance.policies.document import CheckRequirement, PolicyDocument
from governance.policies.sentences import words

Kind = Literal["looser", "stricter", "changed"]

_HIGHER_IS_STRICTER: Final = frozenset(
    {"minimum_n", "distinct_approvers", "cooling_off_days", "due_days", "count"}
)
_LOWER_IS_STRICTER: Final = frozenset(
    {
        "maximum_age_days", "recent_sign_in_minutes", "review_within_days", "max_days", "days", "grace_days",
        "every_days", "silent_after_days", "review_days", "decision_days", "finding_days", "incident_hours",
        "attestation_days", "labels_after_days", "quiet_days",
    }
)  # fmt: skip
_TRUE_IS_STRICTER: Final = frozenset({"signature", "gating", "independent", "compensating_test"})
_LONGER_IS_STRICTER: Final = frozenset(
    {"card", "documents", "components", "datasets", "complete", "checks", "approvals"}
)
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
    found = [*_checks(old, new), *_rest(old, new)]
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
        yield from _values(f"checks.{name}", asdict(before[name]), asdict(after[name]), after[name])


def _rest(old: PolicyDocument, new: PolicyDocument) -> Iterator[Difference]:
    one, other = asdict(old), asdict(new)
    for moves in (one, other):
        moves["moves"] = {move["name"]: move for move in moves["moves"]}
        for move in moves["moves"].values():
            move["approvals"] = {need["role"]: need for need in move["approvals"]}
    for key in ("checks", "digest"):
        one.pop(key), other.pop(key)
    yield from _values("", one, other, None)


def _values(path: str, old: Any, new: Any, need: CheckRequirement | None) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (*old, *(key for key in new if key not in old)):
            here = f"{path}.{key}" if path else str(key)
            yield from _values(here, old.get(key), new.get(key), need)
    elif old != new:
        kind = _direction(path, old, new, need)
        yield Difference(path, kind, f"{_place(path)}: {_said(old)} becomes {_said(new)}.")


def _direction(path: str, old: Any, new: Any, need: CheckRequirement | None) -> Kind:
    parent, _, key = path.rpartition(".")
    if need is not None and key == "bound" and isinstance(old, Decimal) and isinstance(new, Decimal):
        rises = new > old
        return "stricter" if rises == (need.op in (">=", ">")) else "looser"
    if (parent == "waivers" and key in ("checks", "allowed")) or path == "acceptance.allowed":
        more = len(new) > len(old) if isinstance(new, tuple) else bool(new)
        gone = isinstance(new, tuple) and not set(new) <= set(old) and not set(old) <= set(new)
        return "changed" if gone else "looser" if more else "stricter"
    if key in _TRUE_IS_STRICTER:
        return "stricter" if new else "looser"
    if key in _HIGHER_IS_STRICTER or key in _LOWER_IS_STRICTER:
        return _number(key, old, new)
    if key in _ORDER:
        return "stricter" if _ORDER[key].index(new) > _ORDER[key].index(old) else "looser"
    if key == "suspension":
        return "changed"
    if key in _LONGER_IS_STRICTER and isinstance(old, tuple) and isinstance(new, tuple):
        if set(old) < set(new):
            return "stricter"
        return "looser" if set(new) < set(old) else "changed"
    if ".approvals." in path and (old is None or new is None):
        return "looser" if new is None else "stricter"
    return "changed"


def _number(key: str, old: Any, new: Any) -> Kind:
    # No time limit at all (0) is the loosest, although it is the smallest number.
    if key == "recent_sign_in_minutes" and (not old or not new):
        return "stricter" if new else "looser"
    if not isinstance(old, int) or not isinstance(new, int):
        return "changed"
    return "stricter" if (new > old) == (key in _HIGHER_IS_STRICTER) else "looser"


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
