"""A policy's text in the parts that a form changes one at a time, and the few fields of each part.

Pure. Parts have the names of `sentences.Rule.part`. The fields come from the schema, so that what the form asks for is
what the schema allows. Everything works on plain data as `reading` gives it and returns new data.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from governance.policies.document import LIFECYCLE
from governance.policies.lint import schema
from governance.policies.sentences import OPERATORS

Kind = Literal[
    "line", "passage", "whole", "decimal", "yes-no", "choice", "several", "words", "lines", "slots", "pairs"
]
Data = Mapping[str, Any]

ABOUT: Final = ("title", "tier", "version", "summary", "rmf", "tasks")
NEW_CHECK: Final = "checks.+"
ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "start-review: it must have finished": ("moves", "start-review", "complete"),
    "approve: it must pass": ("moves", "approve", "checks"),
    "monitoring: production is held to it": ("monitoring", "checks"),
}
"""Who asks for a check -> where its name then stands."""
_TITLES: Final[Mapping[str, str]] = {
    "about": "What this policy is for",
    "scope": "Which models it is for",
    "acceptance": "When a result cannot tell",
    "waivers": "When a requirement is not met",
    "warrant": "How long a warrant lasts",
    "monitoring": "While the model runs",
    "deadlines": "How fast people answer",
    "recertification": "Renewal of a warrant",
    "small_team": "Review afterwards in small teams",
    "break_glass": "Emergencies",
    "canary": "Before it goes live",
    "rollback": "The way back",
    "inventory": "Models that ran before",
    "escalation": "Decisions that are late",
}
_LABELS: Final[Mapping[str, str]] = {
    "op": "Comparison",
    "why": "Why",
    "rmf": "Outcomes of the NIST AI RMF",
    "minimum_n": "Least number of rows",
    "maximum_age_days": "Oldest result that counts, in days",
    "on_inconclusive": "If it cannot tell",
    "asked_by": "Who asks for it",
    "due_days": "Due, days before the end",
    "days": "Length in days",
    "complete": "Checks that must have finished",
    "checks": "Checks",
    "card": "Fields of the model card",
    "name": "Name",
    "gating": "Can it stop a move?",
    "independent": "Only somebody who took no part in making the version?",
    "signature": "Must a valid signature cover all files?",
    "allowed": "Allowed?",
    "light": "May a retrained model take the light path?",
    "compensating_test": "Must a compensating test be named?",
    "margin": "How much worse it may be",
    "count": "How many people",
    "distinct_approvers": "Least number of different people",
    "recent_sign_in_minutes": "Signed in within, in minutes",
    "data": "On which data",
    "cooling_off_days": "Days for which a former owner cannot approve",
}
CHOICES: Final[Mapping[str, str]] = {
    **OPERATORS,
    "block": "The move is blocked",
    "accept": "A named person may accept it",
    "ticket": "Alert and incident, nothing else",
    "restrict": "Alert and incident, and no new deployments",
    "suspend": "Alert and incident, and the version is suspended",
    "person": "A named person alone",
    "automatic": "The service by itself, and people",
}
"""What a form calls the words of the schema's lists; the others call themselves."""
_HINTS: Final[Mapping[str, str]] = {
    "words": "Words of small letters and hyphens, separated by commas.",
    "lines": "One on each line.",
    "slots": "One on each line: environment / region / arm. What isn't named is any.",
    "pairs": "One on each line: attribute = value.",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a part. `choices` is the table of the schema; for `table` the caller has the words."""

    name: str
    label: str
    hint: str
    kind: Kind
    required: bool
    choices: tuple[str, ...] = ()
    table: str = ""
    low: int | None = None
    high: int | None = None


def title_of(part: str) -> str:
    """What a page about a part is called."""
    head, *rest = part.split(".")
    if part == NEW_CHECK:
        return "Add a check"
    if head == "checks":
        return f"Check: {rest[0].replace('-', ' ')}"
    if head == "moves":
        return f"Approval seat at {rest[0]}" if len(rest) == 3 else f"What {rest[0]} needs"
    return _TITLES.get(head, head.replace("_", " ").capitalize())


def part_of(path: str) -> str:
    """The part in which a problem at this path (`checks.accuracy.bound`, `moves.approve.approvals[0].role`) is mended."""
    steps = path.replace("[", ".").replace("]", "").split(".")
    head = steps[0]
    if head in ABOUT or not head or head == "format":
        return "about"
    if head == "cooling_off_days":
        return "warrant"
    if head == "checks":
        return ".".join(steps[:2])
    if head == "moves":
        return ".".join(steps[:4] if len(steps) > 3 and steps[2] == "approvals" else steps[:2])
    return head


def exists(data: Data, part: str) -> bool:
    """Whether the text has such a part, or may have it."""
    head, *rest = part.split(".")
    match head, rest:
        case ("about", []):
            return True
        case ("checks", [name]):
            return name == "+" or name in data["checks"]
        case ("moves", [move]):
            return move in data["moves"]
        case ("moves", [move, "approvals", at]):
            seats = data["moves"].get(move, {}).get("approvals", [])
            return move in data["moves"] and (at == "+" or (at.isdecimal() and int(at) < len(seats)))
        case (_, []):
            return _sub(head) is not None
        case _:
            return False


def removable(data: Data, part: str) -> bool:
    """Checks and seats can be taken away."""
    steps = part.split(".")
    return exists(data, part) and "+" not in steps and (steps[0] == "checks" or len(steps) == 4)


def fields_of(data: Data, part: str) -> tuple[Field, ...]:
    """The fields that a form shows for a part."""
    return tuple(_fields(data, part))


def values_of(data: Data, part: str) -> dict[str, Any]:
    """Field name -> value as it stands, or as it holds where the text is silent."""
    steps = part.split(".")
    match steps:
        case ["about"]:
            return {key: data[key] for key in ABOUT}
        case ["warrant"]:
            return {**data["warrant"], "cooling_off_days": data["cooling_off_days"]}
        case ["checks", "+"]:
            return {"maximum_age_days": 90, "on_inconclusive": "block", "gating": True, "data": "evaluation"}
        case ["checks", name]:
            asked = [title for title, path in ASKED.items() if name in _at(data, path)]
            return {"gating": True, "data": "evaluation", **data["checks"][name], "asked_by": asked}
        case ["moves", move]:
            return {key: value for key, value in data["moves"][move].items() if key != "approvals"}
        case ["moves", _, "approvals", "+"]:
            return {"count": 1, "independent": True}
        case ["moves", move, "approvals", at]:
            return dict(data["moves"][move]["approvals"][int(at)])
    head = steps[0]
    usual = {} if head not in LIFECYCLE else asdict(LIFECYCLE[head]())
    return {**{key: list(v) if isinstance(v, tuple) else v for key, v in usual.items()}, **data.get(head, {})}


def changed(data: Data, part: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The data with this part as given; what is empty and needn't be there isn't."""
    new = copy.deepcopy(dict(data))
    values = {
        field.name: given[field.name]
        for field in fields_of(data, part)
        if field.required or given[field.name] not in (None, "", [], {})
    }
    match part.split("."):
        case ["about"]:
            new |= values
        case ["warrant"]:
            new["cooling_off_days"] = values.pop("cooling_off_days")
            new["warrant"] = values
        case ["checks", "+"]:
            _put_check(new, str(values.pop("name")), values)
        case ["checks", name]:
            _put_check(new, name, values)
        case ["moves", move]:
            seats = new["moves"][move].get("approvals")
            new["moves"][move] = {**values, **({"approvals": seats} if seats else {})}
        case ["moves", move, "approvals", at]:
            seats = new["moves"][move].setdefault("approvals", [])
            if at == "+":
                seats.append(values)
            else:
                seats[int(at)] = values
        case [head]:
            new[head] = values
            if not values:
                del new[head]
    return in_order(new)


def without(data: Data, part: str) -> dict[str, Any]:
    """The data without a check, also where it was asked for, or without a seat."""
    new = copy.deepcopy(dict(data))
    match part.split("."):
        case ["checks", name]:
            del new["checks"][name]
            for names in _lists(new):
                if name in names:
                    names.remove(name)
        case ["moves", move, "approvals", at]:
            del new["moves"][move]["approvals"][int(at)]
            if not new["moves"][move]["approvals"]:
                del new["moves"][move]["approvals"]
        case _:
            raise KeyError(part)
    return in_order(new)


def in_order(data: Data) -> dict[str, Any]:
    """The same data, sections in the order of the schema."""
    return {key: data[key] for key in schema()["properties"] if key in data}


def _put_check(data: dict[str, Any], name: str, values: dict[str, Any]) -> None:
    asked = values.pop("asked_by", [])
    data["checks"][name] = values
    for title, path in ASKED.items():
        holder = data
        for step in path[:-1]:
            holder = holder[step]
        names = holder.setdefault(path[-1], [])
        if title in asked and name not in names:
            names.append(name)
        elif title not in asked and name in names:
            names.remove(name)
        if not names and path[0] == "moves":
            del holder[path[-1]]


def _lists(data: dict[str, Any]) -> Iterator[list[str]]:
    for move in data["moves"].values():
        yield from (move[key] for key in ("complete", "checks") if key in move)
    for section in ("monitoring", "waivers", "canary", "recertification"):
        yield data.get(section, {}).get("checks", [])


def _at(data: Data, path: tuple[str, ...]) -> list[str]:
    found: Any = data
    for step in path:
        found = found.get(step, {})
    return list(found)


def _sub(name: str) -> dict[str, Any] | None:
    rules = schema()["properties"].get(name)
    return rules if rules is not None and rules.get("type") == "object" and "properties" in rules else None


def _fields(data: Data, part: str) -> Iterator[Field]:
    whole, rules = schema(), dict[str, Any]()
    match part.split("."):
        case ["about"]:
            rules = {"properties": {key: whole["properties"][key] for key in ABOUT}, "required": ABOUT}
        case ["warrant"]:
            own = whole["properties"]["warrant"]
            rules = {
                "properties": {
                    **own["properties"],
                    "cooling_off_days": whole["properties"]["cooling_off_days"],
                },
                "required": [*own["required"], "cooling_off_days"],
            }
        case ["checks", name]:
            if name == "+":
                yield Field("name", "Name", "A word of your own, like smallest-group.", "line", required=True)
            rules = whole["$defs"]["check"]
        case ["moves", _]:
            own = whole["$defs"]["move"]
            rules = {
                "properties": {k: v for k, v in own["properties"].items() if k != "approvals"},
                "required": [],
            }
        case ["moves", _, "approvals", _]:
            rules = whole["$defs"]["move"]["properties"]["approvals"]["items"]
        case _:
            rules = _sub(part.split(".", maxsplit=1)[0]) or {"properties": {}}
    for name, said in rules["properties"].items():
        yield _field(name, said, name in rules.get("required", ()), part)
    if part.startswith("checks."):
        hint = "A check that nobody asks for would protect nothing."
        yield Field("asked_by", _LABELS["asked_by"], hint, "several", required=False, choices=tuple(ASKED))


def _field(name: str, said: Mapping[str, Any], required: bool, part: str) -> Field:
    rules = {**_resolved(said), **{key: value for key, value in said.items() if key != "$ref"}}
    kind, table = _kind(name, rules, part)
    items = _resolved(rules.get("items", {}))
    hint = " ".join(filter(None, [rules.get("description", ""), _HINTS.get(kind, "")]))
    return Field(
        name,
        _LABELS.get(name, name.replace("_", " ").capitalize()),
        hint,
        kind,
        required,
        tuple(str(choice) for choice in rules.get("enum", items.get("enum", ()))),
        table,
        rules.get("minimum"),
        rules.get("maximum"),
    )


def _kind(name: str, rules: Mapping[str, Any], part: str) -> tuple[Kind, str]:
    tables: dict[str, tuple[Kind, str]] = {
        "check": ("choice", "checks-there-are"),
        "metric": ("choice", "metrics"),
        "role": ("choice", "seats" if part.startswith(("moves", "break_glass", "recert")) else "roles"),
        "checks": ("several", "checks"),
        "complete": ("several", "checks"),
        "components": ("several", "components"),
        "card": ("several", "card"),
        "slots": ("slots", ""),
        "slice": ("pairs", ""),
        "checklist": ("lines", ""),
        "rmf": ("lines", ""),
    }
    if name in tables:
        return tables[name]
    if "enum" in rules:
        return "choice", ""
    match rules.get("type"):
        case "integer":
            return "whole", ""
        case "number":
            return "decimal", ""
        case "boolean":
            return "yes-no", ""
        case "array":
            return ("several", "") if "enum" in _resolved(rules["items"]) else ("words", "")
    return ("passage" if rules.get("maxLength", 0) > 120 else "line"), ""


def _resolved(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = rules.get("$ref", "")
    return schema()["$defs"][reference.rpartition("/")[2]] if reference else rules


def shown(value: Any) -> Any:
    """A value as a form's field takes it for its first showing."""
    return format(value, "f") if isinstance(value, Decimal) else value
