"""The private calendar: whose, what, and how it ends."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import unquote

import icalendar
import pytest
from django.test import Client

from ledger import clock
from ledger.actors import Actor
from ledger.errors import NotAllowed
from people import access
from people.catalogue import P
from people.models import CalendarFeed, User
from people.services import calendars, feeds
from people.services.calendars import DueDate
from people.services.grants import grant_revoke
from people.services.people import user_deactivate
from tests.people.crew import Crew, acting

pytestmark = [pytest.mark.django_db, pytest.mark.once]
DUE = dt.datetime(2026, 12, 4, 18, tzinfo=dt.UTC)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something is due to whoever may approve versions."""

    def due(actor: Actor) -> list[DueDate]:
        if not access.reach(actor).anywhere(P.VERSION_APPROVE):
            return []
        return [DueDate("decide-1", "Decide: Risk, model; 1\nEND:VCALENDAR", DUE, "/versions/1/decide/")]

    monkeypatch.setattr(calendars, "_sources", {"test": due})


def address(user: User) -> str:
    client = Client()
    client.force_login(user)
    session = client.session
    session["people.second_factor"] = True
    session.save()
    page = client.post("/profile/calendar/")
    assert page.status_code == 200
    found = re.search(r'value="https?://[a-z.]+(/profile/due\.ics\?token=[^"]+)"', page.content.decode())
    assert found is not None
    return unquote(found[1])


def test_a_calendar_reads_what_is_due_now(crew: Crew, source: None, settings: object) -> None:
    settings.PORTAL_URL = "https://warrants.example"  # type: ignore[attr-defined]
    user = crew.person("risk-reviewer")
    url = address(user)
    answer = Client().get(url)
    assert answer["Content-Type"].startswith("text/calendar")
    assert "no-store" in answer["Cache-Control"]
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["SUMMARY"] == "Decide: Risk, model; 1\nEND:VCALENDAR"  # escaped, and read back whole
    assert event["UID"] == "decide-1@modelwarrant"
    assert event["DTEND"].dt == DUE
    assert event["URL"] == "https://warrants.example/versions/1/decide/"
    token = url.partition("token=")[2]
    assert token not in CalendarFeed.objects.get().token_digest
    grant_revoke(actor=crew.olga, grant_id=user.grants.get().pk, reason="They left.")
    assert b"VEVENT" not in Client().get(url).content  # the role is gone, and so is what was due by it


def test_a_wrong_ended_or_replaced_token_looks_alike(crew: Crew, source: None) -> None:
    user = crew.person("risk-reviewer")
    first = address(user)
    second = address(user)
    wrong = [first, "/profile/due.ics", "/profile/due.ics?token=", "/profile/due.ics?token=x", f"{second}x",
             f"/profile/due.ics?token={'a' * 5000}"]  # fmt: skip
    answers = [Client().get(url) for url in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert Client().get(second).status_code == 200
    assert Client().post(second).status_code == 405
    client = Client()
    client.force_login(user)
    assert client.post("/profile/calendar/end/").status_code == 302
    assert Client().get(second).status_code == 404
    third = address(user)
    user_deactivate(actor=crew.olga, user_id=user.pk)
    assert Client().get(third).status_code == 404


def test_guesses_and_readings_are_limited(crew: Crew, source: None) -> None:
    url = address(crew.person("risk-reviewer"))
    codes = [Client().get("/profile/due.ics?token=x").status_code for _ in range(feeds.WRONG_TRIES + 1)]
    assert codes == [404] * feeds.WRONG_TRIES + [429]
    codes = [Client().get(url).status_code for _ in range(feeds.READINGS + 1)]
    assert codes == [200] * feeds.READINGS + [429]


def test_the_token_is_good_for_nothing_else(crew: Crew, source: None) -> None:
    user = crew.person("risk-reviewer")
    token = address(user).partition("token=")[2]
    for header in (f"Bearer {token}", f"Token {token}"):
        assert Client().get("/api/v1/me", headers={"authorization": header}).status_code == 401
    assert Client().get(f"/?token={token}").status_code == 302
    reader = feeds.feed_reader(token=token, address="203.0.113.1")
    assert reader is not None
    with pytest.raises(NotAllowed):
        access.require_recent(reader)
    assert reader.authenticated_at is None
    with pytest.raises(NotAllowed):
        feeds.feed_renew(actor=acting(user, interactive=False))
    assert clock.now() > CalendarFeed.objects.get().created_at
