"""The gate believes signatures and entries, never a column: what a database owner changes opens nothing."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from governance.models import Warrant
from governance.services import gate
from governance.services.deployments import deployment_request
from governance.services.warrants import issue_due, warrant_void
from ledger import triggers
from ledger.actors import Actor
from ledger.errors import NotAllowed, NotThere
from ledger.models import Entry
from registry import storage
from registry.selectors.versions import files, version_by_id
from tests.world import publish

PLACE = {"environment": "production", "region": "eu", "arm": "main"}
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]


@pytest.fixture
def warranted(world: Any) -> tuple[Any, Any, Warrant]:
    """A version with a warrant that the gate lets through."""
    version = world.approved()
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    warrant.refresh_from_db()
    assert gate.ask(actor=world.ci, version_id=version.pk, **PLACE).answer == "pass"
    return world, version, warrant


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def hexed(row: Any) -> str:
    return row.pk.hex if connection.vendor == "sqlite" else str(row.pk)


def test_a_state_set_by_sql_opens_no_gate_and_is_named(
    world: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    version = world.draft()
    sql("UPDATE registry_version SET state = 'approved' WHERE id = %s", hexed(version))
    reply = gate.ask(actor=world.ci, version_id=version.pk, **PLACE)
    assert reply.answer == "refused"
    with pytest.raises((CommandError, SystemExit)):
        call_command("ledger_audit")
    told = capsys.readouterr()
    assert str(version.pk) in told.out + told.err


def test_what_was_tampered_with_closes_the_gate(warranted: tuple[Any, Any, Warrant]) -> None:
    world, version, warrant = warranted
    sql("UPDATE governance_warrant SET state = 'issued', void_ground = 'x' WHERE id = %s", hexed(warrant))
    reply = gate.ask(actor=world.ci, version_id=version.pk, **PLACE)
    assert (reply.answer, reply.reasons[0]["code"]) == ("refused", "record-altered")
    sql("UPDATE governance_warrant SET void_ground = '' WHERE id = %s", hexed(warrant))
    assert gate.ask(actor=world.ci, version_id=version.pk, **PLACE).answer == "pass"
    sql("UPDATE monitoring_run SET verdict = 'pass' WHERE check_name = 'fairness'")
    assert "record-altered" in {
        r["code"] for r in gate.ask(actor=world.ci, version_id=version.pk, **PLACE).reasons
    }


def test_what_was_just_verified_verifies_nothing_else(warranted: tuple[Any, Any, Warrant]) -> None:
    world, version, warrant = warranted

    def asked() -> tuple[str, set[str]]:
        reply = gate.ask(actor=world.ci, version_id=version.pk, **PLACE)
        return reply.answer, {reason["code"] for reason in reply.reasons}

    assert asked() == ("pass", set())
    for statement, row in (
        ("UPDATE governance_decision SET outcome = 'reject' WHERE id = %s", version.decisions.first()),
        ("UPDATE registry_signature SET keyid = 'x' WHERE id = %s", version.signatures.first()),
        ("UPDATE registry_aimodel SET name = 'x' WHERE id = %s", version.model),
        ("UPDATE registry_system SET on_void = 'keep' WHERE id = %s", version.model.system),
        ("UPDATE governance_warrant SET document = document || ' ' WHERE id = %s", warrant),
    ):
        with transaction.atomic():
            sql(statement, hexed(row))
            assert asked() == ("refused", {"record-altered"}), statement
            transaction.set_rollback(True)
        assert asked() == ("pass", set())
    entry = Entry.objects.filter(subject_kind="version", subject_id=str(version.pk)).latest("at")
    stored = bytes(entry.bytes)
    with triggers.disabled(connection):
        Entry.objects.filter(pk=entry.pk).update(bytes=stored.replace(b'"approved"', b'"rejected"'))
        assert asked() == ("refused", {"record-altered", "version-rejected"})
        Entry.objects.filter(pk=entry.pk).update(bytes=stored)
    assert asked() == ("pass", set())
    warrant_void(actor=world["reviewer"], warrant_id=warrant.pk, ground="integrity")
    assert asked() == ("refused", {"warrant-void"})


def test_an_overwritten_file_closes_the_gate(warranted: tuple[Any, Any, Warrant]) -> None:
    world, version, _ = warranted
    row = files(version.pk).get(path="weights.bin")
    path = storage.backend().path(storage.blob_name(row.blob_id))
    with open(path, "rb") as file:
        data = file.read()
    os.chmod(path, 0o640)
    try:
        with open(path, "wb") as file:
            file.write(bytes([data[0] ^ 1]) + data[1:])
        reply = gate.ask(actor=world.ci, version_id=version.pk, **PLACE)
    finally:
        with open(path, "wb") as file:
            file.write(data)
    assert reply.answer == "refused"
    assert "artifact-altered" in {reason["code"] for reason in reply.reasons}


@pytest.mark.once
def test_who_may_not_ask_learns_nothing(warranted: tuple[Any, Any, Warrant]) -> None:
    world, version, _ = warranted
    stranger = Actor("user", "p-stranger", "api", pk="00000000-0000-4000-8000-000000000000")
    with pytest.raises((NotAllowed, NotThere)):
        gate.ask(actor=stranger, version_id=version.pk, **PLACE)
    digest = version_by_id(version.pk).subject_digest
    known = gate.ask_by_digest(actor=stranger, digest=digest, **PLACE)
    unknown = gate.ask_by_digest(actor=stranger, digest="00" * 32, **PLACE)
    assert (known.answer, known.reasons[0]["code"]) == (unknown.answer, unknown.reasons[0]["code"])
    elsewhere = gate.ask(
        actor=world.ci, version_id=version.pk, environment="production", region="us", arm="main"
    )
    assert elsewhere.answer != "pass"
