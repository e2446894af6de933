"""A person is erased by two, and everything that was proved stays proved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection

from governance.models import Decision
from governance.rendering import html_of
from governance.snapshots.reports import report_data
from ledger import clock, selectors
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models import Entry, PersonalText, PersonKey
from ledger.services import audit, export
from ledger.services.replay import row_faults
from modelwarrant.cli.main import main
from people.models import Notice
from people.services.erasures import erasure_confirm, erasure_refuse, erasure_request
from people.services.notices import notify
from people.services.people import user_change, user_deactivate, user_reactivate
from registry.models import Version
from registry.selectors.versions import version_by_id
from tests.ledger.conftest import SYSTEM
from tests.people.crew import Crew, acting
from tests.portal.test_pages import signed_in
from tests.remembered import remembered
from tests.world import World, facts, from_facts, make_world, publish

pytestmark = pytest.mark.django_db


def everything() -> str:
    """Every value of every row of the database, as text; bytes as they read in UTF-8."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.managed or model._meta.proxy:
            continue
        for row in model._base_manager.values_list():
            found += [
                bytes(value).decode("utf-8", "replace")
                if isinstance(value, bytes | memoryview)
                else str(value)
                for value in row
            ]
    return "\n".join(found)


def test_it_takes_two_and_neither_is_the_person(crew: Crew) -> None:
    user = crew.person("auditor")
    with pytest.raises(Conflict, match="Lock this person out first"):
        erasure_request(actor=crew.olga, user_id=user.pk, ground="request")
    user_deactivate(actor=crew.olga, user_id=user.pk)
    with pytest.raises(Invalid) as refusal:
        erasure_request(actor=crew.olga, user_id=user.pk, ground="because")
    assert refusal.value.field == "ground"
    asked = erasure_request(actor=crew.olga, user_id=user.pk, ground="request")
    with pytest.raises(Conflict, match="already"):
        erasure_request(actor=crew.omar, user_id=user.pk, ground="request")
    with pytest.raises(NotAllowed) as barred:
        erasure_confirm(actor=crew.olga, erasure_id=asked.pk)
    assert barred.value.reason == "requester"
    assert PersonKey.objects.filter(pk=user.pseudonym).exists()
    user_reactivate(actor=crew.olga, user_id=user.pk)
    with pytest.raises(Conflict, match="let in again"):
        erasure_confirm(actor=crew.omar, erasure_id=asked.pk)
    user_deactivate(actor=crew.olga, user_id=user.pk)
    erasure_refuse(actor=crew.olga, erasure_id=asked.pk)
    with pytest.raises(Conflict):
        erasure_confirm(actor=crew.omar, erasure_id=asked.pk)
    again = erasure_request(actor=crew.olga, user_id=user.pk, ground="request")
    assert erasure_confirm(actor=crew.omar, erasure_id=again.pk).state == "done"
    with pytest.raises(Conflict, match="already"):
        erasure_request(actor=crew.olga, user_id=user.pk, ground="request")


def test_nobody_else_may(crew: Crew) -> None:
    user, stranger = crew.person("auditor"), crew.person("owner")
    user_deactivate(actor=crew.olga, user_id=user.pk)
    with pytest.raises(NotAllowed):
        erasure_request(actor=acting(stranger), user_id=user.pk, ground="request")


@pytest.fixture
def decided(home: Path, transactional_db: None) -> Any:
    return make_decided()


def _kept(made: tuple[World, Version, Decision]) -> tuple[Any, ...]:
    return facts(made[0]), made[1].pk, made[2].pk


def _given(kept: tuple[Any, ...]) -> tuple[World, Version, Decision]:
    return from_facts(kept[0]), version_by_id(kept[1]), Decision.objects.get(pk=kept[2])


@remembered(_kept, _given, first=True)
def make_decided() -> tuple[World, Version, Decision]:
    """A version that a reviewer, who is erased afterwards, has approved with a reason of their own words."""
    world = make_world()
    named = user_change(
        actor=world["one"],
        user_id=world.users["validator"].pk,
        name="Wilhelmina Quist",
        email="quist@example.org",
    )
    world.users["validator"] = named
    version = world.in_review()
    decision = world.decide(version, "validator", "independent-validator", reason="I saw the kappa myself.")
    world.decide(version, "reviewer", "risk-reviewer")
    publish()
    return world, version, decision


def erased(world: Any, pseudonym: str) -> Any:
    user = next(user for user in world.users.values() if user.pseudonym == pseudonym)
    notify([user], "Something for you.")
    user_deactivate(actor=world["one"], user_id=user.pk)
    asked = erasure_request(actor=world["one"], user_id=user.pk, ground="request")
    erasure_confirm(actor=world["two"], erasure_id=asked.pk)
    return user


@pytest.mark.slow
def test_nothing_of_the_person_is_left_and_everything_still_verifies(decided: Any, tmp_path: Path) -> None:
    world, _, decision = decided
    user = next(user for user in world.users.values() if user.pseudonym == decision.person)
    name, email, reason = user.name, user.email, decision.reason
    assert all(text in everything() for text in (name, email, reason))
    erased(world, decision.person)
    left = everything()
    for text in (name, email, reason):
        assert text not in left
    assert decision.person in left
    decision.refresh_from_db()
    assert decision.reason == "[erased]"
    assert not PersonKey.objects.filter(pk=decision.person).exists()
    assert not Notice.objects.filter(recipient=user).exists()
    # nothing that was proved is less so: the log, the state, the gates' own question, an export
    assert audit.ledger_audit(actor=SYSTEM).faults == ()
    assert row_faults(decision) == []
    publish()
    done = export.export_log(actor=SYSTEM, target=tmp_path / "export")
    vkey = selectors.verifiers()[0].vkey
    assert main(["verify-log", str(done.path), "--vkey", vkey]) == 0
    exported = b"".join(path.read_bytes() for path in done.path.rglob("*") if path.is_file())
    for text in (name, email, reason):
        assert text.encode() not in exported


@pytest.mark.slow
def test_pages_answers_and_reports_made_later_show_the_pseudonym(decided: Any) -> None:
    world, version, decision = decided
    user = next(user for user in world.users.values() if user.pseudonym == decision.person)
    texts = (user.name, user.email, decision.reason)

    def seen() -> str:
        browser = signed_in(world, "auditor")
        pages = [f"/versions/{version.pk}/", "/people/", "/ledger/", f"/versions/{version.pk}/decide/"]
        pages += [f"/api/v1/versions/{version.pk}/", f"/api/v1/versions/{version.pk}/decisions/"]
        found = [browser.get(path).content.decode() for path in pages]
        found += [
            html_of(report_data(report_id=uuid4(), version_id=version.pk, kind=kind, at=clock.now()))
            for kind in ("scorecard", "audit")
        ]
        return "\n".join(found)

    before = seen()
    assert user.name in before
    assert decision.reason in before
    erased(world, decision.person)
    publish()
    after = seen()
    for text in texts:
        assert text not in after
    assert f"{decision.person} (erased)" in after
    assert "[erased]" in after


def test_no_entry_ever_held_a_name_an_address_or_a_reason(decided: Any) -> None:
    world, _, _ = decided
    stored = b"\n".join(bytes(data) for data in Entry.objects.values_list("bytes", flat=True))
    texts = set(Decision.objects.values_list("reason", flat=True)) | {"Wilhelmina Quist"}
    texts |= {user.email for user in world.users.values()}
    assert len(texts) > 5
    for text in texts:
        assert text.encode() not in stored
    assert not re.search(rb"[a-z0-9.]+@example\.(org|com)", stored)


def test_a_text_that_vanishes_without_an_erasure_is_a_fault(decided: Any) -> None:
    _, _, decision = decided
    PersonalText.objects.filter(pseudonym=decision.person).update(sealed=b"")
    PersonKey.objects.filter(pk=decision.person).delete()
    kinds = {fault.kind for fault in audit.ledger_audit(actor=SYSTEM).faults}
    assert "personal" in kinds


@pytest.mark.sampled
@pytest.mark.parametrize("how", ["one more", "another's", "key back", "text back", "column"])
def test_what_is_done_under_cover_of_an_erasure_is_found(decided: Any, how: str) -> None:
    world, _, decision = decided
    before = PersonalText.objects.filter(pseudonym=decision.person).first()
    user = erased(world, decision.person)
    assert audit.ledger_audit(actor=SYSTEM).faults == ()
    other = PersonalText.objects.exclude(pseudonym=user.pseudonym).first()
    if how == "one more":
        PersonalText.objects.filter(pk=other.pk).update(sealed=b"", pseudonym=user.pseudonym)
    elif how == "another's":
        PersonalText.objects.filter(pk=other.pk).update(sealed=b"")
    elif how == "key back":
        PersonKey.objects.create(pseudonym=user.pseudonym, key=bytes(32), created_at=decision.decided_at)
    elif how == "text back":
        PersonalText.objects.filter(pk=before.pk).update(sealed=before.sealed)
    else:
        Decision.objects.filter(pk=decision.pk).update(reason="words that were never said")
    assert audit.ledger_audit(actor=SYSTEM).faults != ()


@pytest.mark.slow
def test_a_crash_in_the_middle_leaves_the_person_whole(decided: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the n-th statement of the confirmation, for every n until it succeeds: all or nothing."""
    world, _, decision = decided
    user = next(user for user in world.users.values() if user.pseudonym == decision.person)
    user_deactivate(actor=world["one"], user_id=user.pk)
    asked = erasure_request(actor=world["one"], user_id=user.pk, ground="request")
    texts = PersonalText.objects.filter(pseudonym=user.pseudonym).exclude(sealed=b"")
    sealed = texts.count()
    assert sealed

    class Broken(Exception):
        pass

    n = 0
    while True:
        n += 1
        count = 0

        def fail(execute: Any, sql: str, params: Any, many: bool, context: Any, at: int = n) -> Any:
            nonlocal count
            count += 1
            if count == at:
                raise Broken
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(fail):
                erasure_confirm(actor=world["two"], erasure_id=asked.pk)
        except Broken:
            assert not connection.in_atomic_block
            user.refresh_from_db()
            assert user.email == "quist@example.org"
            assert texts.count() == sealed
            decision.refresh_from_db()
            assert decision.reason != "[erased]"
            if n % 7 == 0:
                assert audit.ledger_audit(actor=SYSTEM).faults == ()
            continue
        break
    assert n > 15
    assert audit.ledger_audit(actor=SYSTEM).faults == ()
    assert texts.count() == 0
