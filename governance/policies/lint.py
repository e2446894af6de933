"""What is wrong with a policy text, each with its line: the schema first, then what a schema can't say.

Pure. The rules here are the floor no policy may go below (two people and a fresh sign-in for the high tier, a
person suspends there), and the mistakes that would make a rule say less than its author thinks: a name
nothing has, a check no move asks for, a bound outside its metric's range.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Final, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from governance.policies.lifecycle_lint import lifecycle_problems
from governance.policies.reading import Path, PolicyInvalid, Problem, Reading, read

DISTINCT_APPROVERS: Final = {"low": 1, "medium": 2, "high": 2}
LONGEST_WARRANT_DAYS: Final = {"low": 730, "medium": 366, "high": 366}


@dataclass(frozen=True, slots=True)
class Known:
    """The words a policy may use, given by the caller, because the tables live above this package.

    `metrics`: check -> metric -> (unit, lowest, highest value it can take); a check with its own rules may
    have no metric. `roles`: role -> whether it may sit in an approval seat. `subcategories`, `components`,
    `card_fields`: names; None where the caller has no table of them.
    """

    metrics: Mapping[str, Mapping[str, tuple[str, float, float]]]
    roles: Mapping[str, bool]
    subcategories: Collection[str] | None = None
    components: Collection[str] | None = None
    card_fields: Collection[str] | None = None
    tasks: Collection[str] | None = field(default=None)


@cache
def schema() -> dict[str, Any]:
    """The published schema; nobody changes what it returns."""
    text = resources.files("governance.policies").joinpath("schema.json").read_text(encoding="utf-8")
    rules: dict[str, Any] = json.loads(text)
    Draft202012Validator.check_schema(rules)
    return rules


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def lint(text: str, *, known: Known | None = None) -> list[Problem]:
    """Every problem of the text in its order; an empty list means `load` will read it.

    Without `known`, names of checks, metrics and roles can't be verified and are taken as written.
    """
    try:
        reading = read(text)
    except PolicyInvalid as error:
        return error.problems
    problems = shape_problems(reading)
    if not problems:  # the rules below may then rely on the shape
        data = cast("Mapping[str, Any]", reading.data)
        found = [*_names(data), *_floor(data), *_days(data), *lifecycle_problems(data)]
        if known is not None:
            found += [*_unknown(data, known), *_bounds(data, known)]
        problems = [reading.problem(path, message) for path, message in found]
    return sorted(set(problems))


def shape_problems(reading: Reading) -> list[Problem]:
    """What the schema objects to."""
    return [_of_schema(reading, error) for error in _validator().iter_errors(cast("Any", reading.data))]


Found = Iterator[tuple[Path, str]]


def _of_schema(reading: Reading, error: ValidationError) -> Problem:
    path: Path = tuple(error.absolute_path)
    kind, wanted, got = error.validator, error.validator_value, error.instance
    shown = _shown(got)
    match kind:
        case "required":
            missing = [
                name for name in cast("list[str]", wanted) if name not in cast("Mapping[str, Any]", got)
            ]
            # jsonschema reports each missing name by itself; its message begins with the quoted name.
            name = error.message.split("'")[1] if "'" in error.message else missing[0]
            message = f"'{name}' is missing."
        case "additionalProperties":
            rules = cast("Mapping[str, Any]", error.schema)
            strange = [
                str(name)
                for name in cast("Mapping[str, Any]", got)
                if name not in rules.get("properties", {})
            ]
            path = (*path, strange[0])
            message = "Not a word of this place: " + ", ".join(strange) + "."
        case "propertyNames" | "pattern":
            message = (
                f"{shown} doesn't have the form asked for here ({wanted if kind == 'pattern' else 'a word'})."
            )
        case "enum":
            message = (
                f"{shown} must be one of: {', '.join(str(choice) for choice in cast('list[Any]', wanted))}."
            )
        case "const":
            message = f"{shown} must be {wanted}."
        case "type":
            message = f"{shown} must be of type {wanted}."
        case "dependentRequired":
            message = "'metric', 'op' and 'bound' belong together; 'unit' and 'slice' need a metric."
        case "minimum" | "maximum":
            message = f"{shown} is {'less' if kind == 'minimum' else 'more'} than {wanted}."
        case "minItems" | "minProperties" | "minLength":
            message = f"This is too short; at least {wanted} needed."
        case "uniqueItems":
            message = "Something stands here twice."
        case _:
            message = error.message[:200]
    return reading.problem(path, message)


def _shown(value: Any) -> str:
    text = (
        str(value)
        if not isinstance(value, (dict, list))
        else ("a list" if isinstance(value, list) else "a table")
    )
    return text if len(text) <= 60 else text[:57] + "..."


def _lists_of_checks(data: Mapping[str, Any]) -> Iterator[tuple[Path, list[str]]]:
    for move, said in data["moves"].items():
        for key in ("complete", "checks"):
            yield ("moves", move, key), said.get(key, [])
    yield ("monitoring", "checks"), data["monitoring"]["checks"]
    yield ("waivers", "checks"), data["waivers"]["checks"]
    for section in ("canary", "recertification"):
        yield (section, "checks"), data.get(section, {}).get("checks", [])


def _names(data: Mapping[str, Any]) -> Found:
    asked: set[str] = set()
    for path, names in _lists_of_checks(data):
        for at, name in enumerate(names):
            if name not in data["checks"]:
                yield (*path, at), f"There is no check named '{name}' under 'checks'."
        if path[0] not in ("waivers", "recertification"):  # neither asks for a measurement by itself
            asked.update(names)
    for name, said in data["checks"].items():
        if name not in asked:
            yield (
                ("checks", name),
                "No move and no monitoring asks for this check, so it would protect nothing.",
            )
        for at, task in enumerate(said.get("tasks", ())):
            if task not in data["tasks"]:
                yield ("checks", name, "tasks", at), f"The policy doesn't cover the task '{task}'."
        if said["on_inconclusive"] == "accept" and not data["acceptance"]["allowed"]:
            yield ("checks", name, "on_inconclusive"), "'accept' is asked for, but acceptance isn't allowed."
        if said["check"] == "drift" and said.get("data", "evaluation") == "training":
            yield ("checks", name, "data"), "Drift compares with the reference; training data can't drift."
    gating = [name for name in data["moves"]["approve"].get("checks", ()) if name in data["checks"]]
    for task in data["tasks"]:
        if not any(_applies(data["checks"][name], task) for name in gating):
            yield (
                ("moves", "approve", "checks"),
                f"No gating check would be asked of a model with task '{task}'.",
            )


def _applies(said: Mapping[str, Any], task: str) -> bool:
    return said.get("gating", True) and (not said.get("tasks") or task in said["tasks"])


def _floor(data: Mapping[str, Any]) -> Found:
    tier, moves = data["tier"], data["moves"]
    approve, where = moves["approve"], ("moves", "approve")
    seats = sum(need["count"] for need in approve.get("approvals", ()))
    least = DISTINCT_APPROVERS[tier]
    if approve.get("distinct_approvers", 0) < least:
        yield (*where, "distinct_approvers"), f"The {tier} tier needs at least {least} different approvers."
    if seats < approve.get("distinct_approvers", 0):
        yield (*where, "approvals"), f"{seats} seats can't hold {approve['distinct_approvers']} people."
    if not any(need["independent"] for need in approve.get("approvals", ())):
        yield (*where, "approvals"), "At least one approval must be independent."
    roles = [need["role"] for need in approve.get("approvals", ())]
    for at, role in enumerate(roles):
        if role in roles[:at]:
            yield (*where, "approvals", at), f"The role '{role}' stands here twice; raise its count instead."
    if not moves["submit"].get("signature", False) and tier != "low":
        yield ("moves", "submit", "signature"), f"The {tier} tier needs a signed version."
    if not moves["deploy"].get("signature", False):
        yield ("moves", "deploy", "signature"), "Nothing is deployed without a valid signature."
    if tier == "high":
        if not approve.get("recent_sign_in_minutes"):
            yield (*where, "recent_sign_in_minutes"), "The high tier needs approvers who signed in recently."
        for at, need in enumerate(approve.get("approvals", ())):
            if not need["independent"]:
                yield (
                    (*where, "approvals", at, "independent"),
                    "In the high tier every approver is independent.",
                )
        if data["monitoring"]["suspension"] != "person":
            yield ("monitoring", "suspension"), "In the high tier a person suspends."
    monitoring = data["monitoring"]
    if monitoring["response"] == "suspend" and monitoring["suspension"] == "person":
        yield (
            ("monitoring", "response"),
            "A breach can't suspend by itself where a person must; use 'restrict'.",
        )
    if data["waivers"]["allowed"] != bool(data["waivers"]["checks"]):
        yield ("waivers", "checks"), "List what may be waived exactly when waivers are allowed."


def _days(data: Mapping[str, Any]) -> Found:
    warrant, tier = data["warrant"], data["tier"]
    if warrant["due_days"] >= warrant["days"]:
        yield ("warrant", "due_days"), "A warrant would be due from its first day."
    if warrant["grace_days"] > warrant["days"]:
        yield ("warrant", "grace_days"), "Grace would be longer than the warrant itself."
    if warrant["days"] > LONGEST_WARRANT_DAYS[tier]:
        yield ("warrant", "days"), f"The {tier} tier allows at most {LONGEST_WARRANT_DAYS[tier]} days."
    if data["waivers"]["allowed"] and data["waivers"]["max_days"] > warrant["days"]:
        yield ("waivers", "max_days"), "A waiver would outlive the warrant that rests on it."
    if data["acceptance"]["allowed"] and data["acceptance"]["review_within_days"] > warrant["days"]:
        yield (
            ("acceptance", "review_within_days"),
            "An acceptance would outlive the warrant that rests on it.",
        )
    if data["monitoring"]["silent_after_days"] < data["monitoring"]["every_days"]:
        yield (
            ("monitoring", "silent_after_days"),
            "The feed would count as silent before its next batch is due.",
        )


def _unknown(data: Mapping[str, Any], known: Known) -> Found:
    for at, row in enumerate(data["rmf"]):
        if known.subcategories is not None and row not in known.subcategories:
            yield ("rmf", at), f"The framework has no subcategory '{row}'."
    for at, task in enumerate(data["tasks"]):
        if known.tasks is not None and task not in known.tasks:
            yield ("tasks", at), f"No model can have the task '{task}'."
    for move, said in data["moves"].items():
        for key, names in (("components", known.components), ("card", known.card_fields)):
            for at, name in enumerate(said.get(key, ())):
                if names is not None and name not in names:
                    yield ("moves", move, key, at), f"'{name}' is unknown; known: {', '.join(sorted(names))}."
        for at, need in enumerate(said.get("approvals", ())):
            if not known.roles.get(need["role"], False):
                yield (
                    ("moves", move, "approvals", at, "role"),
                    f"The role '{need['role']}' has no approval seat.",
                )
    for key in ("acceptance", "waivers", "escalation"):
        role = data.get(key, {}).get("role")
        if role is not None and role not in known.roles:
            yield (key, "role"), f"There is no role '{role}'."
    for key in ("break_glass", "recertification"):
        role = data.get(key, {}).get("role")
        if role is not None and not known.roles.get(role, False):
            yield (key, "role"), f"The role '{role}' has no approval seat, so it can't decide on this."


def _bounds(data: Mapping[str, Any], known: Known) -> Found:
    for name, said in data["checks"].items():
        where: Path = ("checks", name)
        if said["check"] not in known.metrics:
            yield (*where, "check"), f"The catalogue has no check '{said['check']}'."
            continue
        metrics = known.metrics[said["check"]]
        if "metric" not in said:
            continue
        if said["metric"] not in metrics:
            choice = ", ".join(sorted(metrics)) or "none"
            yield (
                (*where, "metric"),
                f"'{said['check']}' doesn't measure '{said['metric']}'; it measures: {choice}.",
            )
            continue
        unit, low, high = metrics[said["metric"]]
        if said.get("unit") and said["unit"] != unit:
            yield (*where, "unit"), f"'{said['metric']}' is measured in '{unit}', not '{said['unit']}'."
        least = 0.0 if said["op"].startswith("abs") else low
        if not least <= Decimal(said["bound"]) <= high:
            yield (
                (*where, "bound"),
                f"{said['bound']} is outside what '{said['metric']}' can be ({low} to {high}).",
            )
