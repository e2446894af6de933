"""People's rows equal the replay of their entries, and what was changed behind the services' backs is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger import clock
from ledger.models.governed import governed_models, recorded
from ledger.services import audit
from ledger.services.transactions import in_transaction
from people.models import (
    Absence,
    ActedFor,
    Delegation,
    Grant,
    IdentityLink,
    Passkey,
    Recovery,
    ServiceIdentity,
    Token,
    User,
    WorkloadTrust,
)
from people.services.absences import absence_announce, absence_cancel
from people.services.delegations import acted_for, delegation_revoke
from people.services.erasures import erasure_confirm, erasure_request
from people.services.grants import grant_revoke
from people.services.identities import identity_change
from people.services.passwords import password_change
from people.services.people import user_change, user_deactivate
from people.services.recoveries import recovery_confirm, recovery_request
from people.services.tokens import token_revoke
from people.services.workloads import workload_revoke
from tests.people.crew import PASSWORD, Crew, acting
from tests.people.test_delegations import lend
from tests.people.test_passkeys import enrolled
from tests.people.test_provider import linked
from tests.people.test_workloads import Pipeline

pytestmark = pytest.mark.django_db

MODELS = (
    *(User, ServiceIdentity, Token, Grant, Recovery, Passkey, IdentityLink, WorkloadTrust),
    *(Delegation, ActedFor, Absence),
)


@pytest.mark.once
@pytest.mark.parametrize("model", governed_models().values())
def test_each_column_is_accounted_for(model: Any) -> None:
    columns = [field.name for field in model._meta.concrete_fields if not field.primary_key]
    assert sorted([*recorded(model), *model.ledger_free]) == sorted(columns), "each in one of its four lists"


def test_rows_equal_the_replay_of_their_entries(crew: Crew, lending: Any) -> None:
    user = crew.person("risk-reviewer", on=lending[0], ends=clock.now() + timedelta(days=9))
    crew.enrol(user)
    identity = crew.identity(user, "ci", on=lending[1])
    token, _ = crew.token(identity)
    token_revoke(actor=crew.olga, token_id=token.pk)
    identity_change(actor=crew.olga, identity_id=identity.pk, is_active=False, name="retired build")
    user_change(actor=crew.olga, user_id=user.pk, name="New Name", email="new@example.org", is_staff=True)
    password_change(actor=acting(user), current=PASSWORD, new="another-long-password-7")
    asked = recovery_request(actor=crew.olga, user_id=user.pk, what="second-factor", reason="Lost.")
    recovery_confirm(actor=crew.omar, recovery_id=asked.pk)
    grant_revoke(actor=crew.olga, grant_id=user.grants.get().pk, reason="Moved.")
    faults = {str(row): audit.row_faults(row) for model in MODELS for row in model.objects.all()}
    assert {row: found for row, found in faults.items() if found} == {}
    assert len(faults) >= 9


def test_the_ways_in_and_who_stood_in_equal_theirs(
    crew: Crew, lending: Any, keys: Path, settings: Any
) -> None:
    settings.OIDC_ISSUER = "https://idp.example"
    holder, _, client = enrolled(crew)
    delegate = crew.person()
    link = linked(crew, holder, "sub-1")
    pipeline = Pipeline(crew)
    workload_revoke(actor=crew.omar, trust_id=pipeline.trust.pk)
    (row,) = lend(holder, delegate)
    said = {"actor": acting(delegate), "row": link, "role": "risk-reviewer", "on": None}
    assert in_transaction(lambda: acted_for(**said)) == holder.pseudonym
    delegation_revoke(actor=acting(holder), delegation_id=row.pk)
    away = absence_announce(actor=acting(holder), ends=clock.now() + timedelta(days=1))
    absence_cancel(actor=acting(holder), absence_id=away.pk)
    user_deactivate(actor=crew.olga, user_id=holder.pk)
    asked = erasure_request(actor=crew.olga, user_id=holder.pk, ground="request")
    erasure_confirm(actor=crew.omar, erasure_id=asked.pk)
    faults = {str(row.pk): audit.row_faults(row) for model in MODELS for row in model.objects.all()}
    assert {row: found for row, found in faults.items() if found} == {}
    passkey, gone = Passkey.objects.get(), IdentityLink.objects.get()
    assert (passkey.state, passkey.public_key, passkey.label) == ("removed", "", "[erased]")
    assert (gone.state, gone.subject) == ("ended", "[erased]")
    assert client.get("/profile/").status_code == 302


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Passkey, {"public_key": "AAAA"}),
        (Passkey, {"host": "evil.example"}),
        (IdentityLink, {"subject": "mine"}),
        (WorkloadTrust, {"claims": {"repository_id": "1"}}),
        (WorkloadTrust, {"scopes_granted": ["registry.version.upload"]}),
        (Delegation, {"delegate": "another"}),
        (Delegation, {"ends": datetime(2099, 1, 1, tzinfo=UTC)}),
    ],
)
def test_a_way_in_changed_by_sql_is_named(
    crew: Crew, keys: Path, settings: Any, model: Any, change: dict[str, Any]
) -> None:
    settings.OIDC_ISSUER = "https://idp.example"
    holder, _, _ = enrolled(crew)
    linked(crew, holder, "sub-1")
    Pipeline(crew)
    lend(holder, crew.person())
    row = model.objects.get()
    assert audit.row_faults(row) == []
    told = {name: crew.first if value == "another" else value for name, value in change.items()}
    model.objects.filter(pk=row.pk).update(**told)
    row.refresh_from_db()
    assert any(next(iter(change)) in fault for fault in audit.row_faults(row)), audit.row_faults(row)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Grant, {"role": "risk-reviewer"}),
        (Grant, {"ends": None}),
        (Grant, {"state": "active"}),
        (User, {"is_superuser": True}),
        (User, {"name": "Somebody Else"}),
        (User, {"email": "else@example.org"}),
        (Token, {"digest": "0" * 64}),
        (Token, {"scopes_granted": ["everything"]}),
        (ServiceIdentity, {"is_active": False}),
    ],
)
def test_a_change_by_sql_is_named(crew: Crew, model: Any, change: dict[str, Any]) -> None:
    user = crew.person("auditor")
    grant_revoke(actor=crew.olga, grant_id=user.grants.get().pk, reason="Over.")
    crew.token(crew.identity(user, "ci"))
    row = user.grants.get() if model is Grant else user if model is User else model.objects.get()
    assert audit.row_faults(row) == []
    model.objects.filter(pk=row.pk).update(**change)
    row.refresh_from_db()
    assert any(next(iter(change)) in fault for fault in audit.row_faults(row)), audit.row_faults(row)
