"""Form widgets that the pages of every app may use."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


def options_of(choices: Iterable[tuple[Any, Any]], chosen: Container[str] = ("",)) -> SafeString:
    """The options of a select as HTML."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((key, mark_safe(" selected") if key in chosen else "", label) for key, label in choices),
    )


class LongSelect(forms.Select):
    """A select of many options, written at once: a template for each takes longer than all the rest of a page. `unchosen`
    is what `options_of` gives while nothing is chosen, for several selects of the same choices."""

    def __init__(self, unchosen: SafeString, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.unchosen = unchosen

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        chosen = set(self.format_value(value))
        options = options_of(self.choices, chosen) if any(chosen) else self.unchosen
        given = flatatt(self.build_attrs({**self.attrs, "name": name}, attrs))
        return format_html("<select{}>{}</select>", given, options)
