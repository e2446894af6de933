"""What is wrong with the optional sections of a policy that the schema can't say: their floor and their sense.

Pure; called by `lint` with data whose shape is sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from governance.policies.lifecycle import Findings
from governance.policies.reading import Path

LONGEST_EMERGENCY_HOURS: Final = {"low": 168, "medium": 72, "high": 72}
SEVERITIES: Final = ("critical", "high", "medium", "low")
Found = Iterator[tuple[Path, str]]


def lifecycle_problems(data: Mapping[str, Any]) -> Found:
    """Each with its path."""
    yield from _seats(data)
    yield from _deciding(data)
    yield from _emergency(data)
    yield from _running(data)
    yield from _scope(data)


def _seats(data: Mapping[str, Any]) -> Found:
    for move, said in data["moves"].items():
        seen: set[str] = set()
        for at, need in enumerate(said.get("approvals", ())):
            if need["role"] in seen:
                text = f"'{need['role']}' stands here a second time; ask for more people with 'count'."
                yield ("moves", move, "approvals", at, "role"), text
            seen.add(need["role"])
        if move != "approve":
            for key in ("approvals", "distinct_approvers", "recent_sign_in_minutes"):
                if said.get(key):
                    yield ("moves", move, key), "People decide at 'approve'; here nobody would be asked."


def _deciding(data: Mapping[str, Any]) -> Found:
    tier, warrant = data["tier"], data["warrant"]
    conditions = data.get("conditions", {})
    if conditions.get("allowed") and conditions["max_days"] > warrant["days"]:
        yield ("conditions", "max_days"), "A condition would outlive the warrant that rests on it."
    findings = data.get("findings")
    if findings is not None:
        if tier != "low" and "critical" not in findings["blocking"]:
            yield ("findings", "blocking"), f"In the {tier} tier an open critical finding stops an approval."
        usual = Findings()
        days = [findings.get(f"{name}_days", getattr(usual, f"{name}_days")) for name in SEVERITIES]
        for at in range(1, len(days)):
            if days[at] < days[at - 1]:
                text = f"A {SEVERITIES[at]} finding would be due before a {SEVERITIES[at - 1]} one."
                yield ("findings", f"{SEVERITIES[at]}_days"), text
    if data.get("small_team", {}).get("independent_afterwards_days") and tier != "low":
        text = "Only in the low tier may an independent person review afterwards."
        yield ("small_team", "independent_afterwards_days"), text


def _emergency(data: Mapping[str, Any]) -> Found:
    said, longest = data.get("break_glass", {}), LONGEST_EMERGENCY_HOURS[data["tier"]]
    if said.get("allowed") and said.get("max_hours", 0) > longest:
        yield ("break_glass", "max_hours"), f"The {data['tier']} tier allows at most {longest} hours."
    if said.get("allowed"):
        for key in ("role", "max_hours", "review_days"):
            if key not in said:
                yield ("break_glass",), f"Say '{key}' where running without approval is allowed."


def _running(data: Mapping[str, Any]) -> Found:
    window = data.get("rollback", {}).get("window_days", 0)
    if window > data["warrant"]["days"]:
        yield ("rollback", "window_days"), "A version could come back after every warrant for it has ended."
    for at, name in enumerate(data.get("canary", {}).get("checks", ())):
        check = data["checks"].get(name)
        if check is not None and check.get("data", "evaluation") != "production":
            yield ("canary", "checks", at), f"A canary is judged by production data; '{name}' isn't."
    for at, name in enumerate(data.get("recertification", {}).get("checks", ())):
        check = data["checks"].get(name)
        if check is not None and not check.get("gating", True):
            yield ("recertification", "checks", at), f"'{name}' stops nothing, so it can't hold up a renewal."
    retraining = data.get("retraining", {})
    if retraining.get("light") and data["tier"] == "high":
        yield ("retraining", "light"), "In the high tier a retrained model takes the full path."
    if Decimal(retraining.get("margin", 0)) > 1:
        yield ("retraining", "margin"), f"{retraining['margin']} worse is more than any share can be."


def _scope(data: Mapping[str, Any]) -> Found:
    seen: set[str] = set()
    for at, slot in enumerate(data.get("scope", {}).get("slots", ())):
        if slot["environment"] not in data["warrant"]["environments"]:
            text = f"No warrant may name '{slot['environment']}', so nothing would ever run there."
            yield ("scope", "slots", at, "environment"), text
        if "arm" in slot and "region" not in slot:
            yield ("scope", "slots", at, "arm"), "Name the region of the arm too."
        if str(sorted(slot.items())) in seen:
            yield ("scope", "slots", at), "This slot stands here twice."
        seen.add(str(sorted(slot.items())))
