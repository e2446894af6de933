"""What a text, word, choice or digest given from outside must look like. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ledger.errors import Invalid
from registry.names import hidden_character

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def line(field: str, value: object, *, limit: int, required: bool = True) -> str:
    """One line of text without invisible characters, trimmed. Raises Invalid."""
    text = _text(field, value, limit, required)
    if hidden := hidden_character(text):
        raise Invalid(f"It has a character that can't be seen ({hidden}).", field=field)
    return text


def passage(field: str, value: object, *, limit: int, required: bool = True) -> str:
    """Text of several lines. Raises Invalid."""
    text = _text(field, value, limit, required)
    if hidden := hidden_character(text.replace("\n", "").replace("\r", "").replace("\t", "")):
        raise Invalid(f"It has a character that can't be seen ({hidden}).", field=field)
    return text


def slug(field: str, value: object, *, limit: int = 60) -> str:
    """Lower-case letters and digits, parts joined by single hyphens. Raises Invalid."""
    if not isinstance(value, str) or len(value) > limit or not _SLUG.fullmatch(value):
        raise Invalid(
            f"Lower-case letters, digits and single hyphens, at most {limit} characters.", field=field
        )
    return value


def word(field: str, value: object, *, limit: int = 40) -> str:
    """A name that stands in warrants: letters, digits, dots, underscores, hyphens. Raises Invalid."""
    if not isinstance(value, str) or len(value) > limit or not _WORD.fullmatch(value):
        raise Invalid(
            f"Letters, digits, dots, underscores and hyphens, at most {limit}; a letter or digit first.",
            field=field,
        )
    return value


def choice(field: str, value: object, among: Iterable[str]) -> str:
    """One of the given words. Raises Invalid naming them."""
    words = list(among)
    if value not in words:
        raise Invalid(f"One of these is expected: {', '.join(words)}.", field=field)
    return value


def digest(field: str, value: object) -> str:
    """64 lower-case hexadecimal digits, with or without "sha256:" before them. Raises Invalid."""
    found = _DIGEST.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Invalid("A SHA-256 digest is expected: 64 lower-case hexadecimal digits.", field=field)
    return found[1]


def whole(field: str, value: object, *, least: int = 0, most: int = 2**53 - 1) -> int:
    """A whole number within bounds. Raises Invalid."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Invalid(f"A whole number from {least} to {most} is expected.", field=field)
    return value


def _text(field: str, value: object, limit: int, required: bool) -> str:
    if not isinstance(value, str):
        raise Invalid("Text is expected.", field=field)
    text = value.strip()
    if required and not text:
        raise Invalid("This can't be empty.", field=field)
    if len(text) > limit:
        raise Invalid(f"{len(text)} characters; at most {limit} fit.", field=field)
    return text
