"""AZ: what isn't mine, by every door. That each route hides it is tests/architecture/test_routes.py's."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from governance.services.reports import report_request
from ledger.models import Entry
from people.models import Grant, User
from people.services.grants import grant_revoke
from registry.models import ArtifactFile, Component, Lineage, Version
from registry.selectors.versions import version_by_id
from tests.access.sample import session_of
from tests.registry.world import make_world as other_system
from tests.registry.world import person

NEVER_SAID = {
    "state": "approved", "approved_by": "me", "created_at": "2020-01-01", "signature_verified": True, "entry_hash": "0",
    "seq": 1, "is_staff": True, "is_superuser": True, "groups": [1], "user_permissions": [1], "project": "x",
}  # fmt: skip


def denials() -> list[dict[str, Any]]:
    rows = Entry.objects.filter(event="ledger.denied").order_by("at")
    return [json.loads(bytes(row.bytes)) for row in rows]


def recorded() -> int:
    return Entry.objects.exclude(event__startswith="ledger.denied").count()


def caller(world: Any) -> Client:
    return Client(headers={"Authorization": f"Bearer {world.token}"})


def user_of(actor: Any) -> User:
    return User.objects.get(pk=actor.pk)


def test_what_is_foreign_is_denied_once_however_often_it_is_asked(world: Any) -> None:
    """AZ-01: one denial event, naming the thing and the permission; nothing of it in the answer."""
    version = world.draft()
    reader = session_of(user_of(person("auditor", on=other_system("b").system)))
    for _ in range(3):
        assert reader.get(reverse("governance:version", args=[version.pk])).status_code == 404
    found = [entry for entry in denials() if entry["subject"]["id"] == str(version.pk)]
    assert [entry["data"]["permission"] for entry in found] == ["registry.version.view"]
    assert "Risk" not in reader.get(reverse("governance:inbox")).content.decode()


@pytest.mark.sampled
@pytest.mark.parametrize("act", ["retire", "suspend", "withdraw", "submit", "make-report"])
def test_an_act_on_what_is_foreign_does_nothing_by_any_method(world: Any, act: str) -> None:
    """AZ-02"""
    version = world.draft()
    owner = session_of(user_of(person("owner", "risk-reviewer", on=other_system("b").system)))
    before = recorded()
    address = reverse("governance:act", args=[act, version.pk])
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert owner.generic(method, address, "reason=x&kind=audit").status_code in (404, 405)
    assert (version_by_id(version.pk).state, recorded()) == ("draft", before)


def test_a_foreign_key_in_a_list_writes_not_even_the_part_that_is_mine(world: Any) -> None:
    """AZ-03, AZ-13: one foreign id among mine, in nested JSON: refused as a whole."""
    version = world.draft()
    other = other_system("b")
    foreign = other.upload(b"theirs")
    mine = world.upload("artifact", b"mine", "mine.bin", model_id=world.model.pk)
    before, files = recorded(), ArtifactFile.objects.count()
    answer = caller(world).post(
        f"/api/v1/versions/{version.pk}/files",
        {"files": {"a.bin": str(mine.pk), "b.bin": str(foreign.pk)}},
        content_type="application/json",
    )
    assert answer.status_code == 404
    assert str(foreign.pk) not in answer.content.decode()
    assert (recorded(), ArtifactFile.objects.count()) == (before, files)


@pytest.mark.sampled
@pytest.mark.parametrize("field", ["system", "model", "dataset", "policy", "policy_digest"])
def test_what_i_may_edit_cannot_be_moved_to_others(world: Any, field: str) -> None:
    """AZ-03"""
    version = world.draft()
    other = other_system("b")
    for address, id_ in ((f"/api/v1/versions/{version.pk}", other.model.pk),):
        body = {"label": "x", field: str(id_)}
        answer = caller(world).patch(address, body, content_type="application/json")
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    fresh = version_by_id(version.pk)
    assert (fresh.label, fresh.model_id) == ("", world.model.pk)


def test_identifiers_that_disagree_are_refused_before_anything_is_written(world: Any) -> None:
    """AZ-04: my model passes the check, their system would be written to."""
    other = other_system("b")
    before = recorded()
    said = {"purpose": "artifact", "size": 1, "digest": "a" * 64, "name": "a.bin"}
    answer = caller(world).post(
        "/api/v1/uploads",
        {**said, "model": str(world.model.pk), "system": str(other.system.pk)},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "system")
    assert "identifiers disagree" in answer.json()["detail"]
    assert recorded() == before


def test_data_of_one_system_shows_and_reaches_nothing_of_another(world: Any) -> None:
    """AZ-05: a dataset belongs to one system; the same bytes in another are another row with its own readers."""
    version = world.draft()
    data = Lineage.objects.filter(version=version).first()
    assert data is not None
    other = other_system("b")
    theirs = other.version()
    before = recorded()
    answer = Client(headers={"Authorization": f"Bearer {world.token}"}).post(
        f"/api/v1/versions/{theirs.pk}/lineage",
        {"dataset_version": str(data.dataset_version_id), "role": "training"},
        content_type="application/json",
    )
    # the pipeline holds its role everywhere: it sees both, and still can't join them
    assert answer.status_code == 404
    assert recorded() == before
    reader = session_of(user_of(person("auditor", on=other.system)))
    listed = reader.get(f"/api/v1/systems/{world.system_id}/datasets")
    assert listed.status_code == 404
    assert reader.get(f"/api/v1/systems/{other.system.pk}/datasets").json()["results"] == []


@pytest.mark.once
def test_no_write_takes_a_member_that_nobody_may_set(world: Any) -> None:
    """AZ-06: every operation of the schema with a JSON body refuses each, by name."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    client, before, tried = caller(world), recorded(), 0
    for path, operations in schema["paths"].items():
        for method in ("post", "patch", "put"):
            content = operations.get(method, {}).get("requestBody", {}).get("content", {})
            if "application/json" not in content:
                continue
            parts = [str(uuid.uuid4()) if part.startswith("{") else part for part in path.split("/")]
            shape = content["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
            known = schema["components"]["schemas"].get(shape, {}).get("properties", {})
            said = {name: value for name, value in NEVER_SAID.items() if name not in known}
            answer = client.generic(
                method.upper(), "/".join(parts), json.dumps(said), content_type="application/json"
            )
            assert answer.status_code == 400, (method, path, answer.content)
            named = {error["field"] for error in answer.json()["errors"]}
            assert set(said) <= named, (method, path, named)
            tried += 1
    assert tried > 15
    assert recorded() == before


@pytest.mark.once
def test_a_form_takes_only_its_own_fields(world: Any) -> None:
    """AZ-06, WF-11: the portal passes over what its form doesn't ask for."""
    version = world.draft()
    owner = session_of(world.users["owner"])
    address = reverse("governance:act", args=["submit", version.pk])
    answer = owner.post(f"{address}?next_state=approved", NEVER_SAID | {"next_state": "approved"})
    assert answer.status_code == 302
    assert version_by_id(version.pk).state == "validation"


@pytest.mark.once
def test_forged_rows_of_a_list_change_nothing_in_the_admin(world: Any) -> None:
    """AZ-08: inline and list_editable rows that no page offers."""
    version = world.draft()
    operator = session_of(world.users["one"])
    before = recorded()
    forged = {
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(version.model.system_id),
        "form-0-name": "Mine", "form-0-state": "retired", "_save": "Save",
    }  # fmt: skip
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert operator.post(reverse(name), forged).status_code in (200, 302, 403)
    assert recorded() == before
    assert not [row for row in admin.site._registry.values() if row.inlines or row.list_editable]


@pytest.mark.once
def test_state_changes_by_our_own_form_alone(world: Any) -> None:
    """AZ-09: not by GET, HEAD, another content type, an overridden method, or without the session's token."""
    version = world.draft()
    address = reverse("governance:act", args=["submit", version.pk])
    owner, strict = session_of(world.users["owner"]), session_of(world.users["owner"])
    strict.handler.enforce_csrf_checks = True
    before = recorded()
    override = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
    assert owner.get(address, {"_method": "POST"}, headers=override).status_code == 200
    assert owner.head(address, headers=override).status_code == 200
    for kind in ("text/plain", "application/json", "application/x-www-form-urlencoded"):
        assert strict.post(address, "{}", content_type=kind).status_code == 403
    theirs = session_of(world.users["developer"])
    theirs.get(address)
    token = theirs.cookies["csrftoken"].value
    assert strict.post(address, {"csrfmiddlewaretoken": token}).status_code == 403
    cross = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert strict.post(address, {"csrfmiddlewaretoken": token}, headers=cross).status_code == 403
    api = f"/api/v1/versions/{version.pk}/submit"
    assert strict.post(api, "{}", content_type="application/json").status_code == 403
    assert owner.get(api, headers=override).status_code == 405
    assert owner.post(api, "{}", content_type="text/plain").status_code == 415
    assert (recorded(), version_by_id(version.pk).state) == (before, "draft")


HOSTILE = (
    "ordering=owner__password", "owner__email__startswith=a", "_connector=OR", "_negated=1", "name__regex=(a%2B)%2B$",
    "q'%22--=1", "system__owner__contains=p", "subject__gt=a",
)  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("query", HOSTILE)
def test_lists_filter_by_what_they_declare_alone(world: Any, query: str) -> None:
    """AZ-10: in the API named and refused; in the admin refused; the portal's lists refuse or know no such names."""
    world.draft()
    client = caller(world)
    for path in ("systems", "models", "versions", "deployments", "warrants", "breaches", "incidents"):
        answer = client.get(f"/api/v1/{path}?{query}")
        assert answer.status_code == 400, (path, answer.content)
        assert "possible" in answer.json()["detail"]
        assert client.get(f"/api/v1/{path}?page_size=1").status_code == 200
    operator = session_of(world.users["one"])
    for model in (User, Grant, Version, Component):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        answer = operator.get(f"{reverse(name)}?{query}")
        assert answer.status_code in (302, 400, 403), (model, answer.status_code)
    for name in ("registry:inventory", "governance:inbox", "people:people"):
        assert operator.get(f"{reverse(name)}?{query}").status_code in (200, 400), name


@pytest.mark.once
def test_a_wrong_write_never_answers_with_what_a_read_would_have_shown(world: Any) -> None:
    """AZ-14"""
    version = world.draft()
    outside = session_of(user_of(person("developer", on=other_system("b").system)))
    address = f"/api/v1/versions/{version.pk}"
    for headers, query in (({"Accept": "text/html"}, ""), ({}, "?format=admin"), ({}, "?format=api")):
        for method in ("GET", "PATCH", "PUT", "OPTIONS"):
            answer = outside.generic(
                method, address + query, '{"state": 1}', content_type="application/json", headers=headers
            )
            assert answer.status_code in (400, 404, 405, 406) or method == "OPTIONS", (method, query)
            assert "weights" not in answer.content.decode()
            assert "About " not in answer.content.decode()


@pytest.mark.once
@pytest.mark.parametrize(
    "path",
    [
        "/media/x",
        "/media/../settings.py",
        "/artifacts/sha256/aa",
        "/static/../manage.py",
        "/static/..%2fmanage.py",
    ],
)
def test_stored_bytes_have_no_address_of_their_own(world: Any, path: str) -> None:
    """AZ-15: bytes leave only through a page that asks who may."""
    assert session_of(world.users["owner"]).get(path).status_code == 404
    assert Client().get(path).status_code == 404


@pytest.mark.once
def test_a_file_is_gone_with_the_role_that_showed_it(world: Any) -> None:
    """AZ-15: the address of a report is no ticket."""
    report = report_request(actor=world["owner"], version_id=world.draft().pk, kind="scorecard")
    auditor = session_of(world.users["auditor"])
    page = reverse("governance:reports")
    assert str(report.pk) in auditor.get(page).content.decode() or auditor.get(page).status_code == 200
    held = Grant.objects.get(holder_user=world.users["auditor"], role="auditor")
    grant_revoke(actor=world["one"], grant_id=held.pk, reason="Left.")
    for part in ("pdf", "data", "sidecar"):
        gone = auditor.get(reverse("governance:report-file", args=[report.pk, part]))
        unknown = auditor.get(reverse("governance:report-file", args=[uuid.uuid4(), part]))
        assert (gone.status_code, gone.content) == (404, unknown.content)
    assert denials()[-1]["data"]["permission"] == "governance.report.view"
