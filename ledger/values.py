"""Values of columns in the only form in which entries hold and audits compare them.

The form depends on what both databases give back, never on how a value was handed in: PostgreSQL's jsonb reorders
keys and rewrites numbers, SQLite keeps decimals as it likes. Nothing here knows of entries or of people.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

from ledger import clock
from ledger.errors import Invalid

Scalar = str | int | bool | None
_EXACT = 2**53 - 1


def scalar(value: Any) -> Scalar:
    """One value as an entry holds it: UUID and Decimal as text, times in UTC with microseconds, floats by repr.

    Raises TypeError for what has no such form (lists, mappings, bytes: hash them).
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)  # an enumeration's member becomes its plain text
    if isinstance(value, int):
        return int(value) if abs(value) <= _EXACT else str(int(value))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return clock.text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, models.Model):
        return scalar(value.pk)
    raise TypeError(f"{type(value).__name__} has no recorded form")


def column(field: models.Field[Any, Any], value: Any) -> Scalar:
    """The recorded form of `value` in `field` (a foreign key's value is the other row's key).

    Raises Invalid, naming the field, for values that the column can't hold or that a database would change.
    """
    if value is None:
        return None
    if isinstance(field, models.ForeignKey):
        return column(field.target_field, value.pk if isinstance(value, models.Model) else value)
    try:
        value = field.to_python(value)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field=field.name) from error
    if isinstance(value, str):
        require_text(value, field.name, field.max_length)
    if isinstance(field, models.DecimalField) and isinstance(value, Decimal):
        value = value.quantize(Decimal(1).scaleb(-(field.decimal_places or 0)))
    if (isinstance(value, float) and value in (float("inf"), float("-inf"))) or value != value:
        raise Invalid("not a finite number", field=field.name)
    return scalar(value)


def hashed(field_name: str, value: Any) -> str | None:
    """`sha256:...` of a text's UTF-8, of bytes, or of the deterministic JSON of anything else; None for None."""
    if value is None:
        return None
    if isinstance(value, str):
        require_text(value, field_name)
        data = value.encode("utf-8")
    elif isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
    else:
        data = deterministic_json(value, field_name).encode("utf-8")
    return "sha256:" + hashlib.sha256(data).hexdigest()


def deterministic_json(value: Any, field_name: str = "value") -> str:
    """JSON with sorted keys, no spaces, and numbers written so that a trip through jsonb doesn't show.

    Raises Invalid for what JSON or a database can't hold: NaN, infinities, NUL characters, keys that aren't text.
    """
    return json.dumps(
        _ordered(value, field_name),
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
    )


def require_text(value: str, field_name: str, max_length: int | None = None) -> None:
    """Invalid for texts that one of the databases would refuse or cut."""
    if "\x00" in value:
        raise Invalid("a NUL character can't be stored", field=field_name)
    if max_length is not None and len(value) > max_length:
        raise Invalid(f"{len(value)} characters, at most {max_length} fit", field=field_name)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Invalid("a character that isn't Unicode text", field=field_name) from error


def _ordered(value: Any, name: str) -> Any:
    # What a database gives back are these very types; a gate hashes some thousand of them.
    kind = type(value)
    if kind is str:
        if not value.isascii() or "\x00" in value:
            require_text(value, name)
        return value
    if kind is dict and all(type(key) is str and key.isascii() and "\x00" not in key for key in value):
        return {key: _ordered(item, name) for key, item in value.items()}
    if value is None or kind is bool:
        return value
    if isinstance(value, str):
        require_text(value, name)
        return str(value)
    if isinstance(value, int | float):
        return _number(value, name)
    if isinstance(value, list | tuple):
        return [_ordered(item, name) for item in value]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise Invalid(f"key {key!r} isn't text", field=name)
            require_text(key, name)
        return {str(key): _ordered(item, name) for key, item in value.items()}
    raise Invalid(f"{type(value).__name__} isn't JSON", field=name)


def _number(value: int | float, name: str) -> int | str:
    # jsonb holds numbers as exact decimals: 1e22 comes back as the integer 10...0 and -0.0 as 0. So a number is
    # written by its value: small whole ones as integers, others as {repr of the float} when that is exact.
    if value != value or value in (float("inf"), float("-inf")):
        raise Invalid("not a finite number", field=name)
    if abs(value) <= _EXACT and value == int(value):
        return int(value)
    as_float = float(value)
    if isinstance(value, float) or Decimal(repr(as_float)) == value:
        return f"number {as_float!r}"
    return f"number {value}"
