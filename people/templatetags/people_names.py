"""Words for what is recorded as a code: a person's or service's name, from the mapping that the view looked up at once,
and a role's title."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from people.catalogue import ROLES

register = template.Library()


@register.filter
def name(names: Mapping[str, str], pseudonym: str) -> str:
    """The name where it is known, otherwise the pseudonym as the log has it; "nobody" for none."""
    return names.get(pseudonym) or pseudonym or "nobody"


@register.filter
def role(code: str) -> str:
    """A role's title; a role that the catalogue no longer knows, by its code."""
    known = ROLES.get(code)
    return known.title if known else code
