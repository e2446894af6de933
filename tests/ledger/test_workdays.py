"""Deadlines in working days, also where the clock changes (TM-02)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledger.workdays import Calendar, calendar, calendar_problem

WEEK = frozenset(range(5))
BERLIN = Calendar(ZoneInfo("Europe/Berlin"), 8, 18, WEEK, "DE")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (utc(2026, 11, 20, 9), 1, utc(2026, 11, 23, 17)),  # Friday: the next working day is Monday
        (utc(2026, 11, 21, 9), 0, utc(2026, 11, 23, 17)),  # a Saturday counts as the Monday after it
        (utc(2026, 12, 24, 9), 1, utc(2026, 12, 28, 17)),  # two days of Christmas and a weekend
        (utc(2026, 3, 27, 9), 1, utc(2026, 3, 30, 16)),  # the clock went forward: 18 o'clock is 16 UTC
        (utc(2026, 10, 23, 9), 1, utc(2026, 10, 26, 17)),  # and back
        (utc(2028, 2, 28, 9), 1, utc(2028, 2, 29, 17)),  # 29 February
    ],
)
def test_a_deadline_is_the_close_of_a_working_day(start: datetime, days: int, end: datetime) -> None:
    assert BERLIN.after(start, days) == end


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "America/St_Johns"])
def test_a_deadline_is_the_same_moment_for_everybody_and_a_working_hour_there(zone: str) -> None:
    there = Calendar(ZoneInfo(zone), 8, 18, WEEK)
    end = there.after(utc(2026, 11, 20, 23, 30), 3)
    local = end.astimezone(ZoneInfo(zone))
    assert (local.hour, local.weekday() in WEEK, end.tzinfo) == (18, True, UTC)


@pytest.mark.parametrize(
    ("moment", "lapses"),
    [
        (utc(2026, 11, 23, 10), utc(2026, 11, 23, 10)),
        (utc(2026, 11, 23, 17), utc(2026, 11, 24, 7)),  # 18 o'clock there: they have gone
        (utc(2026, 11, 23, 2), utc(2026, 11, 23, 7)),
        (utc(2026, 11, 21, 2), utc(2026, 11, 23, 7)),
        (utc(2026, 12, 24, 18), utc(2026, 12, 28, 7)),
    ],
)
def test_what_lapses_does_so_when_people_work(moment: datetime, lapses: datetime) -> None:
    assert BERLIN.within(moment) == lapses


def test_no_hour_is_lost_or_doubled_over_a_year() -> None:
    moment, seen = utc(2026, 1, 1), []
    while moment < utc(2027, 1, 1):
        moment = BERLIN.after(moment, 1)
        seen.append(moment.astimezone(BERLIN.zone).date())
    assert seen == sorted(set(seen))
    assert all(BERLIN.works(day) for day in seen)
    assert date(2026, 5, 1) not in seen


def test_a_calendar_without_working_days_says_so() -> None:
    with pytest.raises(ValueError, match="working days"):
        Calendar(ZoneInfo("UTC"), 8, 18, frozenset()).after(utc(2026, 1, 1), 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKING_ZONE", "Mars/Olympus"),
        ("WORKING_HOURS", (18, 8)),
        ("WORKING_HOURS", (8,)),
        ("WORKING_WEEKDAYS", []),
        ("WORKING_WEEKDAYS", [7]),
        ("WORKING_COUNTRY", "XX"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(settings: Any, name: str, value: object) -> None:
    assert calendar_problem() == ""
    setattr(settings, name, value)
    assert name in calendar_problem()


def test_the_installation_has_one_calendar(settings: Any) -> None:
    settings.WORKING_ZONE, settings.WORKING_COUNTRY = "Europe/Berlin", "DE"
    assert calendar() == BERLIN
