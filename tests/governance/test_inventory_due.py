"""How long a model that already runs may go on without a warrant is the policy's word, where it has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.services.policies import policy_approve, policy_draft, policy_submit
from registry.models import ImportedModel
from tests.registry.test_imports import csv_of, email_of, line, taken_in
from tests.registry.world import person

LOW = (Path(__file__).resolve().parents[2] / "fixtures/policies/low.yaml").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_the_policy_in_force_says_until_when(home: Path) -> None:
    shorter = LOW.replace("due_days: 365", "due_days: 20")
    silent = LOW.replace("inventory:\n  due_days: 365\n", "").replace('version: "', 'version: "9')
    for number, (text, expected) in enumerate(((shorter, 20), (silent, 365)), 1):
        policy = policy_draft(actor=person("policy-reviewer"), text=text)
        policy_submit(actor=person("policy-reviewer"), policy_id=policy.pk)
        policy_approve(actor=person("policy-reviewer"), policy_id=policy.pk)
        owner = person("owner")
        taken_in(owner, csv_of([line(number, email_of(owner))]))
        row = ImportedModel.objects.order_by("imported_at").last()
        assert row is not None
        assert (row.due - row.imported_at).days + 1 == expected
