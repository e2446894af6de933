"""The seed: the same plan for the same numbers, through the services, resumed where it stopped, in nobody else's database."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from config.seed.plan import Plan
from governance.models import Decision
from ledger.actors import Actor
from ledger.models import Entry, Leaf
from ledger.services.audit import ledger_audit
from registry.models import AIModel, Version
from tests.registry.world import person

NUMBERS = ("--models=2", "--versions=4", "--decisions=9", "--processes=1")


def seed(*more: str) -> str:
    out = StringIO()
    call_command("seed", *NUMBERS, *more, stdout=out)
    return out.getvalue()


def test_a_plan_is_whole_and_the_same_each_time() -> None:
    plan = Plan(models=23, versions=100, decisions=333, seed=4)
    models = [plan.model(number) for number in range(23)]
    assert models == [Plan(23, 100, 333, seed=4).model(number) for number in range(23)]
    assert models != [Plan(23, 100, 333, seed=5).model(number) for number in range(23)]
    assert sum(len(model.versions) for model in models) == 100
    assert sum(version.decisions for model in models for version in model.versions) == 333
    assert sorted(number for part in range(2) for number in plan.part(part, 2)) == list(range(plan.systems))
    assert [number for system in range(plan.systems) for number in plan.models_of(system)] == list(range(23))


@pytest.mark.slow
@pytest.mark.django_db
def test_a_seed_makes_what_it_says_with_every_entry_and_once(home: Path, own_store: Path) -> None:
    said = seed()
    assert (AIModel.objects.count(), Version.objects.count(), Decision.objects.count()) == (2, 4, 9)
    assert Entry.objects.filter(event="governance.decision.recorded").count() == 9
    assert "9 decisions" in said
    assert Leaf.objects.count() == Entry.objects.count()
    audit = ledger_audit(actor=Actor.system("self-audit"))
    assert audit.verdict == "ok", audit.faults
    entries = Entry.objects.exclude(event__startswith="ledger.").count()
    assert "0 models, 0 versions" in seed()
    assert Entry.objects.exclude(event__startswith="ledger.").count() == entries


@pytest.mark.django_db
def test_a_seed_touches_nobody_elses_database(home: Path) -> None:
    person("owner")
    with pytest.raises(CommandError, match="aren't a seed's"):
        seed()
    assert not AIModel.objects.exists()
