"""How long the bytes behind a record are kept, as one table: by regulation first, by the house's tier otherwise.

What ends is bodies (files of models, data, reports). Entries, digests, signatures and decisions are kept for ever, so
that what is gone can still be named and recognised. Knows no clock and no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """`years` run from the retirement of the system. `why` names the rule that asks for them."""

    name: str
    title: str
    years: int
    why: str


BY_CLASS: Mapping[str, Rule] = {
    "high": Rule(
        "eu-ai-act-18",
        "High-risk system under the EU AI Act",
        10,
        "Regulation (EU) 2024/1689, Article 18(1): technical documentation is kept for 10 years after the system was "
        "placed on the market or put into service.",
    ),
}
"""EU AI Act class -> the least that the regulation asks for. The house may ask for more, never for less."""

BY_TIER: Mapping[str, Rule] = {
    "high": Rule("house-high", "High tier", 10, "The house's own rule for its highest tier."),
    "medium": Rule("house-medium", "Medium tier", 7, "The house's own rule for its medium tier."),
    "low": Rule("house-low", "Low tier", 5, "The house's own rule for its low tier."),
}
"""Risk tier -> the house's own rule; `RETENTION_YEARS` (tier=years) changes the years."""


def rule_of(ai_act_class: str, risk_tier: str, house: Mapping[str, int]) -> Rule:
    """The rule that holds for a system: of the regulation's and the house's the one that keeps longer."""
    own = BY_TIER[risk_tier]
    own = Rule(own.name, own.title, house.get(risk_tier, own.years), own.why)
    asked = BY_CLASS.get(ai_act_class)
    return asked if asked is not None and asked.years >= own.years else own


def years_problem(house: Mapping[str, int]) -> str:
    """Why the configured years can't be meant; empty where they can."""
    for tier, years in house.items():
        if tier not in BY_TIER:
            return f"RETENTION_YEARS: {tier!r} is none of {', '.join(BY_TIER)}"
        if not 1 <= years <= 100:
            return f"RETENTION_YEARS: {tier}={years} is not 1 to 100 years"
    return ""
