"""Which claims name a pipeline for good, by platform, as a table. Names of repositories and branches can be given to others;
numbers can't. Knows no token and no setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Platform:
    """`required` claims must be named and equal; `allowed` ones may be named too. `trigger` is the claim that says why a
    job runs, `triggers` what we accept there: never anything that strangers can start. `refused` are claims that must be
    absent or empty."""

    name: str
    title: str
    required: tuple[str, ...]
    allowed: tuple[str, ...]
    trigger: str
    triggers: frozenset[str]
    refused: tuple[str, ...]


PLATFORMS: Mapping[str, Platform] = {
    row.name: row
    for row in (
        Platform(
            "github",
            "GitHub Actions",
            required=("repository_id", "repository_owner_id", "environment", "ref_type"),
            allowed=("ref", "ref_protected", "runner_environment", "job_workflow_sha", "enterprise_id"),
            trigger="event_name",
            triggers=frozenset({"push", "release", "schedule", "workflow_dispatch", "deployment"}),
            refused=("head_ref", "base_ref"),
        ),
        Platform(
            "gitlab",
            "GitLab CI/CD",
            required=("project_id", "namespace_id", "environment", "ref_type"),
            allowed=("ref", "ref_protected", "environment_protected", "runner_environment"),
            trigger="pipeline_source",
            triggers=frozenset({"push", "web", "schedule", "api", "trigger", "pipeline", "parent_pipeline"}),
            refused=(),
        ),
    )
}

NUMBERS = frozenset({"repository_id", "repository_owner_id", "project_id", "namespace_id"})
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_PROPOSED = ("refs/pull/", "refs/merge-requests/")
LONGEST = 255


def wrong(platform: Platform, claims: Mapping[str, Any]) -> str:
    """What keeps these claims from naming a pipeline of this platform; empty: nothing."""
    if missing := [name for name in platform.required if name not in claims]:
        return f"{platform.title} needs {', '.join(missing)}."
    known = {*platform.required, *platform.allowed}
    if others := sorted(str(name) for name in claims if name not in known):
        return f"{', '.join(others)} doesn't name a pipeline for good. Possible: {', '.join(sorted(known))}."
    for name, value in claims.items():
        if not isinstance(value, str) or not value or len(value) > LONGEST or not value.isprintable():
            return f"{name} must be text of 1 to {LONGEST} characters."
        if name in NUMBERS and not _NUMBER.fullmatch(value):
            return f"{name} is a number that the platform gave, not a name."
    if claims["ref_type"] not in ("branch", "tag"):
        return "ref_type is branch or tag."
    if str(claims.get("ref", "")).startswith(_PROPOSED):
        return "A proposed change is nobody's release."
    return ""


def refusal(platform: Platform, said: Mapping[str, Any]) -> str:
    """Why a job with these claims is refused whatever is trusted: it runs for a proposed change, a fork or for a reason
    that strangers can cause; empty: it isn't."""
    if said.get(platform.trigger) not in platform.triggers:
        return f"{platform.trigger}"
    if filled := [name for name in platform.refused if said.get(name)]:
        return ", ".join(filled)
    return "ref" if str(said.get("ref", "")).startswith(_PROPOSED) else ""


def fits(claims: Mapping[str, str], said: Mapping[str, Any]) -> bool:
    """Whether a token says exactly these claims: same type, same letters, same case."""
    return all(isinstance(said.get(name), str) and said[name] == value for name, value in claims.items())
