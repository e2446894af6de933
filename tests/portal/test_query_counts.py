"""Every page and every answer of the API asks the database as often for thirty rows as for one.

The rules of tests/access say which routes there are: a new one is measured by being there. Rows are multiplied past the
services, since nothing but their number matters here.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger.models import Governed
from ledger.models.governed import governed_models
from people.catalogue import P
from tests.access.rules import ROUTES, SIGNED_IN
from tests.access.sample import Sample, make_sample
from tests.architecture.test_routes import ALL, Route

TIMES = 30
KEPT = frozenset(
    {"system", "policy", "user", "grant", "service-identity", "token", "key", "ownership", "signature"}
)
"""Kinds of which there is one by nature (a policy in force), that decide who may look, or of which each is verified."""
PER_ROW = frozenset({"governance:seats", "governance:finding", "governance:reassign"})
"""Pages that judge each row by its own policy and people: capped lists (a page of systems, the subjects of a finding, a
hundred validations), with some queries for each."""
SETTLED = 2
"""Requests of each page, the last one counted: what is kept for a process's life is read by the first."""


@pytest.fixture
def sample(home: Path, db: None) -> Sample:
    return make_sample()


def multiply(model: type[Governed]) -> None:
    """Thirty more of the first row of `model`; what must be unique is made so."""
    row = model._default_manager.order_by("pk").first()
    if row is None or any(isinstance(field, models.OneToOneField) for field in model._meta.concrete_fields):
        return
    unique = {field.name for field in model._meta.concrete_fields if field.unique and not field.primary_key}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            unique |= set(constraint.fields)
    copies = []
    for number in range(TIMES):
        copy = model._default_manager.get(pk=row.pk)
        copy.pk = uuid.uuid4()
        for name in unique:
            field = model._meta.get_field(name)
            value = getattr(copy, name)
            if isinstance(field, models.IntegerField):
                setattr(copy, name, value + number + 1)
            elif isinstance(field, models.CharField) and isinstance(value, str) and not field.choices:
                setattr(copy, name, f"{value[: (field.max_length or 80) - 4]}-{number}")
        copies.append(copy)
    model._default_manager.bulk_create(copies, ignore_conflicts=True)


def _row(sample: Sample, said: str) -> Any:
    return sample.of(said[1:]) if said.startswith("$") else said


def counted(sample: Sample, route: Route, key: str) -> tuple[int, list[str]]:
    rule = ROUTES[route.name]
    rule = rule.of(rule.kinds[0]) if rule.kinds else rule
    given = {
        word: _row(sample, rule.ids[word]) if word in rule.ids else sample.of(word.removesuffix("_id"))
        for word in route.words
    }
    said = rule.query.get("GET", {})
    query = {
        name: str(sample.of(value[1:])) if value.startswith("$") else value for name, value in said.items()
    }
    client, headers = sample.client(key)
    address = reverse(route.name, kwargs=given)
    for _ in range(SETTLED - 1):
        client.get(address, query, headers=headers)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address, query, headers=headers)
    # 302: there is nothing to read at this address, it leads on
    assert answer.status_code in (200, 302, 304), (route.name, answer.status_code)
    return len(captured), [item["sql"] for item in captured]


@pytest.mark.slow
@pytest.mark.once
def test_pages_ask_as_often_for_thirty_rows_as_for_one(sample: Sample) -> None:
    asked: list[tuple[Route, str]] = []
    for route in ALL:
        rule = ROUTES.get(route.name)
        if rule is None or rule.by or route.name in PER_ROW | {"governance:decide"}:
            continue
        rule = rule.of(rule.kinds[0]) if rule.kinds else rule
        if isinstance(rule.reads, P):
            asked.append((route, sample.holder(rule.reads)))
        elif rule.reads == SIGNED_IN:
            asked.append((route, "reviewer"))
    few = {route.name: counted(sample, route, key) for route, key in asked}
    for kind, model in governed_models().items():
        if kind not in KEPT:
            multiply(model)
    grown = []
    for route, key in asked:
        count, said = counted(sample, route, key)
        before, earlier = few[route.name]
        if count > before:
            grown.append(
                f"{route.name}: {before} queries, then {count}; most often:\n" + _commonest(said, earlier)
            )
    assert not grown, "\n".join(grown)


def _commonest(said: list[str], earlier: list[str]) -> str:
    def shapes(queries: list[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for text in queries:
            shape = text[:160]
            found[shape] = found.get(shape, 0) + 1
        return found

    before: Any = shapes(earlier)
    more = {shape: count - before.get(shape, 0) for shape, count in shapes(said).items()}
    worst = sorted(more.items(), key=lambda item: -item[1])[:3]
    return "\n".join(f"    {count} x {shape}" for shape, count in worst if count > 0)
