"""TM: time zones, clocks that change, and rights that end meanwhile.

TM-01 is tests/config/test_health.py's. Of TM-02, deadlines in working days are tests/ledger/test_workdays.py's and terms
of warrants over leap days test_terms_over_leap_days_and_clock_changes_lose_no_hour of
tests/governance/test_warrant_life.py; reports are of one moment, which they print in UTC. TM-04 is
tests/attacks/test_wf.py's (test_a_role_that_ended_while_the_form_was_open_decides_nothing,
test_a_role_that_ends_at_this_very_second_decides_nothing) and, for delegations, tests/people/test_delegations.py's.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from ledger import clock
from ledger.models import Entry
from ledger.templatetags.mw import moment
from tests.registry.world import make_world

pytestmark = pytest.mark.once
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Chatham")
CHANGES = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2028, 2, 29, tzinfo=UTC),
)


@pytest.mark.parametrize("zone", ZONES)
def test_no_two_moments_read_alike_in_any_zone(zone: str) -> None:
    """TM-02: the zone is printed, so that the hour that comes twice is told apart, and beside it stands UTC."""
    for day in CHANGES:
        moments = [day + timedelta(minutes=30 * step) for step in range(-52, 100)]
        with timezone.override(zone):
            shown = [str(moment(at)) for at in moments]
        assert len({re.sub(r"<[^>]+>", "", text) for text in shown}) == len(moments)
        said = [re.search(r'datetime="([^"]+)Z"', text) for text in shown]
        assert [datetime.fromisoformat(f"{found[1]}+00:00") for found in said if found] == moments


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_what_is_stored_is_utc_wherever_who_writes_it_sits(zone: str) -> None:
    """TM-02: entries and columns alike."""
    before = clock.now()
    with timezone.override(zone):
        system = make_world().system
    system.refresh_from_db()
    assert system.created_at.utcoffset() == timedelta(0)
    assert before <= system.created_at <= clock.now()
    for row in Entry.objects.all():
        at = re.search(rb'"at":"([^"]+)"', bytes(row.bytes))
        assert at is not None
        assert at[1].endswith(b"Z")
        assert before - timedelta(seconds=1) <= datetime.fromisoformat(at[1].decode()) <= clock.now()
