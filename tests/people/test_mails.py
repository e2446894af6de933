"""Notices by mail, through a real mail server: once, to who wants it, with our own host and nothing but the sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from config import environment
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid
from ledger.models import OutboxMessage
from ledger.services import outbox
from people import mails
from people.models import MailDigest, Notice, NoticeMail
from people.services import notices
from people.services.people import user_deactivate
from tests.people.crew import Crew, acting
from tests.people.mailbox import Mailbox, mailbox

pytestmark = pytest.mark.django_db
OUTBOX = Actor.system("outbox")
SWEEP = Actor.system("notices")
WEDNESDAY = dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def post(settings: Any) -> Iterator[Mailbox]:
    with mailbox() as server:
        settings.PORTAL_URL, settings.MAIL_ON = "https://warrants.example", True
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def again() -> int:
    """Deliver what is due, also what was put back for later."""
    OutboxMessage.objects.filter(state="due").update(due_at=clock.now(), lease_until=None)
    return outbox.deliver_due(actor=OUTBOX)


def test_a_notice_is_one_mail_with_our_host_and_one_sentence(crew: Crew, post: Mailbox) -> None:
    user = crew.person()
    Notice.objects.all().delete()
    text = "Look\r\nBcc: everybody@example.org <b>now</b>"
    notices.notify([user], text, "/versions/1/?a=1&b=2")
    assert again() >= 1
    OutboxMessage.objects.update(state="due", attempts=0)  # delivered a second time
    again()
    (mail,) = post.mails
    assert mail["To"] == user.email
    assert mail["Bcc"] is None
    assert mail["Subject"] == "ModelWarrant: Look Bcc: everybody@example.org <b>now</b>"
    assert mail["List-Unsubscribe"] == "<https://warrants.example/profile/#mail>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{Notice.objects.get().pk}@warrants.example>"
    plain = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert "https://warrants.example/versions/1/?a=1&b=2" in plain
    assert "&lt;b&gt;now&lt;/b&gt;" in html
    assert 'href="https://warrants.example/versions/1/?a=1&amp;b=2"' in html
    assert "http" not in plain.replace("https://warrants.example", "")


def test_a_mail_server_that_is_away_delays_and_loses_nothing(crew: Crew, post: Mailbox) -> None:
    user = crew.person()
    OutboxMessage.objects.all().delete()
    notices.notify([user], "It matters.")
    post.refusing = True
    for _ in range(outbox.MAX_ATTEMPTS + 3):
        again()
    assert not NoticeMail.objects.exists()
    waiting = OutboxMessage.objects.get(state="due")
    assert waiting.payload == {"notice": str(Notice.objects.get(text="It matters.").pk)}
    post.refusing = False
    assert again() == 1
    assert [mail["Subject"] for mail in post.mails] == ["ModelWarrant: It matters."]


def test_after_days_a_mail_is_given_up_and_says_why(crew: Crew, post: Mailbox) -> None:
    user = crew.person()
    OutboxMessage.objects.all().delete()
    notices.notify([user], "Old news.")
    post.refusing = True
    OutboxMessage.objects.update(created_at=clock.now() - notices.KEPT_TRYING - dt.timedelta(hours=1))
    for _ in range(outbox.MAX_ATTEMPTS + 1):
        again()
    message = OutboxMessage.objects.get()
    assert message.state == "error"
    assert "451" in message.error


def test_who_wants_none_reads_first_or_is_locked_out_gets_none(crew: Crew, post: Mailbox) -> None:
    none, reader, gone, late = (crew.person() for _ in range(4))
    OutboxMessage.objects.all().delete()
    notices.mail_prefer(actor=acting(none), mode="none")
    notices.notify([none, reader, gone, late], "Look.")
    notices.notices_read(actor=acting(reader))
    user_deactivate(actor=crew.olga, user_id=gone.pk)
    notices.mail_prefer(actor=acting(late), mode="none")  # after the notice, before the delivery
    again()
    assert post.mails == []
    with pytest.raises(Invalid):
        notices.mail_prefer(actor=acting(late), mode="hourly")


def test_a_digest_comes_once_a_working_day_at_the_opening(
    crew: Crew, post: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = crew.person()
    OutboxMessage.objects.all().delete()
    Notice.objects.all().delete()
    notices.mail_prefer(actor=acting(user), mode="digest")
    at = WEDNESDAY.replace(hour=5)
    monkeypatch.setattr(clock, "now", lambda: at)
    for number, text in enumerate(("One.", "Two.")):
        moment = at + dt.timedelta(minutes=number)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        notices.notify([user], text, "/")
    assert notices.digests_ask(actor=SWEEP) == 0  # before the opening
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY)
    assert [notices.digests_ask(actor=SWEEP) for _ in range(2)] == [1, 0]
    again()
    OutboxMessage.objects.update(state="due", attempts=0)
    again()
    (mail,) = post.mails
    assert mail["Subject"] == "ModelWarrant: 2 notices"
    assert mail.get_body(("plain",)).get_content().index("One.") < mail.get_body(
        ("plain",)
    ).get_content().index("Two.")
    assert MailDigest.objects.get().sent_at == WEDNESDAY
    tomorrow = WEDNESDAY + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert notices.digests_ask(actor=SWEEP) == 0  # nothing new
    notices.notify([user], "Three.")
    monkeypatch.setattr(clock, "now", lambda: tomorrow + dt.timedelta(days=2))  # Saturday
    assert notices.digests_ask(actor=SWEEP) == 0


def test_without_settings_nothing_is_queued(crew: Crew) -> None:
    notices.notify([crew.person()], "Look.")
    assert not OutboxMessage.objects.filter(channel="mail").exists()
    assert not mails.is_on()


def test_the_profile_asks_how_often_and_leads_nowhere_else(crew: Crew, post: Mailbox) -> None:
    client = Client(headers={"host": "localhost"})
    client.force_login(crew.person())
    assert client.post("/profile/mail/", {"mode": "digest"}).status_code == 302
    page = client.get("/profile/").content.decode()
    assert 'value="digest" checked' in page
    assert client.post("/profile/mail/", {"mode": "x"}).status_code == 400
    assert client.get("/profile/mail/").status_code == 405


@pytest.mark.once
@pytest.mark.parametrize(
    ("portal", "on", "sender", "said"),
    [
        ("", True, "a@example.org", "PORTAL_URL isn't"),
        ("https://a.example/path", True, "a@example.org", "without a path"),
        ("javascript:alert(1)", False, "a@example.org", "an origin"),
        ("https://a.example", True, "nobody", "MAIL_FROM"),
        ("https://a.example", True, "a@example.org", ""),
        ("", False, "nobody", ""),
    ],
)
def test_settings_that_cannot_be_meant(settings: Any, portal: str, on: bool, sender: str, said: str) -> None:
    settings.PORTAL_URL, settings.MAIL_ON, settings.DEFAULT_FROM_EMAIL = portal, on, sender
    assert (said in mails.problem()) if said else mails.problem() == ""


@pytest.mark.once
def test_the_address_of_the_mail_server(tmp_path: Any) -> None:
    on, found = environment.mail("smtp+tls://ann:p%40ss@mail.example:587")
    assert on
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == ("mail.example", 587, True)
    assert found["EMAIL_HOST_PASSWORD"] == "p@ss"
    (tmp_path / "password").write_text("secret\n")
    _, found = environment.mail("smtp://ann@mail.example", str(tmp_path / "password"))
    assert found["EMAIL_HOST_PASSWORD"] == "secret"
    off, found = environment.mail("")
    assert not off
    assert "dummy" in found["EMAIL_BACKEND"]
