"""Working days and hours, so that nothing falls due, and nothing lapses, while nobody is there.

A deadline is counted in working days of one calendar: a time zone, hours, free weekdays and public holidays, all
settings of the installation. What is stored stays a moment in UTC. A day of the calendar may have 23 or 25 hours; the
rule is always the wall clock of the zone, so that neither an hour is lost nor one counted twice. This module knows
no row and no person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import holidays
from django.conf import settings

MOST_DAYS = 4_000
"""No deadline is farther away; a calendar without any working day would otherwise be searched for ever."""


@dataclass(frozen=True)
class Calendar:
    """`weekdays` are worked on (Monday is 0) from `opens` to `closes` o'clock in `zone`; `country` names the public
    holidays (ISO 3166 code; empty: none)."""

    zone: ZoneInfo
    opens: int
    closes: int
    weekdays: frozenset[int]
    country: str = ""

    def works(self, day: date) -> bool:
        """Whether people work on `day`."""
        return day.weekday() in self.weekdays and day not in _free(self.country, day.year)

    def after(self, moment: datetime, working_days: int) -> datetime:
        """The close of the `working_days`-th working day after the one that `moment` lies in, in UTC."""
        day = _working_day(self, moment.astimezone(self.zone).date(), working_days)
        return self._at(day, self.closes)

    def within(self, moment: datetime) -> datetime:
        """`moment` if people work then, otherwise the next opening, in UTC: when something may lapse."""
        local = moment.astimezone(self.zone)
        day = local.date()
        if self.works(day) and self.opens <= local.hour < self.closes:
            return moment.astimezone(UTC)
        if local.hour >= self.opens:
            day += timedelta(days=1)
        for _ in range(MOST_DAYS):
            if self.works(day):
                return self._at(day, self.opens)
            day += timedelta(days=1)
        raise ValueError(f"no working day within {MOST_DAYS} days")

    def _at(self, day: date, hour: int) -> datetime:
        # An hour that the clocks skip is read as the zone's offset before the change (PEP 495, fold 0).
        return datetime.combine(day, time(hour), self.zone).astimezone(UTC)


def calendar() -> Calendar:
    """The calendar of this installation (settings WORKING_*)."""
    opens, closes = settings.WORKING_HOURS
    weekdays = frozenset(settings.WORKING_WEEKDAYS)
    return Calendar(ZoneInfo(settings.WORKING_ZONE), opens, closes, weekdays, settings.WORKING_COUNTRY)


def calendar_problem() -> str:
    """What is wrong with the settings WORKING_*, for start-up; empty if nothing is."""
    hours, country = settings.WORKING_HOURS, settings.WORKING_COUNTRY
    if settings.WORKING_ZONE not in available_timezones():
        return f"WORKING_ZONE: there is no time zone '{settings.WORKING_ZONE}'."
    if len(hours) != 2 or not 0 <= hours[0] < hours[1] <= 23:
        return "WORKING_HOURS: two hours from 0 to 23 are needed, the first before the second, as in 8,18."
    if not settings.WORKING_WEEKDAYS or not set(settings.WORKING_WEEKDAYS) <= set(range(7)):
        return "WORKING_WEEKDAYS: at least one number from 0 (Monday) to 6 (Sunday) is needed."
    if country and country not in holidays.list_supported_countries():
        return f"WORKING_COUNTRY: the holidays of '{country}' are not known (ISO 3166, two letters)."
    return ""


@lru_cache(maxsize=1_024)
def _working_day(calendar: Calendar, day: date, working_days: int) -> date:
    # A list of two hundred due dates asks of few days, and of the same ones again.
    left = working_days
    for _ in range(MOST_DAYS):
        if left <= 0 and calendar.works(day):
            return day
        day += timedelta(days=1)
        left -= calendar.works(day)
    raise ValueError(f"no {working_days} working days within {MOST_DAYS} days")


@lru_cache(maxsize=64)
def _free(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year)) if country else frozenset()
