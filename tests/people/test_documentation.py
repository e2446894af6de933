"""The page about people says what the table says."""

from __future__ import annotations

from pathlib import Path

from people.catalogue import INTERACTIVE, PERMISSIONS, ROLES, P, Role


def row(role: Role) -> str:
    until = f"at most {role.max_days} days" if role.max_days else "until revoked"
    return f"| {role.title} (`{role.name}`) | {role.purpose} | {', '.join(role.scopes)} | {until} |"


def right(name: P) -> str:
    carried = ", ".join(role.title for role in ROLES.values() if name in role.permissions)
    how = "our own code" if not carried else "person" if name in INTERACTIVE else "person or token"
    return f"| {PERMISSIONS[name].title} | `{name}` | {carried or 'none'} | {how} |"


def test_the_page_has_every_role_and_right(root: Path) -> None:
    lines = (root / "docs" / "people.md").read_text().splitlines()
    missing = [line for line in [*map(row, ROLES.values()), *map(right, P)] if line not in lines]
    assert missing == []
