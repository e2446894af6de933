"""Tokens: shown once, checked on every request, ended at once. Through the API, as callers meet them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere
from ledger.models import Entry
from people.catalogue import P
from people.models import Grant, Token
from people.services.grants import grant_revoke
from people.services.identities import identity_change
from people.services.people import user_deactivate
from people.services.tokens import token_issue, token_revoke
from tests.people.crew import Crew, acting, nobody

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline(crew: Crew, lending: Any) -> tuple[Token, str]:
    return crew.token(crew.identity(crew.person(), "ci", on=lending[0]))


def me(authorization: str | None = None, client: Client | None = None) -> Any:
    headers = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
    return (client or Client()).get("/api/v1/me", **headers)


def test_a_token_is_let_in_with_what_it_carries(
    crew: Crew, pipeline: tuple[Token, str], lending: Any
) -> None:
    token, plaintext = pipeline
    answer = me(f"Bearer {plaintext}")
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert (said["kind"], said["id"], said["name"]) == (
        "service",
        token.identity.pseudonym,
        token.identity.name,
    )
    assert said["controller"] == token.identity.controller.pseudonym
    assert said["second_factor"] is False
    assert [(row["role"], row["scope_id"]) for row in said["grants"]] == [("ci", str(lending[0].pk))]
    assert P.VERSION_REGISTER in said["permissions"]
    assert P.VERSION_SUBMIT not in said["permissions"]
    token.refresh_from_db()
    assert token.last_used_at is not None


@pytest.mark.once
def test_the_secret_is_nowhere(crew: Crew, pipeline: tuple[Token, str]) -> None:
    token, plaintext = pipeline
    assert token.digest == hashlib.sha256(plaintext.encode()).hexdigest()
    secret = plaintext.split("_", 2)[2].encode()  # its own characters include the underscore
    assert len(secret) == 43
    assert not any(secret in bytes(entry.bytes) for entry in Entry.objects.all())


BAD = {
    "empty": "",
    "no scheme": "{token}",
    "another scheme": "Basic {token}",
    "scheme in lower case": "bearer {token}",
    "unknown prefix": "Bearer mw_aaaaaaaa_{secret}",
    "a changed letter": "Bearer {changed}",
    "cut": "Bearer {cut}",
    "two": "Bearer {token},Bearer {token}",
    "space at the end": "Bearer {token} ",
    "control characters": "Bearer {token}\x00",
    "null": "Bearer null",
    "long": "Bearer mw_" + "a" * 5000,
}


@pytest.mark.once
@pytest.mark.parametrize("header", BAD.values(), ids=BAD)
def test_everything_else_gets_one_answer(pipeline: tuple[Token, str], header: str) -> None:
    _, plaintext = pipeline
    changed = plaintext[:-1] + ("A" if plaintext[-1] != "A" else "B")
    answer = me(
        header.format(
            token=plaintext, changed=changed, cut=plaintext[:-1], secret=plaintext.rpartition("_")[2]
        )
    )
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["detail"] == "The token is not valid."


@pytest.mark.sampled
@pytest.mark.parametrize("how", ["revoked", "expired", "identity", "controller"])
def test_what_ends_a_token_acts_on_the_next_request(
    crew: Crew, pipeline: tuple[Token, str], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, plaintext = pipeline
    assert me(f"Bearer {plaintext}").status_code == 200
    if how == "revoked":
        token_revoke(actor=crew.omar, token_id=token.pk)
        with pytest.raises(Conflict):
            token_revoke(actor=crew.omar, token_id=token.pk)
    elif how == "expired":
        monkeypatch.setattr(clock, "now", lambda: token.expires_at)
    elif how == "identity":
        identity_change(actor=crew.olga, identity_id=token.identity_id, is_active=False)
    else:
        user_deactivate(actor=crew.olga, user_id=token.identity.controller_id)
    answer = me(f"Bearer {plaintext}")
    assert (answer.status_code, answer.json()["detail"]) == (401, "The token is not valid.")


def test_a_lost_role_is_gone_on_the_next_request(crew: Crew, pipeline: tuple[Token, str]) -> None:
    token, plaintext = pipeline
    grant = Grant.objects.get(holder_identity=token.identity)
    grant_revoke(actor=crew.olga, grant_id=grant.pk, reason="Pipeline retired.")
    said = me(f"Bearer {plaintext}").json()
    assert (said["grants"], said["permissions"]) == ([], [])


@pytest.mark.once
def test_a_bad_token_never_falls_back_to_the_session(crew: Crew) -> None:
    client = Client()
    client.force_login(crew.first)
    assert me(client=client).status_code == 200
    assert me("Bearer nonsense", client).status_code == 401


@pytest.mark.once
def test_nobody_is_told_to_show_who_they_are() -> None:
    answer = me()
    assert answer.status_code in (401, 403)
    assert "grants" not in answer.json()


@pytest.mark.once
def test_bad_tokens_are_not_issued(crew: Crew) -> None:
    identity = crew.identity(crew.person())
    now = clock.now()
    good = {
        "identity_id": identity.pk,
        "label": "build",
        "permissions": [P.GATE_ASK.value],
        "expires_at": now + timedelta(days=364),
    }
    cases: list[tuple[dict[str, Any], str]] = [
        ({"label": " "}, "label"),
        ({"label": "x" * 101}, "label"),
        ({"permissions": []}, "permissions"),
        ({"permissions": ["everything"]}, "permissions"),
        ({"permissions": [P.VERSION_APPROVE.value]}, "permissions"),
        ({"permissions": [P.GATE_ASK.value, P.GRANT_REQUEST.value]}, "permissions"),
        ({"expires_at": now}, "expires_at"),
        ({"expires_at": now + timedelta(days=366)}, "expires_at"),
        ({"expires_at": (now + timedelta(days=1)).replace(tzinfo=None)}, "expires_at"),
    ]
    for change, field in cases:
        with pytest.raises(Invalid) as refusal:
            token_issue(actor=crew.olga, **(good | change))
        assert refusal.value.field == field, change
    with pytest.raises(NotThere):
        token_issue(actor=crew.olga, **(good | {"identity_id": nobody()}))
    with pytest.raises(NotAllowed):
        token_issue(actor=acting(crew.person("owner")), **good)
    assert not Token.objects.exists()
    identity_change(actor=crew.olga, identity_id=identity.pk, is_active=False)
    with pytest.raises(Invalid):
        token_issue(actor=crew.olga, **good)
