"""Lists: what an address may ask, views that people keep, files that leave the portal."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger.errors import Conflict, Invalid, NotThere
from ledger.models import Entry
from people import exports, lists
from people.lists import Column, Filter, Listing, asked, register
from people.models import SavedView, User
from people.services import desks
from tests.people.crew import Crew, acting

pytestmark = pytest.mark.django_db
NASTY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "\u200b=1", "\n=1", 'a "quoted"; one, two', "plain 1-2",
]  # fmt: skip


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def nasty(monkeypatch: pytest.MonkeyPatch) -> Listing:
    monkeypatch.setattr(lists, "LISTINGS", lists.LISTINGS)
    monkeypatch.delitem(lists.LISTINGS, "nasty", raising=False)
    made = Listing(
        "nasty", "Nasty: [things]", "people:people", lambda actor: list(NASTY),
        columns=(Column("text", "Text", str), Column("length", "Length", len, "number")),
        filters=(Filter("q", "Text", lambda rows, value: [row for row in rows if value in row]),),
    )  # fmt: skip
    register(made)
    yield made
    lists.LISTINGS.pop("nasty")


REFUSED = (
    "role__regex=(a%2B)%2B%24", "ordering=holder_user__password", "sort=holder_user__password", "sort=-x", "sort=requested_by",
    "holder_user__email__startswith=a", "_connector=OR", "role=king", "q%00=1", "role=%00", f"role={'a' * 101}",
    "sort=role%22%3B--",
)  # fmt: skip


@pytest.mark.once
def test_an_address_asks_only_what_the_table_allows(crew: Crew) -> None:
    client = of(crew.person("auditor"))
    assert {query: client.get(f"/people/?{query}").status_code for query in REFUSED} == dict.fromkeys(
        REFUSED, 400
    )


@pytest.mark.once
def test_odd_pages_and_empty_filters_are_read(crew: Crew) -> None:
    client = of(crew.person("auditor"))
    for query in ("page=999999999", "page=-1", "page=x", "role=", "sort=-role", "sort=holder&role=auditor"):
        assert client.get(f"/people/?{query}").status_code == 200, query


def test_a_view_is_kept_once_found_again_and_nobody_elses(crew: Crew) -> None:
    user, other = crew.person("auditor"), crew.person("auditor")
    client = of(user)
    for query in ("role=auditor", "role=auditor&sort=-holder"):
        answer = client.post("/lists/people/views/", {"name": " Only  auditors ", "query": query})
        assert answer["Location"] == f"/people/?{query}"
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("Only auditors", "role=auditor&sort=-holder")
    page = client.get("/people/").content.decode()
    assert 'href="/people/?role=auditor&amp;sort=-holder"' in page
    assert "Only auditors" not in of(other).get("/people/").content.decode()
    assert of(other).post(f"/lists/views/{view.pk}/delete/").status_code == 404
    assert client.get(f"/lists/views/{view.pk}/delete/").status_code == 405
    assert client.post(f"/lists/views/{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


@pytest.mark.once
def test_a_view_holds_nothing_that_the_table_does_not_allow(crew: Crew) -> None:
    user = crew.person("auditor")
    assert of(user).post("/lists/people/views/", {"name": "x", "query": "a__b=1"}).status_code == 400
    assert of(user).post("/lists/people/views/", {"name": " ", "query": ""}).status_code == 400
    assert of(user).post("/lists/unheard/views/", {"name": "x", "query": ""}).status_code == 404
    for number in range(desks.MOST_VIEWS):
        desks.view_save(actor=acting(user), listing="people", name=f"v{number}", query="")
    with pytest.raises(Conflict, match="Delete one"):
        desks.view_save(actor=acting(user), listing="people", name="one more", query="")
    with pytest.raises(NotThere):
        desks.view_delete(actor=acting(crew.person()), view_id=SavedView.objects.all()[0].pk)


def exported(client: Client, name: str, form: str, query: str = "") -> bytes:
    answer = client.post(f"/lists/{name}/export/", {"format": form, "query": query})
    assert answer.status_code == 200, answer.content
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    return b"".join(answer.streaming_content)


@pytest.mark.once
def test_no_cell_of_a_file_is_a_formula_and_json_is_exact(crew: Crew, nasty: Listing) -> None:
    client = of(crew.person())
    said = json.loads(exported(client, "nasty", "json"))
    assert [row["text"] for row in said["rows"]] == NASTY
    assert said["left_off"] == 0
    text = exported(client, "nasty", "csv").decode("utf-8-sig")
    cells = [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    book = openpyxl.load_workbook(io.BytesIO(exported(client, "nasty", "xlsx")))
    sheet = [row[0] for row in book.active.iter_rows(min_row=2)]
    assert {cell.data_type for cell in sheet} == {"s"}
    for raw, cell, other in zip(NASTY, cells, sheet, strict=True):
        if raw in NASTY[-2:]:
            assert cell == raw
        else:
            assert cell == f"'{raw}"
            assert other.value.startswith("'")
    assert [row[1].value for row in book.active.iter_rows(min_row=2)] == [len(raw) for raw in NASTY]


@pytest.mark.once
def test_a_file_says_what_it_left_off(crew: Crew, nasty: Listing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("people.views.desk.MOST_ROWS", 3)
    client = of(crew.person())
    assert json.loads(exported(client, "nasty", "json"))["left_off"] == len(NASTY) - 3
    lines = exported(client, "nasty", "csv").decode("utf-8-sig").strip().split("\r\n")
    assert lines[-1].startswith(f"{len(NASTY) - 3} more rows are not in this file")
    book = openpyxl.load_workbook(io.BytesIO(exported(client, "nasty", "xlsx")))
    assert book.active.max_row == 1 + 3 + 1


def test_an_export_holds_what_its_reader_may_see_and_is_recorded(crew: Crew, lending: Any) -> None:
    system, _, _, other = lending
    reviewer, stranger = crew.person("risk-reviewer", on=system), crew.person("developer", on=other)
    client = of(crew.person("owner", on=system))
    found = exported(client, "people", "csv", "sort=holder").decode()
    assert reviewer.name in found
    assert stranger.name not in found
    entry = Entry.objects.get(event="people.list_exported")
    said = json.loads(bytes(entry.bytes))
    assert said["data"] == {"list": "people", "format": "csv", "rows": 2}
    assert (
        "sort=holder" not in bytes(entry.bytes).decode()
    )  # a filter may hold a name: a commitment stands for it
    nobody = exported(of(crew.person()), "people", "csv").decode("utf-8-sig").split("\r\n")
    assert nobody == [nobody[0], ""]


@pytest.mark.once
def test_an_export_needs_a_post_of_somebody_signed_in(crew: Crew) -> None:
    assert Client().post("/lists/people/export/", {"format": "csv"}).status_code == 302
    client = of(crew.person())
    for method in ("get", "put", "delete", "patch", "head"):
        assert getattr(client, method)("/lists/people/export/?format=csv").status_code == 405
    assert client.post("/lists/people/export/", {"format": "exe"}).status_code == 400
    assert client.post("/lists/people/export/", {"format": "csv", "query": "a=1"}).status_code == 400
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(crew.person())
    assert strict.post("/lists/people/export/", {"format": "csv"}).status_code == 403
    assert not Entry.objects.filter(event="people.list_exported").exists()


def test_a_page_of_a_list_asks_the_same_number_of_questions_for_any_number_of_rows(crew: Crew) -> None:
    client = of(crew.person("auditor"))

    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get("/people/").status_code == 200
        return len(seen)

    few = questions()
    for _ in range(5):
        crew.person("developer")
    assert questions() <= few + 2


@pytest.mark.once
def test_text_is_neutral_only_where_it_must_be() -> None:
    assert exports.neutral("a=b") == "a=b"
    assert exports.neutral("") == ""
    assert exports.neutral("’=1") == "’=1"
    assert re.fullmatch("'-.*", exports.neutral("-5 °C"))
    with pytest.raises(Invalid):
        asked(lists.LISTINGS["people"], QueryDict("page=1&x=1"))
