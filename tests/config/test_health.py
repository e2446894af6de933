"""/readyz: what takes the service out, what is only told, and a clock that is apart from the database's (TM-01)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from ledger import clock, triggers
from ledger.tasks import self_audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call to set the database's clock back or forward by so many hours."""
    real = clock.now

    def by(hours: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=hours))

    return by


def test_a_sound_service_is_ready_and_says_nothing_more(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["warnings"]) == (200, {})


@pytest.mark.parametrize(("hours", "said"), [(1, "behind"), (-1, "ahead of"), (24, "behind")])
def test_a_clock_apart_is_told_and_takes_nothing_out(
    client: Client, apart: Any, hours: int, said: str
) -> None:
    apart(hours)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert f"{abs(hours) * 3600} s {said} the database's" in answer.json()["warnings"]["clock"]


def test_a_workers_log_says_it_too(apart: Any, caplog: pytest.LogCaptureFixture) -> None:
    self_audit()
    assert "clock" not in caplog.text
    apart(-2)
    self_audit()
    assert "this worker's clock and the database's are 7200 s apart" in caplog.text


def test_seconds_are_nobodys_alarm(client: Client, apart: Any) -> None:
    apart(20 / 3600)
    assert client.get("/readyz").json()["warnings"] == {}


def test_time_comes_from_the_database_whatever_this_machine_thinks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2001, 1, 1, tzinfo=tz)

    monkeypatch.setattr(clock, "datetime", Wrong)
    assert clock.now().year > 2020
    assert clock.skew() < -timedelta(days=9000)


def test_a_log_that_could_be_altered_takes_the_service_out(client: Client) -> None:
    with triggers.disabled(connection):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "append-only are missing" in answer.json()["checks"]["triggers"]
