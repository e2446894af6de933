from __future__ import annotations

import io

import pytest
from rest_framework.exceptions import ParseError

from people.parsers import MAX_DEPTH, BodyTooLarge, StrictJSONParser


def parse(body: bytes) -> object:
    return StrictJSONParser().parse(io.BytesIO(body))


def test_a_plain_body_is_read() -> None:
    body = b'{"name": "credit", "tags": [1, 2.5, null, true]}'
    assert parse(body) == {"name": "credit", "tags": [1, 2.5, None, True]}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"role": "developer", "role": "executive"}', "'role' is repeated"),
        (b'{"score": NaN}', "NaN is not a JSON number"),
        (b'{"score": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"name": "\xff"}', "cannot be read"),
        (b"{", "cannot be read"),
        (b"", "cannot be read"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deeper than"),
        (b"[" * 100_000, "deeper than"),
    ],
)
def test_a_body_that_could_be_read_two_ways_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse(body)


def test_the_deepest_allowed_body_is_read() -> None:
    parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_a_body_over_the_limit_is_not_read_to_its_end(settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    stream = io.BytesIO(b'{"a": "' + b"x" * 1000 + b'"}')
    with pytest.raises(BodyTooLarge, match="10 bytes"):
        StrictJSONParser().parse(stream)
    assert stream.tell() == 11
