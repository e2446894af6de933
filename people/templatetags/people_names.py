"""A person's or service's name on a page, from the mapping that the view looked up at once."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def name(names: Mapping[str, str], pseudonym: str) -> str:
    """The name where it is known, otherwise the pseudonym as the log has it; "nobody" for none."""
    return names.get(pseudonym) or pseudonym or "nobody"
