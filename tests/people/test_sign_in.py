"""Signing in over HTTP: password, second factor, limits, and what ends a session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.test import Client

from ledger import clock
from ledger.models import Entry
from people import actors
from people.models import Attempt, User
from people.services import attempts
from people.services.grants import grant_revoke
from people.services.passwords import password_change
from people.services.people import user_deactivate
from people.services.recoveries import recovery_confirm, recovery_request
from tests.people.crew import PASSWORD, Crew, acting, code

pytestmark = pytest.mark.django_db


def password(client: Client, email: str, given: str = PASSWORD, **more: Any) -> Any:
    return client.post("/sign-in/", {"email": email, "password": given, **more})


def signed_in(crew: Crew, user: User, client: Client | None = None) -> Client:
    client = client or Client()
    totp = crew.enrol(user)
    password(client, user.email)
    answer = client.post("/second-factor/", {"code": code(totp)})
    assert answer.status_code == 302, answer.content
    return client


def events() -> list[str]:
    return [name for name in Entry.objects.order_by("at").values_list("event", flat=True) if "sign" in name]


@pytest.mark.once
def test_an_auditor_needs_no_second_factor(crew: Crew) -> None:
    user, client = crew.person("auditor"), Client()
    answer = password(client, f"  {user.email.upper()} ", next="/profile/")
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    page = client.get("/profile/")
    assert page.status_code == 200
    assert "Auditor" in page.content.decode()
    assert client.session[actors.SECOND_FACTOR] is False
    assert events() == ["people.signed_in"]
    answer = client.post("/sign-out/")
    assert answer["Location"] == "/sign-in/"
    assert client.get("/profile/").status_code == 302
    assert events() == ["people.signed_in", "people.signed_out"]


@pytest.mark.once
def test_a_hash_that_is_made_stronger_on_the_way_in_ends_no_sign_in(crew: Crew, settings: Any) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    totp = crew.enrol(user)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    password(client, user.email)
    user.refresh_from_db()
    assert user.password.startswith("pbkdf2_sha256$")
    assert client.post("/second-factor/", {"code": code(totp)}).status_code == 302
    assert client.get("/people/").status_code == 200


@pytest.mark.once
def test_who_decides_sets_up_a_second_factor_first(crew: Crew) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    answer = password(client, user.email, next="/people/")
    assert answer["Location"] == "/second-factor/set-up/"
    assert client.get("/profile/").status_code == 302  # not in yet
    page = client.get("/second-factor/set-up/")
    secret = page.context["secret"].replace(" ", "")
    assert client.get("/second-factor/set-up/").context["secret"].replace(" ", "") == secret
    image = client.get("/second-factor/set-up/code.svg")
    assert image["Content-Type"] == "image/svg+xml"
    assert "no-store" in image["Cache-Control"]
    totp = pyotp.TOTP(secret)
    wrong = client.post("/second-factor/set-up/", {"code": "000000"})
    assert wrong.status_code == 400
    answer = client.post("/second-factor/set-up/", {"code": code(totp)})
    assert (answer.status_code, answer["Location"]) == (302, "/people/")
    assert client.session[actors.SECOND_FACTOR] is True
    assert client.get("/people/").status_code == 200
    user.refresh_from_db()
    assert user.second_factor_at is not None
    assert secret not in user.totp_secret
    assert client.get("/second-factor/set-up/code.svg").status_code == 302


@pytest.mark.once
def test_both_factors_make_an_interactive_session(crew: Crew) -> None:
    user = crew.person("risk-reviewer")
    client = signed_in(crew, user)
    said = client.get("/api/v1/me").json()
    assert said["second_factor"] is True
    assert "governance.version.approve" in said["permissions"]


def test_a_code_is_used_once(crew: Crew) -> None:
    user = crew.person("risk-reviewer")
    totp = crew.enrol(user)
    shown = code(totp)
    first, second = Client(), Client()
    for client in (first, second):
        password(client, user.email)
    assert first.post("/second-factor/", {"code": shown}).status_code == 302
    replayed = second.post("/second-factor/", {"code": shown})
    assert replayed.status_code == 400
    assert "Wait for the next one" in replayed.content.decode()
    assert second.get("/profile/").status_code == 302
    later = second.post("/second-factor/", {"code": code(totp, steps=1)})
    assert later.status_code == 302


@pytest.mark.once
@pytest.mark.parametrize("wrong", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345"])
def test_codes_that_are_none(crew: Crew, wrong: str) -> None:
    user, client = crew.person("owner"), Client()
    crew.enrol(user)
    password(client, user.email)
    assert client.post("/second-factor/", {"code": wrong}).status_code == 400
    assert client.get("/profile/").status_code == 302


@pytest.mark.once
def test_an_old_or_early_code_is_not_right(crew: Crew) -> None:
    user, client = crew.person("owner"), Client()
    totp = crew.enrol(user)
    password(client, user.email)
    for steps in (-3, 3):
        assert client.post("/second-factor/", {"code": code(totp, steps)}).status_code == 400


@pytest.mark.once
def test_no_second_step_without_the_first(crew: Crew) -> None:
    totp, client = crew.enrol(crew.first), Client()
    for address in ("/second-factor/", "/second-factor/set-up/", "/second-factor/set-up/code.svg"):
        assert client.get(address)["Location"] == "/sign-in/"
    assert client.post("/second-factor/", {"code": code(totp)})["Location"] == "/sign-in/"


@pytest.mark.once
def test_the_second_step_waits_ten_minutes(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    totp, client = crew.enrol(crew.first), Client()
    password(client, crew.first.email)
    later = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.post("/second-factor/", {"code": code(totp)})["Location"] == "/sign-in/"


@pytest.mark.once
def test_answers_are_equal_for_known_and_unknown(crew: Crew) -> None:
    locked = crew.person("auditor")
    user_deactivate(actor=crew.olga, user_id=locked.pk)
    answers = [
        password(Client(), crew.first.email, "wrong-password-1"),
        password(Client(), "nobody@example.org", "wrong-password-1"),
        password(Client(), locked.email),
        password(Client(), crew.first.email, "x" * 1024),
    ]
    texts = [answer.context["form"].non_field_errors()[0] for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert set(texts) == {"E-mail address or password is not right."}
    assert events() == ["people.sign_in_failed"] * 4


@pytest.mark.once
def test_unknown_accounts_cost_the_same_work(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def work(self: object, given: str, salt: str, *more: object) -> str:
        made.append(given)
        return f"md5${salt}$0"

    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", work)
    password(Client(), crew.first.email, "wrong-password-1")
    known = len(made)
    password(Client(), "nobody@example.org", "wrong-password-1")
    assert len(made) == 2 * known > 0


def test_tries_are_limited_for_accounts_that_exist_and_that_do_not(crew: Crew) -> None:
    for email in (crew.first.email, "nobody@example.org"):
        client = Client()
        for _ in range(8):
            assert password(client, email, "wrong-password-1").status_code == 401
        for given in ("wrong-password-1", PASSWORD):
            answer = password(client, email, given)
            assert answer.status_code == 429
            assert "Too many attempts" in answer.content.decode()
    # another account from the same address goes on
    assert password(Client(), crew.second.email).status_code == 302


@pytest.mark.once
def test_tries_are_limited_by_address(crew: Crew) -> None:
    for number in range(60):
        answer = Client(REMOTE_ADDR="192.0.2.7").post(
            "/sign-in/", {"email": f"guess{number}@example.org", "password": "x"}
        )
        assert answer.status_code == 401
    limited = Client(REMOTE_ADDR="192.0.2.7").post("/sign-in/", {"email": "new@example.org", "password": "x"})
    assert limited.status_code == 429
    assert password(Client(REMOTE_ADDR="192.0.2.8"), crew.first.email).status_code == 302


def test_the_second_factor_is_limited_and_the_limit_ends(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    totp, client = crew.enrol(crew.first), Client()
    password(client, crew.first.email)
    for _ in range(5):
        assert client.post("/second-factor/", {"code": "000000"}).status_code == 400
    assert client.post("/second-factor/", {"code": code(totp)}).status_code == 429
    later = clock.now() + attempts.WINDOW
    monkeypatch.setattr(clock, "now", lambda: later)
    assert attempts.sweep() > 0
    assert not Attempt.objects.exists()
    client = Client()
    password(client, crew.first.email)
    assert client.post("/second-factor/", {"code": code(totp)}).status_code == 302


@pytest.mark.once
@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
        "http:///evil.example",
        "",
    ],
)
def test_onward_leads_to_our_own_host_alone(crew: Crew, onward: str) -> None:
    user = crew.person("auditor")
    assert password(Client(), user.email, next=onward)["Location"] == "/"
    assert password(Client(), user.email, next="/people/?role=owner")["Location"] == "/people/?role=owner"


@pytest.mark.once
def test_a_foreign_host_is_refused(crew: Crew) -> None:
    assert Client().get("/sign-in/", HTTP_HOST="evil.example").status_code == 400


@pytest.mark.once
def test_a_session_gets_a_new_id_at_each_step(crew: Crew) -> None:
    client = Client()
    client.get("/sign-in/")
    planted = client.session
    planted["planted"] = True
    planted.save()
    keys = [planted.session_key]
    client.cookies["sessionid"] = planted.session_key
    totp = crew.enrol(crew.first)
    password(client, crew.first.email)
    keys.append(client.session.session_key)
    client.post("/second-factor/", {"code": code(totp)})
    keys.append(client.session.session_key)
    assert len(set(keys)) == 3
    assert "planted" not in client.session


@pytest.mark.sampled
@pytest.mark.parametrize("how", ["password", "locked out", "second factor", "recovery"])
def test_what_ends_other_sessions(crew: Crew, how: str) -> None:
    user = crew.person("risk-reviewer")
    client = signed_in(crew, user)
    assert client.get("/profile/").status_code == 200
    if how == "password":
        password_change(actor=acting(user), current=PASSWORD, new="another-long-password-3")
    elif how == "locked out":
        user_deactivate(actor=crew.olga, user_id=user.pk)
    else:
        what = "password" if how == "recovery" else "second-factor"
        asked = recovery_request(actor=crew.olga, user_id=user.pk, what=what, reason="Lost.")
        recovery_confirm(actor=crew.omar, recovery_id=asked.pk)
    assert client.get("/profile/").status_code == 302
    assert client.get("/api/v1/me").status_code in (401, 403)


def test_a_lost_role_acts_on_the_next_request_of_a_living_session(crew: Crew) -> None:
    """AZ-12"""
    user = crew.person("risk-reviewer")
    client = signed_in(crew, user)
    assert client.get("/people/").status_code == 200
    grant_revoke(actor=crew.olga, grant_id=user.grants.get().pk, reason="Moved.")
    assert client.get("/people/").status_code in (403, 404)
    assert client.get("/api/v1/me").json()["permissions"] == []


@pytest.mark.once
def test_a_one_time_password_leads_nowhere_but_to_its_change(crew: Crew) -> None:
    user = crew.person("auditor")
    asked = recovery_request(actor=crew.olga, user_id=user.pk, what="password", reason="Forgot.")
    _, once = recovery_confirm(actor=crew.omar, recovery_id=asked.pk)
    client = Client()
    password(client, user.email, once)
    assert client.get("/profile/")["Location"] == "/password/"
    assert client.get("/api/v1/me").status_code == 403
    new = "another-long-password-4"
    for current, first, again, status in [
        ("wrong", new, new, 400),
        (once, new, "different-long-password", 400),
        (once, "short", "short", 400),
        (once, once, once, 400),
        (once, "password1234", "password1234", 400),
    ]:
        answer = client.post("/password/", {"current": current, "new": first, "again": again})
        assert answer.status_code == status, (current, first)
        assert answer.context["form"].errors
    answer = client.post("/password/", {"current": once, "new": new, "again": new})
    assert answer["Location"] == "/profile/"
    assert client.get("/profile/").status_code == 200
    assert password(Client(), user.email, once).status_code == 401


@pytest.mark.once
def test_state_changes_by_post_with_our_token_alone(crew: Crew) -> None:
    """AZ-09"""
    user = crew.person("auditor")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    for address in ("/sign-out/", "/profile/notices/read/"):
        assert client.get(address).status_code == 405
        assert client.head(address).status_code == 405
        assert client.post(address).status_code == 403
        assert client.post(address, "{}", content_type="text/plain").status_code == 403
        assert client.get(address, HTTP_X_HTTP_METHOD_OVERRIDE="POST").status_code == 405
    for address in ("/sign-in/", "/password/"):
        assert client.post(address, {"email": user.email, "password": PASSWORD}).status_code == 403
        assert client.put(address).status_code in (403, 405)
    assert client.get("/profile/").status_code == 200
    assert events() == []


@pytest.mark.once
def test_signing_in_again_refreshes_the_proof(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    user = crew.person("auditor")
    client = Client()
    password(client, user.email)
    before = client.session[actors.AUTHENTICATED_AT]
    later = clock.now() + timedelta(minutes=20)
    monkeypatch.setattr(clock, "now", lambda: later)
    # too old a proof to set up a second factor with
    assert client.get("/second-factor/set-up/")["Location"] == "/sign-in/"
    password(client, user.email)
    assert client.session[actors.AUTHENTICATED_AT] > before
    assert client.get("/second-factor/set-up/").status_code == 200


@pytest.mark.once
def test_a_secret_sealed_with_a_lost_key_signs_nobody_in(crew: Crew, settings: Any) -> None:
    totp = crew.enrol(crew.first)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-" + settings.SECRET_KEY
    client = Client()
    password(client, crew.first.email)
    assert client.post("/second-factor/", {"code": code(totp)}).status_code == 400
    settings.SECRET_KEY_FALLBACKS = [old]
    assert client.post("/second-factor/", {"code": code(totp)}).status_code == 302
