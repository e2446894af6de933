"""Upstream and downstream models: both ends seen or nothing, no circle of feeds, nothing said of what isn't seen."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from ledger.errors import Conflict, Invalid, NotAllowed, NotThere
from ledger.services import audit
from registry.models import AIModel, Dependency
from registry.selectors.dependencies import dependants, dependencies_visible
from registry.services.dependencies import dependency_remove, dependency_set
from registry.services.models import model_register
from tests.registry.world import World, make_world, person

pytestmark = pytest.mark.django_db


def named(world: World, *names: str) -> list[AIModel]:
    return [
        model_register(
            actor=world.owner, system_id=world.system.pk, slug=name, name=name.title(), task="regression"
        )
        for name in names
    ]


def feeds(world: World, upstream: AIModel, downstream: AIModel) -> Dependency:
    return dependency_set(
        actor=world.owner, downstream_id=downstream.pk, upstream_id=upstream.pk, kind="feeds"
    )


def test_feeds_close_no_circle_and_other_kinds_may(world: World) -> None:
    one, two, three = named(world, "first", "second", "third")
    feeds(world, one, two)
    link = feeds(world, two, three)
    for upstream, downstream in ((three, one), (two, one), (three, two)):
        with pytest.raises(Conflict) as refused:
            feeds(world, upstream, downstream)
        assert refused.value.code == "circle"
    with pytest.raises(Invalid):
        feeds(world, one, one)
    dependency_set(actor=world.owner, downstream_id=one.pk, upstream_id=three.pk, kind="fallback")
    assert feeds(world, two, three) == link  # said again
    dependency_remove(actor=world.owner, dependency_id=link.pk)
    dependency_remove(actor=world.owner, dependency_id=link.pk)
    feeds(world, three, one)
    assert [row.downstream for row in dependants(two)] == []
    assert [row.downstream for row in dependants(one)] == [two]
    assert audit.row_faults(link) == []


def test_both_ends_must_be_seen_to_be_joined_and_to_be_shown(world: World) -> None:
    other = make_world("other")
    mine = person("developer", on=world.system)
    with pytest.raises(NotThere):
        dependency_set(actor=mine, downstream_id=world.model.pk, upstream_id=other.model.pk, kind="feeds")
    with pytest.raises(NotAllowed):
        dependency_set(actor=mine, downstream_id=other.model.pk, upstream_id=world.model.pk, kind="feeds")
    both = person("owner")
    link = dependency_set(actor=both, downstream_id=world.model.pk, upstream_id=other.model.pk, kind="feeds")
    assert list(dependencies_visible(mine)) == []
    assert list(dependencies_visible(person("developer", on=other.system))) == []
    assert list(dependencies_visible(both)) == [link]
    with pytest.raises(NotAllowed):
        dependency_remove(actor=person("developer", on=other.system), dependency_id=link.pk)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_at_once_close_no_circle() -> None:
    world = make_world()
    one, two, three, four = named(world, "first", "second", "third", "fourth")
    feeds(world, two, three)
    feeds(world, four, one)
    refused: list[str] = []

    def join(upstream: AIModel, downstream: AIModel) -> None:
        try:
            feeds(world, upstream, downstream)
        except Conflict as error:
            refused.append(error.code)
        finally:
            connection.close()

    both = [threading.Thread(target=join, args=ends) for ends in ((one, two), (three, four))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert refused == ["circle"]
