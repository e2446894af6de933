from __future__ import annotations

import enum
import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import canonical
from modelwarrant.errors import Fault

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


def test_keys_sort_by_utf16_unit_as_in_rfc_8785() -> None:
    # RFC 8785 section 3.2.3: the emoji's surrogates sort before U+FB33, its code point would sort after.
    value = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7}
    assert canonical.encode(value) == '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'.encode()
    assert canonical.decode_all([canonical.encode(value)]) == [value]


def test_strings_are_written_as_in_rfc_8785() -> None:
    assert canonical.encode('€$\x0f\nA\'B"\\\\"/\x7f') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'.encode()


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), 2**53, -(2**53), "\ud800", {1: "a"}, {"a": {"\udfff": 1}}, b"x", (1,), {"a": {1, 2}}],
)
def test_what_other_languages_read_differently_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical.encode(value)


def test_enumerations_are_written_as_their_values() -> None:
    class State(enum.StrEnum):
        OPEN = "open"

    for more in ("", "é"):
        assert canonical.encode({"a": State.OPEN, "b": more, State.OPEN: 1}) == (
            f'{{"a":"open","b":"{more}","open":1}}'.encode()
        )


def test_depth_and_length_have_limits() -> None:
    deep: object = 1
    for _ in range(canonical.MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(ValueError, match="deep"):
        canonical.encode(deep)
    with pytest.raises(ValueError, match="bytes"):
        canonical.encode("abc", max_bytes=4)
    for data in (b"[" * 33 + b"]" * 33, b"[" * 50_000):
        with pytest.raises(Fault):
            canonical.decode(data)
        with pytest.raises(Fault):
            canonical.decode_all([b"1", data])


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b"1.0",
        b"1e3",
        b"-0",
        b"NaN",
        b"9007199254740992",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\ud800"',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        b"1 ",
        b"1\n",
        b"",
        b"1,2",
    ],
)
def test_only_canonical_bytes_are_read(data: bytes) -> None:
    with pytest.raises(Fault, match="canonical"):
        canonical.decode(data)
    with pytest.raises(Fault) as caught:
        canonical.decode_all([b"{}", data])
    assert caught.value.index == 1


@given(VALUES)
@settings(max_examples=80, deadline=None)
def test_round_trip(value: object) -> None:
    data = canonical.encode(value)
    assert canonical.decode(data) == value == json.loads(data)
    assert canonical.decode_all([data, data]) == [value, value]


@given(st.binary(max_size=20) | st.text('{}[]:,"\\u0a1e.-', max_size=12).map(str.encode))
@settings(max_examples=150, deadline=None)
def test_whatever_is_read_is_its_own_only_form(data: bytes) -> None:
    try:
        value = canonical.decode(data)
    except Fault:
        with pytest.raises(Fault):
            canonical.decode_all([data])
    else:
        assert canonical.encode(value) == data


def test_commitment_binds_field_and_text_and_needs_the_nonce() -> None:
    nonce = bytes(range(32))
    message = b"modelwarrant commitment v1\n" + b"\0" * 7 + b"\x02ab" + b"\0" * 7 + b"\x01c"
    expected = hmac.new(nonce, message, hashlib.sha256).hexdigest()
    assert canonical.commitment(nonce, "ab", "c") == f"hmac-sha256:{expected}"
    assert canonical.commitment(nonce, "a", "bc") != canonical.commitment(nonce, "ab", "c")
    assert canonical.commitment(bytes(32), "ab", "c") != canonical.commitment(nonce, "ab", "c")
    with pytest.raises(ValueError, match="nonce"):
        canonical.commitment(b"short", "ab", "c")


def test_digest() -> None:
    assert canonical.digest(b"abc") == (
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
