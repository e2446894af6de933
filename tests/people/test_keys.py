from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command

from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere
from ledger.models import Entry, KeyRecord
from people.services.keys import key_confirm, key_import_request, key_request, key_retire, key_revoke
from tests.people.crew import Crew, acting, nobody

pytestmark = pytest.mark.django_db


def pem(curve: ec.EllipticCurve | None = None) -> bytes:
    key = ec.generate_private_key(curve or ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_key_is_named_by_one_and_trusted_by_another(crew: Crew) -> None:
    key = key_import_request(actor=crew.olga, purpose="model", public_pem=pem(), label="CI")
    assert key.state == "requested"
    with pytest.raises(NotAllowed) as refusal:
        key_confirm(actor=crew.olga, key_id=key.pk)
    assert refusal.value.reason == "requester"
    assert key_confirm(actor=crew.omar, key_id=key.pk).state == "active"
    with pytest.raises(Conflict):
        key_confirm(actor=crew.omar, key_id=key.pk)
    guard = acting(crew.person("security-reviewer"))
    assert key_revoke(actor=guard, key_id=key.pk, revoked_from=0).state == "revoked"


def test_a_key_of_ours_is_made_retired_and_not_trusted_before_confirmation(crew: Crew) -> None:
    key = key_request(actor=crew.omar, purpose="warrant", label="next")
    assert (key.state, KeyRecord.objects.filter(purpose="warrant", state="active").count()) == (
        "requested",
        1,
    )
    key_confirm(actor=crew.olga, key_id=key.pk)
    assert key_retire(actor=crew.omar, key_id=key.pk).state == "retired"


@pytest.mark.once
def test_others_have_no_say_about_keys(crew: Crew) -> None:
    key = key_import_request(actor=crew.olga, purpose="model", public_pem=pem())
    for role in ("owner", "risk-reviewer", "auditor"):
        actor = acting(crew.person(role))
        for act in (
            lambda actor=actor: key_import_request(actor=actor, purpose="model", public_pem=pem()),
            lambda actor=actor: key_confirm(actor=actor, key_id=key.pk),
            lambda actor=actor: key_revoke(actor=actor, key_id=key.pk),
            lambda actor=actor: key_revoke(actor=actor, key_id=nobody()),
        ):
            with pytest.raises(NotAllowed):
                act()
    with pytest.raises(NotThere):
        key_confirm(actor=crew.omar, key_id=nobody())


@pytest.mark.once
@pytest.mark.parametrize(
    "given", [b"", b"not a key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_what_is_no_key(crew: Crew, given: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        key_import_request(actor=crew.olga, purpose="model", public_pem=given)
    assert refusal.value.field == "public_pem"


@pytest.mark.once
def test_a_key_of_ours_is_asked_for_where_the_keys_are(crew: Crew, settings: Any) -> None:
    out = StringIO()
    call_command("key_request", "log", "--by", "olga@example.org", "--label", "2027", stdout=out)
    key = KeyRecord.objects.get(purpose="log", state="requested")
    assert key.keyid in out.getvalue()
    with pytest.raises(NotAllowed):
        key_confirm(actor=crew.olga, key_id=key.pk)
    key_confirm(actor=crew.omar, key_id=key.pk)
    old = KeyRecord.objects.exclude(pk=key.pk).get(purpose="log")
    ends = clock.now() + timedelta(days=30)
    assert key_retire(actor=crew.omar, key_id=old.pk, at=ends).not_after == ends
    for wrong, said in (
        (["log", "--by", "nobody@example.org"], "no operator"),
        (["warrant", "--by", "olga@example.org", "--algorithm", "ed25519"], "log keys are"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("key_request", *wrong)
    settings.LEDGER_HOLDS_KEYS = False
    with pytest.raises(CommandError, match="holds no keys"):
        call_command("key_request", "log", "--by", "olga@example.org")


def test_the_reason_of_a_revocation_is_kept_and_names_nobody(crew: Crew) -> None:
    key = key_import_request(actor=crew.olga, purpose="model", public_pem=pem())
    with pytest.raises(Invalid) as refusal:
        key_revoke(actor=crew.olga, key_id=key.pk, reason="x" * 2001)
    assert refusal.value.field == "reason"
    key_revoke(actor=crew.olga, key_id=key.pk, reason="Mallory had it")
    told = Entry.objects.get(event="people.key_distrusted")
    assert b"Mallory" not in bytes(told.bytes)
    assert key.keyid.encode() in bytes(told.bytes)
