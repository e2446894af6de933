"""People's rows equal the replay of their entries, and what was changed behind the services' backs is named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger import clock
from ledger.models.governed import unlisted
from ledger.services import audit
from people.models import Grant, Recovery, ServiceIdentity, Token, User
from people.services.grants import grant_revoke
from people.services.identities import identity_change
from people.services.passwords import password_change
from people.services.people import user_change
from people.services.recoveries import recovery_confirm, recovery_request
from people.services.tokens import token_revoke
from tests.people.crew import PASSWORD, Crew, acting

pytestmark = pytest.mark.django_db

MODELS = (User, ServiceIdentity, Token, Grant, Recovery)


@pytest.mark.parametrize("model", MODELS)
def test_each_column_is_accounted_for(model: Any) -> None:
    assert unlisted(model) == []


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
