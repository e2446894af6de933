"""The portal over HTTP: who sees what, what a form binds, and that reading changes nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyotp
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from governance.models import Decision
from governance.services.checks import checks_request
from ledger import clock
from ledger.actors import Actor
from ledger.models import Entry, KeyRecord, Leaf, Log, OutsideContact
from ledger.services.outbox import deliver_due
from ledger.tasks import sequence
from modelwarrant import keys
from people.services.keys import key_confirm, key_import_request, key_revoke
from people.services.logs import new_log
from people.services.people import user_create
from people.services.second_factor import second_factor_begin, second_factor_confirm
from registry.models import Version
from registry.selectors.versions import version_by_id
from tests.world import PASSWORD, make_world, publish, rows, work

pytestmark = pytest.mark.slow
APPS = ("registry", "monitoring", "governance")


@pytest.fixture
def world(home: Path, transactional_db: None) -> Any:
    return make_world()


def signed_in(world: Any, key: str, *, strict: bool = False) -> Client:
    """A browser session of this person, by password and second factor."""
    user = world.users[key]
    if user.second_factor_at is None:
        secret = second_factor_begin(actor=world[key])
        second_factor_confirm(actor=world[key], code=pyotp.TOTP(secret).now())
        user.refresh_from_db()
        world.users[f"{key}.secret"] = secret
    user.__class__.objects.filter(pk=user.pk).update(totp_step=0)  # let this minute's code count again
    client = Client()
    client.post(reverse("people:sign-in"), {"email": f"{key}@example.org", "password": PASSWORD})
    code = pyotp.TOTP(world.users[f"{key}.secret"]).now()
    answer = client.post(reverse("people:second-factor"), {"code": code})
    assert answer.status_code == 302, answer.content.decode()
    client.handler.enforce_csrf_checks = strict
    return client


def addresses(version: Version) -> list[str]:
    """Every page of the three apps, with ids that exist where we have them and others where we don't."""
    ids = {
        "version_id": version.pk,
        "model_id": version.model_id,
        "system_id": version.model.system_id,
        "name": "suspend",
    }
    found = []
    for name in APPS:
        for pattern in next(
            p for p in get_resolver().url_patterns if getattr(p, "app_name", "") == name
        ).url_patterns:
            wanted = pattern.pattern.converters
            given = {key: ids.get(key, version.pk) for key in wanted}
            found.append(reverse(f"{name}:{pattern.name}", kwargs=given))
    return found


@pytest.mark.once
def test_nobody_and_strangers_see_nothing(world: Any) -> None:
    version = world.draft()
    user_create(
        actor=world["one"], email="stranger@example.org", name="Stranger", password=PASSWORD, temporary=False
    )
    anonymous, stranger = Client(), Client()
    said = {"email": "stranger@example.org", "password": PASSWORD}
    assert stranger.post(reverse("people:sign-in"), said).status_code == 302
    entries = Entry.objects.exclude(event="ledger.denied").count()
    for address in addresses(version):
        answer = anonymous.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith(reverse("people:sign-in")), address
        seen = stranger.get(address)
        assert seen.status_code in (200, 403, 404), address
        assert "Risk model" not in seen.content.decode(), address
    assert Entry.objects.exclude(event="ledger.denied").count() == entries


@pytest.mark.once
def test_reading_changes_nothing_and_posting_needs_the_form(world: Any) -> None:
    version = world.validated()
    reader, strict = signed_in(world, "reviewer"), signed_in(world, "validator", strict=True)
    entries = Entry.objects.exclude(event="ledger.denied").count()
    for address in addresses(version):
        for client in (reader, strict):
            assert client.get(address).status_code in (200, 403, 404), address
            assert client.head(address).status_code in (200, 403, 404), address
    act = reverse("governance:act", args=["start-review", version.pk])
    assert strict.post(act).status_code == 403  # no CSRF token
    assert version_by_id(version.pk).state == "validation"
    assert Entry.objects.exclude(event="ledger.denied").count() == entries
    assert signed_in(world, "validator").post(act).status_code == 302
    assert version_by_id(version.pk).state == "review"


def test_a_decision_binds_its_page_and_a_stale_one_says_what_changed(world: Any) -> None:
    version = world.in_review()
    client = signed_in(world, "reviewer")
    address = reverse("governance:decide", args=[version.pk])
    page = client.get(address).content.decode()
    shown = re.search(r'name="shown" value="(sha256:[0-9a-f]{64})"', page)
    assert shown is not None
    form = {"outcome": "approve", "seat": "risk-reviewer", "reason": "Read <b>it</b>.", "shown": shown[1]}
    checks_request(actor=world["validator"], version_id=version.pk, checks=["evaluation"])
    work()
    stale = client.post(address, form)
    assert stale.status_code == 409
    text = stale.content.decode()
    assert "changed while you were reading" in text
    assert "result evaluation was added" in text
    assert "Read &lt;b&gt;it&lt;/b&gt;." in text  # kept, and escaped
    assert Decision.objects.count() == 0
    fresh = re.search(r'name="shown" value="(sha256:[0-9a-f]{64})"', text)
    assert fresh is not None
    assert fresh[1] != shown[1]
    form["shown"] = fresh[1]
    assert client.post(address, form).status_code == 302
    assert client.post(address, form).status_code == 302  # a double click
    assert Decision.objects.count() == 1


@pytest.mark.once
def test_a_refusal_shows_every_reason_and_keeps_what_was_written(world: Any) -> None:
    version = world.validated(evaluation=rows(seed=4, telling=0.0))
    signed_in(world, "validator").post(reverse("governance:act", args=["start-review", version.pk]))
    client = signed_in(world, "validator")
    address = reverse("governance:decide", args=[version.pk])
    shown = re.search(r'name="shown" value="([^"]+)"', client.get(address).content.decode())
    assert shown is not None
    form = {"outcome": "approve", "seat": "independent-validator", "reason": "My words.", "shown": shown[1]}
    refused = client.post(address, form)
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "There is a problem" in text
    assert "Ranking" in text
    assert "My words." in text


@pytest.mark.once
def test_pages_ask_the_database_a_bounded_number_of_times(
    world: Any, django_assert_max_num_queries: Any
) -> None:
    version = world.in_review()
    client = signed_in(world, "reviewer")
    with django_assert_max_num_queries(60):
        assert b"Decide" in client.get(reverse("governance:inbox")).content
    with django_assert_max_num_queries(260):
        assert client.get(reverse("governance:version", args=[version.pk])).status_code == 200


@pytest.mark.once
def test_the_ledger_page_says_who_else_holds_the_log(world):
    work()
    publish()
    page = signed_in(world, "auditor")

    def said() -> str:
        return page.get(reverse("governance:ledger")).content.decode()

    assert "Nobody outside holds a checkpoint of this log yet" in said()
    now = clock.now()
    row = OutsideContact.objects.create(
        place="second line", kind="witness", ok=True, size=7, since=now, at=now
    )
    assert "holds it" in said()
    assert Client().get("/readyz").json()["warnings"] == {}
    OutsideContact.objects.filter(pk=row.pk).update(
        ok=False, contradicts=True, detail="it has cosigned 900 entries"
    )
    assert "has seen another log than this one" in said()
    ready = Client().get("/readyz")
    assert ready.status_code == 200
    assert "saw another log" in ready.json()["warnings"]["outside"]


@pytest.mark.once
def test_the_ledger_page_lists_keys_and_the_logs_before(world):
    page = signed_in(world, "auditor")

    def said() -> str:
        return page.get(reverse("governance:ledger")).content.decode()

    assert said().count("signs now") == 3
    assert "Logs before this one" not in said()
    key = KeyRecord.objects.get(purpose="model")
    key_revoke(actor=world["security"], key_id=key.pk)
    sequence()
    new_log(
        actor=Actor.system("new-log", door="cli"),
        origin="example.org/second",
        reason="It was time.",
        by="one@example.org",
        confirmed_by="two@example.org",
    )
    text = said()
    assert "0: nothing it signed counts" in text
    assert "Logs before this one" in text
    assert "/log/1/checkpoint" in text
    assert "example.org/second+" in text
    # an entry of the log that ended is shown with that log's verifier key
    first = Leaf.objects.get(log=1, index=0)
    entry = page.get(reverse("governance:entry", args=[first.pk])).content.decode()
    assert f"--vkey '{Log.objects.get(number=1).origin}+" in entry
    assert 'id="key"' in page.get(reverse("governance:machines")).content.decode()


@pytest.mark.once
def test_a_version_on_a_revoked_key_is_flagged_where_people_look(world):
    version = world.draft()
    owner = signed_in(world, "owner")
    page = reverse("governance:version", args=[version.pk])
    flag = "The key under its signature was revoked"
    assert flag not in owner.get(page).content.decode()
    for weights in (b"two", b"three"):
        world.draft(weights=weights)
    public = keys.dump_public(keys.generate("p256").public_key())
    unused = key_import_request(actor=world["one"], purpose="model", public_pem=public)
    key_confirm(actor=world["two"], key_id=unused.pk)
    used = KeyRecord.objects.exclude(pk=unused.pk).get(purpose="model")
    # whoever revokes waits for no version, however many rest on the key
    with CaptureQueriesContext(connection) as few:
        key_revoke(actor=world["security"], key_id=unused.pk)
    with CaptureQueriesContext(connection) as many:
        key_revoke(actor=world["security"], key_id=used.pk)
    assert len(many) == len(few)
    assert flag in owner.get(page).content.decode()
    deliver_due(actor=Actor.system("outbox"))
    inbox = owner.get(reverse("governance:inbox")).content.decode()
    assert inbox.count("rests on the revoked key") >= 3
    assert (
        signed_in(world, "auditor").get(reverse("monitoring:incidents")).content.decode().count("revoked key")
        == 3
    )
    listed = Client().get("/api/v1/incidents", HTTP_AUTHORIZATION=f"Bearer {world.token}").json()
    assert "rests on the revoked key" in str(listed)


@pytest.mark.once
def test_a_reviewer_sees_what_is_missing_what_changed_and_who_is_on_it(world):
    old = world.approved()
    version = world.in_review(weights=b"other")
    later = world.validated(weights=b"third")
    client = signed_in(world, "reviewer")
    address = reverse("governance:decide", args=[version.pk])
    text = client.get(address).content.decode()
    assert "You haven&#x27;t opened any evidence" in text or "You haven't opened any evidence" in text
    assert f"Version {later.number}</a> is there already" in text  # never silent about a newer one
    assert "Signed model" in text
    run = version.runs.first()
    assert client.get(reverse("monitoring:run", args=[run.pk])).status_code == 200
    claim = reverse("governance:act", args=["claim", version.pk])
    assert signed_in(world, "validator", strict=True).post(claim).status_code == 403  # no CSRF token
    assert client.post(claim)["Location"] == address
    text = client.get(address).content.decode()
    assert "You have opened 1 piece of evidence" in text
    assert "(you)" in text
    assert signed_in(world, "developer").post(claim).status_code == 403
    inbox = client.get(reverse("governance:inbox")).content.decode()
    assert "<strong>you</strong>" in inbox
    assert client.get("/?due=overdue").status_code == 200
    assert client.get("/?do=decide&sort=due").status_code == 200
    assert client.get("/?x=1").status_code == 400
    compared = reverse("governance:compare", args=[old.pk, version.pk])
    assert "List of model files" in client.get(compared).content.decode()
    reading = client.get("/reading/").content.decode()
    assert "too few to tell" in reading  # two decisions, of people who could be named by a count
    assert "Validator" not in reading
