"""Rows read by plain statements are those that the ORM reads, of every kind and on every database."""

from __future__ import annotations

from typing import Any

import pytest

from governance.models import Decision, FindingLink, Waiver
from governance.selectors.ground import ground_of, grounded
from ledger import reading
from ledger.models import Entry, KeyRecord, Leaf, Log
from ledger.models.governed import governed_models
from registry.models import ArtifactFile, Version
from registry.selectors.versions import version_by_id
from tests.world import publish


def values(row: Any) -> dict[str, tuple[type, Any]]:
    found = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    found = {name: bytes(value) if isinstance(value, memoryview) else value for name, value in found.items()}
    return {name: (type(value), value) for name, value in found.items()}


def test_every_kind_is_read_as_the_orm_reads_it(world: Any) -> None:
    version = world.approved()
    publish()
    seen = 0
    for model in (*governed_models().values(), Entry, Leaf, KeyRecord, Log):
        plain = {row.pk: row for row in reading.read_all(model)}
        usual = {row.pk: row for row in model._base_manager.all()}
        assert plain.keys() == usual.keys(), model
        for pk, row in plain.items():
            assert values(row) == values(usual[pk]), model
            assert not row._state.adding
        seen += bool(plain)
    assert seen > 15
    assert [row.pk for row in reading.read(ArtifactFile, "version", [version.pk])] == [
        row.pk for row in ArtifactFile.objects.filter(version=version)
    ]
    assert reading.read(ArtifactFile, "version", []) == []


def test_one_question_tells_of_which_there_are_any(world: Any) -> None:
    version = world.approved()
    assert reading.there_are(
        {
            "decisions": (Decision, {"version": [version.pk]}),
            "waivers": (Waiver, {"state": ["requested"]}),
            "links": (FindingLink, {"system": [world.system_id]}),
            "mine": (Decision, {"version": [version.pk], "person": ["p-nobody"]}),
            "nothing": (Decision, {"pk": []}),
        }
    ) == frozenset({"decisions"})
    assert reading.there_are({"nothing": (Decision, {"pk": []})}) == frozenset()


@pytest.mark.once
def test_a_version_that_was_settled_keeps_what_was_read_and_its_caller_s_row_doesn_t(world: Any) -> None:
    version = version_by_id(world.draft().pk)
    look = grounded(version)
    assert ground_of(look) is ground_of(look)
    assert ground_of(version) is not ground_of(version)
    files = ground_of(look).files
    ArtifactFile.objects.filter(version=version).update(present=False)
    assert ground_of(look).files == files
    assert ground_of(version).files == []
    assert ground_of(grounded(Version.objects.get(pk=version.pk))).files == []
