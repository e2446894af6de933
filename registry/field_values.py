"""What may stand in a field of the organisation, by its kind. Pure: text in, text out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from ledger.errors import Invalid
from registry import inputs

LIMIT = 1000
_URL = re.compile(r"https?://[^\s<>\"']+")


def clean(name: str, text: object, *, kind: str, choices: Iterable[str], required: bool) -> str:
    """The text as it is stored, empty where nothing is given. Raises Invalid with the field's name."""
    given = inputs.line(name, text, limit=LIMIT, required=required)
    if not given:
        return ""
    if kind == "number":
        return _number(name, given)
    if kind == "date":
        return _date(name, given)
    if kind == "choice":
        return inputs.choice(name, given, choices)
    if kind == "url" and not _URL.fullmatch(given):
        raise Invalid("An address that begins with https:// or http:// is expected.", field=name)
    return given


def _number(name: str, text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or len(text) > 40:
        raise Invalid("A number is expected, with a point before its decimals.", field=name)
    return text


def _date(name: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Invalid("A date is expected as 2026-12-31.", field=name) from error
