"""The shape of an act: what a person may do to one thing, on a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.forms import Form

from governance import forms
from modelwarrant.machine import Machine


@dataclass(frozen=True, slots=True)
class Act:
    """`model` is what the id names, `run` the service, `argument` the name it takes the id by; `move` names the
    transition whose title and consequence the page shows; `page` gives the address that an act leads back to, where
    that isn't the page of the version; `prepare` fills the form's choices from the row."""

    model: type[Model]
    run: Callable[..., Any]
    argument: str
    form: type[Form] = forms.NoForm
    machine: Machine | None = None
    move: str = ""
    title: str = ""
    consequence: str = ""
    page: Callable[[Any], str] | None = None
    prepare: Callable[[Form, Any], None] | None = None


def one_table(*tables: Mapping[str, Act]) -> Mapping[str, Act]:
    """All tables as one. Raises ValueError for a name that two of them use: one act would hide the other."""
    found: dict[str, Act] = {}
    for table in tables:
        if twice := found.keys() & table.keys():
            raise ValueError(f"two acts of one name: {', '.join(sorted(twice))}")
        found |= table
    return found
