from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils import timezone as django_timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import values
from ledger.errors import Invalid
from ledger.models import KeyRecord, OutboxMessage


def test_scalars_have_one_form():
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    assert values.scalar(moment) == "2026-03-01T07:00:00.000000Z"
    assert values.scalar(UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    assert values.scalar(Decimal("1E+2")) == "100"
    assert values.scalar(0.1) == "0.1"
    assert values.scalar(2**60) == str(2**60)
    assert values.scalar(True) is True
    with pytest.raises(TypeError, match="no recorded form"):
        values.scalar([1])


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 201])
def test_texts_that_a_database_would_refuse_or_cut_are_named(text):
    with pytest.raises(Invalid) as caught:
        values.column(KeyRecord._meta.get_field("label"), text)
    assert caught.value.field == "label"


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": -math.inf}, {1: 2}, {"a": {3}}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(Invalid):
        values.deterministic_json({"value": value})


def test_field_boundaries_cannot_shift():
    assert values.hashed("f", {"ab": "c"}) != values.hashed("f", {"a": "bc"})
    assert values.hashed("f", ["ab", "c"]) != values.hashed("f", ["a", "bc"])
    assert values.hashed("f", [1]) != values.hashed("f", ["1"])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.sampled_from("zab1é"), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.django_db
def test_a_trip_through_the_database_does_not_show():
    # jsonb reorders keys and rewrites 1e22, -0.0 and 1.0; what is hashed must not depend on it
    awkward = {"z": 1e22, "a": -0.0, "m": [1.0, 5e-324, 1.7e308, 2**53 - 1, 1e16, 0.1], "é": {"b": None}}
    now = datetime(2026, 1, 1, tzinfo=UTC)

    @settings(max_examples=40, deadline=None, database=None)
    @given(JSON)
    def trip(value):
        row = OutboxMessage.objects.create(channel="c", payload=[value], created_at=now, due_at=now)
        again = OutboxMessage.objects.get(pk=row.pk).payload
        assert values.hashed("f", again) == values.hashed("f", [value])

    row = OutboxMessage.objects.create(channel="c", payload=awkward, created_at=now, due_at=now)
    row.refresh_from_db()
    assert values.hashed("f", row.payload) == values.hashed("f", awkward)
    trip()


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_the_servers_zone_does_not_matter(zone):
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with django_timezone.override(zone):
        assert values.scalar(moment) == "2026-03-01T12:00:00.000000Z"
