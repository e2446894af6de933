"""An importer's journey over HTTP: three hundred models from a workbook, mended once, vouched for, due, never approved."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from ledger import clock
from ledger.actors import Actor
from ledger.services import audit
from people.models import User
from registry.models import Dependency, ImportedModel, InventoryImport, System, Tiering, Version
from registry.services import intake
from registry.services.dependencies import dependency_set
from registry.services.fields import field_define
from registry.tasks import intake as work
from tests.registry.world import make_world, person

pytestmark = pytest.mark.django_db
HEAD = ("Use case", "Model name", "Type", "Owner email", "Materiality", "Description", "Affected people", "Company",
        "Supplier", "Comment")  # fmt: skip


def browser(actor: Actor) -> Client:
    """Somebody's session, signed in with a second factor."""
    client = Client()
    client.force_login(User.objects.get(pk=actor.pk))
    session = client.session
    session["people.second_factor"] = True
    session["people.authenticated_at"] = clock.now().timestamp()
    session.save()
    return client


def workbook(owner: str, count: int, **wrong: Any) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Inventory")
    sheet.append(HEAD)
    for number in range(1, count + 1):
        tier = wrong.get(f"row{number}", ("low", "medium", "high")[number % 3])
        sheet.append(
            (f"Use case {(number + 1) // 2}" if number % 3 else f"Own case {number}", f"Model {number}", "scoring", owner,
             tier if number % 3 == 0 else wrong.get(f"row{number}", "medium"), "Scores letters.", "Customers", "Bank AG",
             "Maker", "=1+1")
        )  # fmt: skip
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def send(client: Client, data: bytes) -> Any:
    return client.post(reverse("registry:imports"), {"file": SimpleUploadedFile("models.xlsx", data)})


@pytest.mark.once
def test_three_hundred_models_from_a_workbook() -> None:
    importer, answering = person("owner", name="Importer"), person("owner")
    owner = User.objects.get(pk=answering.pk).email
    client = browser(importer)
    assert "Read the file" in client.get(reverse("registry:imports")).content.decode()

    first = send(client, workbook(owner, 300, row7="enormous", row299="tiny"))
    assert first.status_code == 302
    page = client.get(first["Location"]).content.decode()
    assert 'Comment</span> <span class="hint">left out' in page
    assert "While a row has errors nothing can be confirmed" in page
    assert "One of these is expected: low, medium, high." in page
    faults = client.get(first["Location"] + "errors.csv")
    assert faults.content.decode("utf-8-sig").count('"Materiality"') >= 2
    assert client.post(first["Location"] + "confirm/", {"vouch": "on", "shown": "x"}).status_code == 409
    assert client.post(first["Location"] + "discard/").status_code == 302
    assert System.objects.count() == 0

    second = send(client, workbook(owner, 300))
    place = second["Location"]
    columns = client.get(place + "columns/").content.decode()
    assert columns.count("<select") == len(HEAD)
    page = client.get(place).content.decode()
    shown = re.search(r'name="shown" value="(sha256:[0-9a-f]{64})"', page)
    assert shown is not None
    assert "<strong>300</strong> will be created" in page
    answer = client.post(place + "confirm/", {"shown": shown[1]})  # not vouched for
    assert (answer.status_code, InventoryImport.objects.get(state="draft").name) == (200, "models.xlsx")
    stale = client.post(place + "confirm/", {"vouch": "on", "shown": "sha256:" + "0" * 64})
    assert stale.status_code == 409
    assert shown[1] in stale.content.decode()  # the form carries what this page shows
    assert client.post(place + "confirm/", {"vouch": "on", "shown": shown[1]}).status_code == 302
    assert (
        client.post(place + "confirm/", {"vouch": "on", "shown": shown[1]}).status_code == 409
    )  # a double click
    assert "0 of 300 rows are written" in client.get(place).content.decode()
    work()
    page = client.get(place).content.decode()
    assert "300 taken in as in use, not warranted" in page
    assert "approved" not in re.sub("None is approved", "", page).casefold().replace("not approved", "")
    assert (
        Version.objects.filter(state="in-use-not-warranted").count() == ImportedModel.objects.count() == 300
    )
    assert ImportedModel.objects.values_list("attestor", flat=True).distinct().get() == importer.id
    some = Version.objects.order_by("pk")[:20]
    assert [fault for row in some for fault in audit.row_faults(row)] == []

    found = client.get(reverse("registry:model", args=[Version.objects.first().model_id])).content.decode()
    assert "in use, not warranted" in found
    assert "tolerated, not approved" in found
    assert (
        "Not confirmed"
        in client.get(reverse("registry:system", args=[System.objects.first().pk])).content.decode()
    )
    listed = client.get(reverse("registry:inventory-export")).content.decode("utf-8-sig")
    assert listed.count("\r\n") == 301


@pytest.mark.once
def test_the_pages_of_an_import_are_for_who_sees_the_whole_inventory() -> None:
    owner, world = person("owner"), make_world()
    data = workbook(User.objects.get(pk=owner.pk).email, 2)
    place = send(browser(owner), data)["Location"]
    for who in (world.developer, person()):
        client = browser(who)
        assert client.get(place).status_code == 404
        assert client.get(place + "errors.csv").status_code == 404
        assert client.post(place + "discard/").status_code == 404
        assert "models.xlsx" not in client.get(reverse("registry:imports")).content.decode()
        assert send(client, data).status_code in (403, 404)
    auditor = browser(person("auditor"))
    assert auditor.get(place).status_code == 200
    assert auditor.post(place + "discard/").status_code == 403
    assert InventoryImport.objects.get().state == "draft"


def test_what_is_overdue_is_listed_for_who_may_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = person("owner")
    client = browser(owner)
    place = send(client, workbook(User.objects.get(pk=owner.pk).email, 3))["Location"]
    shown = re.search(r'name="shown" value="([^"]+)"', client.get(place).content.decode())
    assert shown is not None
    client.post(place + "confirm/", {"vouch": "on", "shown": shown[1]})
    intake.imports_write(actor=Actor.system(intake.IMPORTER))
    assert "Nothing that you may see is overdue" in client.get(reverse("registry:overdue")).content.decode()
    ImportedModel.objects.filter(version__model__name="Model 1").update(due=clock.now())
    assert "Model 1" in client.get(reverse("registry:overdue")).content.decode()
    assert "1 version in use beyond its date" in client.get(reverse("registry:inventory")).content.decode()
    stranger = browser(person()).get(reverse("registry:overdue")).content.decode()
    assert "Model 1" not in stranger


@pytest.mark.once
def test_a_tier_is_proposed_and_confirmed_over_its_pages() -> None:
    world = make_world()
    client = browser(world.owner)
    place = reverse("registry:tiering-propose", args=[world.system.pk])
    empty = client.post(place, {"is_model": "yes", "why": "It scores people."})
    assert empty.status_code == 400
    assert empty.content.decode().count("answered yet") >= 7
    answers = {"impact": "severe", "autonomy": "acts", "reversibility": "never", "scale": "more", "data": "special",
               "complexity": "opaque", "regulatory": "directly"}  # fmt: skip
    form = {
        "is_model": "yes",
        "why": "It scores people.",
        **{f"answer-{name}": text for name, text in answers.items()},
    }
    lower = client.post(place, {**form, "tier": "low"})
    assert (lower.status_code, Tiering.objects.count()) == (400, 0)
    assert (
        client.post(place, {**form, "tier": "low", "tier_reason": "We would <b>like</b> it."}).status_code
        == 302
    )
    row = Tiering.objects.get()
    confirm = reverse("governance:act", args=["confirm-tiering", row.pk])
    assert client.post(confirm, {"note": "Mine."}).status_code == 403
    second = browser(person("risk-reviewer"))
    page = second.get(reverse("registry:tiering", args=[world.system.pk])).content.decode()
    assert "We would &lt;b&gt;like&lt;/b&gt; it." in page
    assert "Confirm the tier" in page
    assert second.post(confirm, {"note": "Read."}).status_code == 302
    world.system.refresh_from_db()
    assert world.system.risk_tier == "low"
    page = client.get(reverse("registry:system", args=[world.system.pk])).content.decode()
    assert "Reason for a lower tier: We would &lt;b&gt;like&lt;/b&gt; it." in page


def test_a_reader_of_one_model_never_learns_of_another() -> None:
    mine, other = make_world(), make_world("other")
    both = person("owner")
    dependency_set(actor=both, downstream_id=mine.model.pk, upstream_id=other.model.pk, kind="feeds")
    name = f"System {other.system.slug}"
    address = reverse("registry:model", args=[mine.model.pk])
    assert name in browser(both).get(address).content.decode()
    reader = browser(mine.developer)
    page = reader.get(address).content.decode()
    assert name not in page
    assert str(other.model.pk) not in page
    tried = {"kind": "feeds", "upstream": str(other.model.pk)}
    refused = reader.post(reverse("registry:model-dependencies", args=[mine.model.pk]), tried)
    assert "Select a valid choice" in refused.content.decode()
    assert name not in refused.content.decode()
    chosen = browser(both).post(
        reverse("registry:model-dependencies", args=[mine.model.pk]), tried | {"kind": "fallback"}
    )
    assert chosen.status_code == 302
    assert Dependency.objects.count() == 2


@pytest.mark.once
def test_fields_and_a_declared_version_over_their_pages() -> None:
    world = make_world()
    field_define(
        actor=person("risk-reviewer"), about="model", name="site", title="Site", kind="url", required=False
    )
    client = browser(world.developer)
    place = reverse("registry:model-values", args=[world.model.pk])
    wrong = client.post(place, {"value-site": "javascript:alert(1)"})
    assert wrong.status_code == 400
    assert client.post(place, {"value-site": "https://example.org/x"}).status_code == 302
    page = client.get(reverse("registry:model", args=[world.model.pk])).content.decode()
    assert "https://example.org/x" in page
    assert 'href="https://example.org/x"' not in page
    form = {"binding": "declared", "vendor": "Maker", "name": "Scores", "version": "7", "contract": "C-1"}
    place = reverse("registry:subject-register", args=[world.model.pk])
    assert client.post(place, {**form, "vendor": ""}).status_code == 400
    made = client.post(place, form)
    assert made.status_code == 302
    page = client.get(made["Location"]).content.decode()
    assert "Scores 7 by Maker" in page
    version = Version.objects.get()
    declared = client.get(reverse("registry:declaration", args=[version.pk]))
    assert declared.content.startswith(b'{"contract":"C-1"')
    assert browser(person("risk-reviewer", on=make_world("third").system)).get(place).status_code == 404
