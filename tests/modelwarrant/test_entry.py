from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import canonical
from modelwarrant.entry import Actor, Entry, Subject, parse
from modelwarrant.errors import Fault

ENTRY = Entry(
    log="bank.example/modelwarrant",
    id="0190d6a2-9f5c-4c1a-8d2b-3e4f5a6b7c8d",
    event="decision.recorded",
    ev=1,
    at=datetime(2026, 11, 20, 10, 30, 0, 5, tzinfo=UTC),
    actor=Actor("service", "s-ci", "api", "p-anna"),
    subject=Subject("registry.version", "42"),
    set={"state": "approved", "count": 2, "open": False, "owner_id": None},
    data={"digests": ["sha256:aa"]},
    hidden={"comment": canonical.commitment(bytes(32), "comment", "well argued")},
)


def test_the_bytes_of_version_1_never_change() -> None:
    assert ENTRY.encode().decode() == (
        '{"actor":{"for":"p-anna","id":"s-ci","kind":"service","via":"api"},'
        '"at":"2026-11-20T10:30:00.000005Z","data":{"digests":["sha256:aa"]},"ev":1,'
        '"event":"decision.recorded",'
        f'"hidden":{{"comment":"{ENTRY.hidden["comment"]}"}},'
        '"id":"0190d6a2-9f5c-4c1a-8d2b-3e4f5a6b7c8d","log":"bank.example/modelwarrant",'
        '"set":{"count":2,"open":false,"owner_id":null,"state":"approved"},'
        '"subject":{"id":"42","kind":"registry.version"},"v":1}'
    )
    parsed = parse(ENTRY.encode())
    assert parsed.version == 1
    assert parsed.entry == ENTRY


def test_any_zone_is_written_in_utc() -> None:
    there = dataclasses.replace(ENTRY, at=ENTRY.at.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert there.encode() == ENTRY.encode()


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("log", {"log": ""}),
        ("id", {"id": ENTRY.id.upper()}),
        ("event", {"event": "Decision Recorded"}),
        ("ev", {"ev": 0}),
        ("ev", {"ev": True}),
        ("at", {"at": ENTRY.at.replace(tzinfo=None)}),
        ("actor.kind", {"actor": Actor("root", "x", "api")}),
        ("actor", {"actor": Actor("user", "", "api")}),
        ("actor", {"actor": Actor("user", "x" * 256, "api")}),
        ("subject", {"subject": Subject("", "1")}),
        ("set", {"set": {"state": 1.5}}),
        ("set", {"set": {"state": ["a"]}}),
        ("set", {"set": {"State": "a"}}),
        ("set", {"set": {1: "a"}}),
        ("data", {"data": {"x": 0.1}}),
        ("hidden", {"hidden": {"comment": "in clear"}}),
        ("bytes", {"data": {"x": "y" * 60_000}}),
        ("surrogate", {"data": {"x": "\ud800"}}),
    ],
)
def test_a_wrong_field_is_named(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(ENTRY, **change).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"more": 1},
        {"at": "2026-02-30T00:00:00.000000Z"},
        {"at": "2026-02-28T00:00:00Z"},
        {"at": "2026-02-28T23:59:60.000000Z"},
        {"v": "1"},
        {"v": 0},
        {"actor": {"id": "p", "kind": "user"}},
        {"set": []},
    ],
)
def test_a_leaf_of_another_shape_is_malformed(change: dict[str, Any]) -> None:
    raw = {**canonical.decode(ENTRY.encode()), **change}
    with pytest.raises(Fault, match="malformed"):
        parse(canonical.encode(raw))


def test_later_versions_stay_readable() -> None:
    parsed = parse(canonical.encode({"v": 2, "whatever": ["comes", "later"]}))
    assert (parsed.version, parsed.entry, parsed.raw["whatever"]) == (2, None, ["comes", "later"])


@given(st.integers(0, len(ENTRY.encode()) - 1), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_no_byte_can_change_unnoticed(place: int, byte: int) -> None:
    data = bytearray(ENTRY.encode())
    same = data[place] == byte
    data[place] = byte
    try:
        parsed = parse(bytes(data))
    except Fault:
        return
    assert (parsed.entry == ENTRY) == same
