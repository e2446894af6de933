"""Passkeys over HTTP: added, used as second factor and alone, removed; and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from ledger import clock
from ledger.models import Entry
from ledger.selectors import parsed
from people import actors
from people.models import Passkey, User
from people.services.recoveries import recovery_confirm, recovery_request
from tests.people.authenticator import Authenticator
from tests.people.crew import PASSWORD, Crew
from tests.people.test_sign_in import password, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def options(answer: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(answer.context["options"])
    return said


def added(client: Client, device: Authenticator | None = None, label: str = "laptop") -> Authenticator:
    """A passkey made by whoever is in `client`."""
    device = device or Authenticator()
    asked = options(client.get("/second-factor/passkey/"))
    answer = client.post("/second-factor/passkey/", {"label": label, "answer": device.make(asked)})
    assert answer.status_code == 302, answer.content
    return device


def enrolled(crew: Crew) -> tuple[User, Authenticator, Client]:
    """A reviewer whose only second factor is a passkey, and the session it was made in."""
    user, client = crew.person("risk-reviewer"), Client()
    password(client, user.email, next="/people/")
    device = added(client)
    return user, device, client


def alone(client: Client, device: Authenticator, **more: Any) -> Any:
    """Sign in by the passkey and nothing else."""
    asked = options(client.get("/sign-in/passkey/"))
    return client.post("/sign-in/passkey/", {"answer": device.use(asked, **more), "next": "/profile/"})


def failures() -> list[str]:
    rows = Entry.objects.filter(event="people.sign_in_failed").order_by("at")
    return [str(parsed(row).data["reason"]) for row in rows]


def test_a_passkey_can_be_the_second_factor_that_a_role_needs(crew: Crew) -> None:
    user, device, client = enrolled(crew)
    assert client.session[actors.SECOND_FACTOR] is True
    row = Passkey.objects.get(user=user)
    assert (row.host, row.label, row.state) == ("testserver", "laptop", "active")
    again = Client()
    assert password(again, user.email)["Location"] == "/second-factor/"
    page = again.get("/second-factor/")
    assert b"Your passkey" in page.content
    assert b"authenticator app" not in page.content
    assert again.get("/profile/").status_code == 302
    answer = again.post("/sign-in/passkey/", {"answer": device.use(options(page))})
    assert answer.status_code == 302
    said = again.get("/api/v1/me").json()
    assert said["second_factor"] is True
    assert "governance.version.approve" in said["permissions"]


def test_a_passkey_signs_in_by_itself(crew: Crew) -> None:
    _, device, _ = enrolled(crew)
    client = Client()
    answer = alone(client, device)
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert client.session[actors.SECOND_FACTOR] is True
    assert b"laptop" in client.get("/profile/").content
    assert Entry.objects.filter(event="people.signed_in").count() == 2


def test_an_answer_is_used_once(crew: Crew) -> None:
    _, device, _ = enrolled(crew)
    client = Client()
    sent = device.use(options(client.get("/sign-in/passkey/")))
    assert client.post("/sign-in/passkey/", {"answer": sent}).status_code == 302
    for other in (client, Client()):
        assert other.post("/sign-in/passkey/", {"answer": sent}).status_code == 401


def test_a_copied_key_shows_by_its_counter(crew: Crew) -> None:
    _, device, _ = enrolled(crew)
    assert alone(Client(), device).status_code == 302
    device.count = 0
    assert alone(Client(), device).status_code == 401
    assert failures() == ["passkey_counter"]


def test_what_is_refused(crew: Crew) -> None:
    user, device, _ = enrolled(crew)
    other = Authenticator()  # nobody's
    forged = Authenticator()
    forged.id, forged.user = device.id, device.user  # the right name, another key
    elsewhere = Authenticator(origin="https://testserver.evil.example")
    elsewhere.id, elsewhere.key, elsewhere.user = device.id, device.key, device.user
    for wrong in (other, forged, elsewhere):
        assert alone(Client(), wrong).status_code == 401
    device.verified = False  # present, but nobody showed a PIN or finger
    assert alone(Client(), device).status_code == 401
    device.verified = True
    assert alone(Client(), device, userHandle=crew.first.pk.bytes).status_code == 401
    for junk in ("", "{", "[]", "null", "{}", '{"id": 1}', "[" * 20_000):
        client = Client()
        client.get("/sign-in/passkey/")
        assert client.post("/sign-in/passkey/", {"answer": junk}).status_code in (400, 401), junk[:20]
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert alone(Client(), device).status_code == 401


def test_a_passkey_of_somebody_else_is_no_second_factor(crew: Crew) -> None:
    _, theirs, _ = enrolled(crew)
    user, _, _ = enrolled(crew)
    client = Client()
    password(client, user.email)
    asked = options(client.get("/second-factor/"))
    assert client.post("/sign-in/passkey/", {"answer": theirs.use(asked)}).status_code == 401
    assert client.get("/profile/").status_code == 302


def test_the_password_alone_adds_no_second_factor_beside_the_one_there_is(crew: Crew) -> None:
    user, _, _ = enrolled(crew)
    client = Client()
    password(client, user.email)
    for page in ("/second-factor/passkey/", "/second-factor/set-up/", "/second-factor/set-up/code.svg"):
        assert client.get(page)["Location"] == "/sign-in/"


def test_adding_needs_a_fresh_sign_in(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(crew, crew.person("risk-reviewer"))
    later = clock.now() + timedelta(minutes=16)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.get("/second-factor/passkey/")["Location"] == "/sign-in/"
    asked = {"label": "x", "answer": "{}"}
    assert client.post("/second-factor/passkey/", asked)["Location"] == "/sign-in/"
    assert not Passkey.objects.exists()


def test_removing_one_ends_what_was_begun_with_it(crew: Crew) -> None:
    user = crew.person("risk-reviewer")
    by_code = signed_in(crew, user)
    device = added(by_code)
    by_passkey = Client()
    alone(by_passkey, device)
    row = Passkey.objects.get(user=user)
    stranger = signed_in(crew, crew.person("owner"))
    address = f"/profile/passkeys/{row.pk}/remove/"
    assert stranger.post(address).status_code == 404
    assert by_code.get(address).status_code == 200
    assert by_code.post(address).status_code == 302
    assert by_passkey.get("/profile/").status_code == 302
    assert by_code.get("/profile/").status_code == 200
    assert alone(Client(), device).status_code == 401
    assert Entry.objects.filter(event="people.passkey_removed").count() == 1


def test_the_only_second_factor_a_role_needs_stays(crew: Crew) -> None:
    user, _, client = enrolled(crew)
    address = f"/profile/passkeys/{Passkey.objects.get(user=user).pk}/remove/"
    answer = client.post(address)
    assert answer.status_code == 409
    assert b"Add another first" in answer.content
    assert Passkey.objects.get(user=user).state == "active"


def test_two_operators_remove_a_lost_one(crew: Crew) -> None:
    user, device, client = enrolled(crew)
    lost = recovery_request(actor=crew.olga, user_id=user.pk, what="second-factor", reason="Lost.")
    recovery_confirm(actor=crew.omar, recovery_id=lost.pk)
    assert client.get("/profile/").status_code == 302
    assert alone(Client(), device).status_code == 401
    assert password(Client(), user.email)["Location"] == "/second-factor/set-up/"


def test_guessing_is_limited(crew: Crew) -> None:
    user, _, _ = enrolled(crew)
    client = Client()
    password(client, user.email)
    answers = []
    for _ in range(6):
        asked = options(client.get("/second-factor/"))
        answers.append(client.post("/sign-in/passkey/", {"answer": Authenticator().use(asked)}).status_code)
    assert answers == [401] * 5 + [429]


def test_the_log_holds_no_label_and_no_key(crew: Crew) -> None:
    user, _, _ = enrolled(crew)
    row = Passkey.objects.get(user=user)
    stored = bytes(Entry.objects.get(event="people.passkey_added").bytes).decode()
    assert row.credential_id not in stored
    assert row.public_key not in stored
    assert "laptop" not in stored
    assert PASSWORD not in stored
