"""Search: everything I may see by what I know of it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.reactions import decisions_due
from governance.selectors.search import MOST, SOURCES, search
from governance.services.findings import Subjects, finding_open
from governance.services.validations import validation_plan
from ledger.actors import Actor
from people.models import User
from registry.services.systems import system_register
from tests.registry.world import World, make_world, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(home: Any) -> World:
    return make_world()


def of(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.pk))
    session = client.session
    session["people.second_factor"] = True
    session.save()
    return client


def found(actor: Actor, text: str) -> set[tuple[str, str]]:
    return {(one.kind, hit.title) for one in search(actor, text) for hit in one.hits}


def test_things_are_found_by_name_label_id_digest_and_person(world: World, tmp_path: Any) -> None:
    version = world.version(label="100%_done")
    world.attach(version, {"weights.bin": b"weights"})
    version.refresh_from_db()
    reader = person("auditor", on=world.system)
    assert found(reader, "prog") == {("model", "Progression"), ("version", str(version))}
    assert ("system", "System visits") in found(reader, "VISITS")
    assert found(reader, "100%_d") == {("version", str(version))}
    assert found(reader, "100__d") == found(reader, "1%done") == set()  # signs of LIKE are letters
    assert found(reader, str(version.pk)) == {("version", str(version))}
    for digest in (
        version.manifest_digest[:8],
        f"sha256:{version.manifest_digest}",
        version.manifest_digest[:20].upper(),
    ):
        assert found(reader, digest) == {("version", str(version))}, digest
    assert found(reader, version.manifest_digest[:7]) == set()
    developer = User.objects.get(pk=world.developer.pk)
    assert ("version", str(version)) in found(reader, developer.name)
    for odd in ("", " ", "x", "\x00\x00", "a\x00b", "'; --", "é" * 500, "%%", "__", "sha256:"):
        found(reader, odd)


def test_nothing_foreign_is_found_counted_or_hinted_at(world: World) -> None:
    other = make_world("secrets")
    foreign = other.version(label="secret label")
    other.attach(foreign, {"weights.bin": b"foreign"})
    foreign.refresh_from_db()
    reader = person("auditor", on=world.system)
    owner = User.objects.get(pk=other.owner.pk)
    for text in (
        "secret",
        str(foreign.pk),
        foreign.manifest_digest,
        owner.name + " ",
        str(other.system.pk),
        "Progression",
    ):
        hits = [hit for one in search(reader, text) for hit in one.hits]
        assert all(str(other.system.pk) not in hit.url and hit.id != foreign.pk for hit in hits), text
        page = of(reader).get("/search/", {"q": text}).content.decode()
        assert "System secrets" not in page
        assert str(foreign.pk) not in page.replace(f'value="{text}"', "").replace(f"Search: {text}", "")
    assert (
        search(person("developer", on=other.model), "System") == []
    )  # a model's grant shows no other system
    api = of(reader).get("/api/v1/search", {"q": "secret"}).json()
    assert api == {"q": "secret", "results": [], "more": []}


def test_many_are_capped_with_a_word_and_one_query_a_kind(world: World) -> None:
    reader = person("auditor")
    with CaptureQueriesContext(connection) as few:
        search(reader, "Progression")
    for number in range(MOST + 1):
        world.version(label=f"Progression {number}")
    with CaptureQueriesContext(connection) as many:
        results = search(reader, "Progression")
    assert len(many) == len(few) <= len(SOURCES) + 4
    versions = next(one for one in results if one.kind == "version")
    assert (len(versions.hits), versions.more) == (MOST, True)
    page = of(reader).get("/search/", {"q": "Progression"}).content.decode()
    assert 'href="/versions/?q=Progression"' in page
    assert of(reader).get("/api/v1/search?q=Progression").json()["more"] == ["version"]


@pytest.mark.once
def test_odd_questions_are_refused_or_read(world: World) -> None:
    client = of(person("auditor", on=world.system))
    assert client.get("/api/v1/search?q=a&name__regex=x").status_code == 400
    assert client.get("/api/v1/search", {"q": "a" * 101}).status_code == 400
    assert client.get("/api/v1/search").json() == {"q": "", "results": [], "more": []}
    for text in ("<script>alert(1)</script>", "\x00", "%", "a" * 5000, "ＡＢＣ"):
        page = client.get("/search/", {"q": text})
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
    assert client.post("/search/", {"q": "a"}).status_code == 405


def test_a_person_without_any_role_finds_nothing(world: World) -> None:
    world.version()
    system_register(
        actor=world.owner, slug="more", name="More visits", purpose="x", affected_people="x", owner=world.owner.id,
        legal_entity="x", risk_tier="low", on_void="stop",
    )  # fmt: skip
    assert search(person(), "visits") == []
    assert Client().get("/search/?q=visits").status_code == 302


def test_findings_and_validations_are_found_where_they_may_be_seen(world: World) -> None:
    head, judge = person("head-of-validation"), person("risk-reviewer", name="Quentin Judge")
    version = world.version()
    finding = finding_open(
        actor=judge,
        about=Subjects(versions=(version.pk,)),
        title="No night contact",
        description="Nobody answers.",
        severity="low",
    )
    validation = validation_plan(actor=head, version_id=version.pk, scope="All.")
    reader, stranger = person("auditor", on=world.system), person("auditor", on=make_world("else").system)
    assert found(reader, "night") == {("finding", "No night contact")}
    assert ("finding", "No night contact") in found(reader, "Quentin")
    assert found(reader, str(validation.pk)) == {("validation", str(validation))}
    assert ("validation", str(validation)) in found(reader, "Progression")
    for text in ("night", str(finding.pk), str(validation.pk), "Quentin"):
        assert found(stranger, text) == set(), text


def test_what_is_mine_to_answer_is_in_my_calendar(world: World) -> None:
    version = world.version()
    finding = finding_open(
        actor=person("risk-reviewer"),
        about=Subjects(versions=(version.pk,)),
        title="No night contact",
        description="Nobody answers.",
        severity="low",
    )
    due = {item.uid: (item.due, item.path) for item in decisions_due(world.owner)}
    assert due == {f"finding-{finding.pk}": (finding.due_at, f"/findings/{finding.pk}/")}
    assert decisions_due(person()) == []
