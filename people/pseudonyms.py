"""Random names that stand for people and services in the log, so that no entry carries anybody's name."""

from __future__ import annotations

import base64
import secrets

LENGTH = 18
"""Two characters of kind and 16 of base32: 80 random bits."""


def person() -> str:
    """A new pseudonym for a person, `p-` and 16 characters of base32 in lower case."""
    return "p-" + _random()


def service() -> str:
    """A new pseudonym for a service identity, `s-` and 16 characters of base32 in lower case."""
    return "s-" + _random()


def _random() -> str:
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()
