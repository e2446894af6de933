"""Bodies of requests without the ambiguities that two readers could read differently: JSON, and JSON Lines as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import exceptions, parsers, status

MAX_DEPTH = 32
LINES = "application/x-ndjson"
MAX_LINES_BYTES = 16 * 1024 * 1024


class BodyTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is larger than the API accepts."
    default_code = "too_large"


class StrictJSONParser(parsers.JSONParser):
    """JSON of bounded size and depth, UTF-8, no repeated names, no NaN or Infinity.

    The size is checked here, because Django's own limit guards `request.body` and REST framework reads the stream.
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        try:
            value = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
        except RecursionError:
            raise exceptions.ParseError(f"JSON is nested deeper than {MAX_DEPTH} levels.") from None
        except ValueError as error:  # also UnicodeDecodeError and JSONDecodeError
            raise exceptions.ParseError(f"JSON cannot be read: {error}.") from None
        if _deeper_than(value, MAX_DEPTH):
            raise exceptions.ParseError(f"JSON is nested deeper than {MAX_DEPTH} levels.")
        return value


class LinesParser(parsers.BaseParser):
    """The body as {"lines": text}; what stands in the lines is read by the service."""

    media_type = LINES

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        body = stream.read(MAX_LINES_BYTES + 1)
        if len(body) > MAX_LINES_BYTES:
            raise BodyTooLarge(f"More than {MAX_LINES_BYTES:,} bytes; send a file instead.")
        try:
            return {"lines": body.decode("utf-8")}
        except UnicodeDecodeError as error:
            raise exceptions.ParseError(f"Not UTF-8: {error}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {repeated!r} is repeated in one object")
    return value


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    while depth:
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
        depth -= 1
    return any(isinstance(value, dict | list) for value in level)
