"""Models that already run: read from a stranger's file, shown in a dry run, vouched for by a person, never approved."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import Workbook

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, Refused, TooLarge
from ledger.models import Entry
from ledger.services import audit
from people.models import Notice, User
from registry import spreadsheets
from registry.exports import csv_bytes, neutral
from registry.models import AIModel, ImportedModel, ImportRow, InventoryImport, System, Version
from registry.selectors.imports import overdue_visible, progress, spelt
from registry.selectors.intake import plan
from registry.services import fields, imports, intake
from registry.services.systems import system_retire
from registry.services.versions import version_apply_move
from registry.signals import inventory_due_asked
from tests.registry.world import make_world, person

pytestmark = pytest.mark.django_db
IMPORTER = Actor.system(intake.IMPORTER)
HEADER = ("System", "Model", "Task", "Owner", "Tier", "Purpose", "Affected people", "Legal entity")


def email_of(actor: Actor) -> str:
    return User.objects.get(pk=actor.pk).email


def line(number: int, owner: str, **other: str) -> list[str]:
    said = {
        "System": f"System {number}",
        "Model": f"Model {number}",
        "Task": "classification",
        "Owner": owner,
        "Tier": "low",
        "Purpose": "To sort letters.",
        "Affected people": "Nobody.",
        "Legal entity": "Example Ltd",
    } | other
    return [said[name] for name in HEADER]


def csv_of(lines: Iterable[Iterable[str]], header: Iterable[str] = HEADER, between: str = ",") -> bytes:
    return "".join(f"{between.join(cells)}\r\n" for cells in [header, *lines]).encode()


def xlsx_of(lines: Iterable[Iterable[Any]], header: Iterable[str] = HEADER) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Models")
    for cells in [header, *lines]:
        sheet.append(list(cells))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def read(actor: Actor, data: bytes, name: str = "models.csv") -> InventoryImport:
    return imports.import_read(actor=actor, name=name, data=data)


def taken_in(actor: Actor, data: bytes) -> InventoryImport:
    row = read(actor, data)
    imports.import_confirm(actor=actor, import_id=row.pk, shown=plan(row).digest)
    intake.imports_write(actor=IMPORTER)
    row.refresh_from_db()
    return row


# -- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(
    "data",
    [
        csv_of([["1", "2"]], "ab"),
        csv_of([["1", "2"]], "ab", ";"),
        csv_of([["1", "2"]], "ab", "\t"),
        b"\xef\xbb\xbf" + csv_of([["1", "2"]], "ab", ";"),
        csv_of([["1", "2"]], "ab").decode().encode("utf-16"),
        b"a,b,,\r\n1,2,,\r\n,,,\r\n",
        xlsx_of([[1, 2.0]], "ab"),
    ],
    ids=["comma", "semicolon", "tab", "mark", "utf-16", "trailing", "xlsx"],
)
def test_the_usual_ways_to_write_a_table_give_the_same_cells(data: bytes) -> None:
    sheet = spreadsheets.read(data)
    assert (sheet.header, sheet.rows) == (("a", "b"), ((2, ("1", "2")),))


@pytest.mark.once
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"a,b\n", "no rows"),
        (b"a,a\n1,2\n", "twice"),
        (b"a,,c\n1,2,3\n", "no name"),
        (b"a,b\n1,2,3\n", "shift"),
        (b"a,b;c\n1,2\n", "what parts"),
        (b'a,b\n"1,2\n', "can't be read as CSV"),
        (b"a,b\nM\xfcller,2\n", "UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), "NUL"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old or an encrypted"),
        (b"PK\x03\x04 no workbook", "can't be read"),
    ],
)
def test_what_could_shift_a_column_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        spreadsheets.read(data)
    assert refused.value.field == "file"


def bomb(size: int, parts: int = 1) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(parts):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b" " * size)
    return kept.getvalue()


@pytest.mark.once
@pytest.mark.parametrize("data", [bomb(60 * 1024 * 1024), bomb(0, 600)], ids=["unpacked", "parts"])
def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_read(data: bytes) -> None:
    assert len(data) < spreadsheets.MAX_BYTES
    with pytest.raises(TooLarge):
        spreadsheets.read(data)


@pytest.mark.once
def test_a_workbook_with_entities_reaches_no_parser_that_expands_them() -> None:
    good, kept = xlsx_of([["x", "y"]], "ab"), io.BytesIO()
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(kept, "w") as new:
        for item in old.infolist():
            new.writestr(item, evil if item.filename.startswith("xl/worksheets/") else old.read(item))
    with pytest.raises(Invalid, match=r"can't be read as an \.xlsx"):
        spreadsheets.read(kept.getvalue())


@pytest.mark.once
def test_formulas_are_not_evaluated_and_their_errors_are_errors_of_the_row() -> None:
    owner = person("owner")
    sheet = spreadsheets.read(xlsx_of([["=1+1", "b"]], "ab"))
    assert sheet.rows == ((2, ("", "b")),)  # no value was saved with it
    row = read(owner, csv_of([line(1, email_of(owner), Task="#REF!")]))
    assert plan(row).rows[0].faults == (("Task", "The cell holds the spreadsheet's error #REF!."),)


@pytest.mark.once
def test_cells_of_an_export_are_no_formulas() -> None:
    for text in ("=1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "\u200b=1", "|x"):
        assert neutral(text) == f"'{text}"
    assert neutral("a=1") == "a=1"
    assert csv_bytes(("a",), [["=1;2"]]) == b'\xef\xbb\xbf"a"\r\n"\'=1;2"\r\n'


# -- the dry run -----------------------------------------------------------------------------------------------------


def test_every_error_of_every_row_is_named_at_once_and_nothing_is_written() -> None:
    owner = person("owner")
    mine = email_of(owner)
    before = Entry.objects.count()
    row = read(
        owner,
        csv_of(
            [
                line(1, mine),
                line(2, "nobody@example.org", Tier="huge", Purpose=""),
                line(3, mine, System="Sуstem 1"),  # a Cyrillic letter
                line(4, mine, System="System 1", Model="Model 1"),
                line(5, mine, System="system 1", Model="Mode1 1", Tier="high"),
                line(6, mine, Model="M\u202eledom"),
            ]
        ),
    )
    found = {item.number: item for item in plan(row).rows}
    assert [found[number].outcome for number in (2, 3, 4, 5, 6, 7)] == ["new", *["error"] * 5]
    assert {column for column, _ in found[3].faults} == {"Owner", "Tier", "Purpose"}
    assert "mixes" in found[4].faults[0][1]
    assert found[5].faults == (("Model", "Row 2 names the same model."),)
    assert {column for column, _ in found[6].faults} == {"Tier", "Model"}
    assert "can't be seen (U+202E)" in found[7].faults[0][1]
    with pytest.raises(Refused, match="5 rows have errors"):
        imports.import_confirm(actor=owner, import_id=row.pk, shown=plan(row).digest)
    assert (System.objects.count(), Version.objects.count()) == (0, 0)
    assert Entry.objects.exclude(event="ledger.denied").count() == before + 1  # the file was read


def test_an_import_changes_nothing_that_is_there() -> None:
    world = make_world()
    mine = email_of(world.owner)
    there = {"System": world.system.name, "Owner": mine, "Tier": "high"}
    row = read(
        world.owner,
        csv_of(
            [
                line(1, mine, **there | {"Model": world.model.name}),
                line(2, mine, **there | {"Model": "Another", "Tier": "low"}),
                line(3, mine, **there | {"Model": "Pr0gression"}),
                line(4, mine, **there | {"Model": "Third"}),
            ]
        ),
    )
    known, lower, alike, new = plan(row).rows
    assert (known.outcome, new.outcome) == ("known", "new")
    assert lower.faults == (("Tier", "This differs: an import changes nothing that is there."),)
    assert "looks like" in alike.faults[0][1]


@pytest.mark.once
def test_columns_are_guessed_corrected_and_kept() -> None:
    owner = person("owner")
    mine = email_of(owner)
    head = [
        "Use case",
        "Model name",
        "Type",
        "Responsible",
        "Risk rating",
        "Description",
        "Customers",
        "Entity",
    ]
    row = read(owner, csv_of([line(1, mine)], head))
    assert set(row.mapping.values()) == {
        *("system", "model", "task", "owner", "tier", "purpose", "affected_people", "legal_entity")
    }
    assert plan(row).confirmable
    imports.import_map(actor=owner, import_id=row.pk, mapping=row.mapping | {"Type": ""})
    row.refresh_from_db()
    assert plan(row).unmapped == ("Task",)
    with pytest.raises(Refused, match="Task"):
        imports.import_confirm(actor=owner, import_id=row.pk, shown=plan(row).digest)
    for wrong in ({"Nothing": "task"}, {"Type": "state"}, {"Type": "model", "Model name": "model"}):
        with pytest.raises(Invalid):
            imports.import_map(actor=owner, import_id=row.pk, mapping=wrong)


# -- confirming ------------------------------------------------------------------------------------------------------


def test_rows_become_models_in_use_without_a_warrant_and_nothing_else() -> None:
    owner = person("owner")
    mine = email_of(owner)
    head = (*HEADER, "Image digest", "Vendor")
    row = taken_in(
        owner,
        csv_of(
            [[*line(1, mine), "", "Maker"], [*line(2, mine, Tier="high"), "sha256:" + "a" * 64, ""]], head
        ),
    )
    assert (row.state, row.attestor) == ("done", owner.id)
    assert progress(row) == {"waiting": 0, "written": 2, "known": 0, "failed": 0}
    declared, image = (item.version for item in ImportedModel.objects.order_by("row"))
    assert {declared.state, image.state} == {"in-use-not-warranted"}
    assert (declared.binding, declared.declared["vendor"]) == ("declared", "Maker")
    assert (image.binding, image.subject_digest) == ("container", "a" * 64)
    days = [
        round((item.due - item.imported_at) / timedelta(days=1))
        for item in ImportedModel.objects.order_by("row")
    ]
    assert days == [365, 90]
    # who vouches for a model took part in it: through no door do they approve it
    assert set(declared.contributions.values_list("principal", flat=True)) == {intake.IMPORTER, owner.id}
    events = set(Entry.objects.values_list("event", flat=True))
    assert not [name for name in events if ("grant" in name and "confirmed" not in name) or "approve" in name]
    for model in (System, AIModel, Version, ImportedModel, InventoryImport):
        for item in model.objects.all():
            assert audit.row_faults(item) == []
    assert not ImportRow.objects.exclude(cells=[]).exists()  # addresses of people don't outlive their use
    assert Notice.objects.filter(text__contains="is done").count() == 1


def test_the_same_file_is_the_same_import_and_a_longer_one_adds_what_is_new() -> None:
    owner = person("owner")
    mine = email_of(owner)
    first = csv_of([line(1, mine)])
    row = taken_in(owner, first)
    assert read(owner, first).pk == row.pk
    longer = taken_in(owner, csv_of([line(1, mine), line(2, mine)]))
    assert progress(longer) == {"waiting": 0, "written": 1, "known": 1, "failed": 0}
    assert Version.objects.count() == 2
    again = read(owner, csv_of([line(2, mine), line(1, mine)]))
    with pytest.raises(Refused, match="already"):
        imports.import_confirm(actor=owner, import_id=again.pk, shown=plan(again).digest)


def test_a_confirmation_binds_what_was_shown_and_happens_once() -> None:
    owner = person("owner")
    row = read(owner, csv_of([line(1, email_of(owner))]))
    shown = plan(row).digest
    with pytest.raises(Conflict) as stale:
        imports.import_confirm(actor=owner, import_id=row.pk, shown="sha256:" + "0" * 64)
    assert stale.value.code == "stale"
    imports.import_confirm(actor=owner, import_id=row.pk, shown=shown)
    for again in (imports.import_confirm, imports.import_discard):
        with pytest.raises(Conflict):
            again(
                actor=owner, import_id=row.pk, **({"shown": shown} if again is imports.import_confirm else {})
            )
    with pytest.raises(Conflict):
        imports.import_map(actor=owner, import_id=row.pk, mapping={})


def test_discarding_leaves_nothing_and_lets_the_file_come_again() -> None:
    owner = person("owner")
    data = csv_of([line(1, email_of(owner))])
    row = read(owner, data)
    imports.import_discard(actor=owner, import_id=row.pk)
    assert ImportRow.objects.count() == System.objects.count() == 0
    assert read(owner, data).pk != row.pk


def test_what_nobody_confirms_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = person("owner")
    row = read(owner, csv_of([line(1, email_of(owner))]))
    assert intake.imports_expire(actor=IMPORTER) == 0
    later = clock.now() + intake.KEPT
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (intake.imports_expire(actor=IMPORTER), intake.imports_expire(actor=IMPORTER)) == (1, 0)
    row.refresh_from_db()
    assert (row.state, ImportRow.objects.count(), audit.row_faults(row)) == ("discarded", 0, [])


def test_a_killed_worker_neither_loses_nor_doubles_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = person("owner")
    mine = email_of(owner)
    row = read(owner, csv_of([line(number, mine) for number in range(1, 6)]))
    imports.import_confirm(actor=owner, import_id=row.pk, shown=plan(row).digest)
    real, calls = intake._take_in, []

    def dying(*args: Any) -> None:
        real(*args)
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt  # everything of the row is written, and nothing committed

    monkeypatch.setattr(intake, "_take_in", dying)
    with pytest.raises(KeyboardInterrupt):
        intake.imports_write(actor=IMPORTER)
    assert (Version.objects.count(), progress(row)["waiting"]) == (2, 3)
    monkeypatch.undo()
    intake.imports_write(actor=IMPORTER)
    assert (Version.objects.count(), System.objects.count()) == (5, 5)
    assert progress(row) == {"waiting": 0, "written": 5, "known": 0, "failed": 0}
    assert intake.imports_write(actor=IMPORTER) == 0


def test_a_row_that_became_wrong_meanwhile_fails_by_itself() -> None:
    world = make_world()
    mine = email_of(world.owner)
    there = {"System": world.system.name, "Tier": "high"}
    row = read(world.owner, csv_of([line(1, mine, **there), line(2, mine)]))
    imports.import_confirm(actor=world.owner, import_id=row.pk, shown=plan(row).digest)
    system_retire(actor=world.owner, system_id=world.system.pk)
    intake.imports_write(actor=IMPORTER)
    row.refresh_from_db()
    assert (row.state, progress(row)["failed"], progress(row)["written"]) == ("done", 1, 1)
    assert "retired" in ImportRow.objects.get(state="failed").reason


@pytest.mark.once
def test_who_may_not_import_neither_reads_nor_confirms() -> None:
    owner, developer = person("owner"), person("developer")
    narrow = make_world()
    data = csv_of([line(1, email_of(owner))])
    for nobody in (developer, person("auditor"), person("owner", on=narrow.system), person()):
        with pytest.raises(NotAllowed):
            read(nobody, data)
    row = read(owner, data)
    for nobody in (developer, person("auditor"), person("owner", on=narrow.system), person("operator")):
        with pytest.raises(NotAllowed):
            imports.import_confirm(actor=nobody, import_id=row.pk, shown=plan(row).digest)
        with pytest.raises(NotAllowed):
            imports.import_discard(actor=nobody, import_id=row.pk)
    imports.import_confirm(actor=owner, import_id=row.pk, shown=plan(row).digest)
    with pytest.raises(NotAllowed):
        intake.imports_write(actor=Actor.system("checks-worker"))
    assert System.objects.count() == 1


def test_fields_of_the_organisation_are_filled_from_the_file_and_checked() -> None:
    owner, reviewer = person("owner"), person("risk-reviewer")
    fields.field_define(
        actor=reviewer, about="system", name="cost-centre", title="Cost centre", kind="number", required=True
    )
    fields.field_define(
        actor=reviewer, about="model", name="line", title="Line", kind="choice", choices=["first", "second"]
    )
    head = (*HEADER, "Cost centre", "Line")
    mine = email_of(owner)
    row = read(owner, csv_of([[*line(1, mine), "x", "third"], [*line(2, mine), "", "first"]], head))
    first, second = plan(row).rows
    assert {column for column, _ in first.faults} == {"Cost centre", "Line"}
    assert second.faults == (("Cost centre", "This can't be empty."),)
    imports.import_discard(actor=owner, import_id=row.pk)
    taken_in(owner, csv_of([[*line(1, mine), "12.5", "first"]], head))
    system, model = System.objects.get(), AIModel.objects.get()
    assert system.custom_values.get(model=None).text == "12.5"
    assert model.custom_values.get().text == "first"


# -- overdue ---------------------------------------------------------------------------------------------------------


def test_what_is_overdue_is_listed_by_the_clock_and_people_are_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner, other = person("owner"), person("owner")
    taken_in(owner, csv_of([line(1, email_of(other), Tier="high"), line(2, email_of(other))]))
    now = clock.now()
    assert list(overdue_visible(owner, now + timedelta(days=89))) == []
    late = list(spelt(overdue_visible(owner, now + timedelta(days=90, minutes=1))))
    assert [item.version.model.name for item in late] == ["Model 1"]
    assert late[0].attestor == owner.id
    assert list(overdue_visible(person(), now + timedelta(days=900))) == []
    Notice.objects.all().delete()
    sweep = Actor.system(intake.SWEEP)
    assert intake.overdue_notify(actor=sweep) == 0
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=91))
    assert (intake.overdue_notify(actor=sweep), intake.overdue_notify(actor=sweep)) == (1, 0)
    assert Notice.objects.count() == 2  # the attestor and the owner
    version = late[0].version
    version_apply_move(
        actor=person("owner"),
        version_id=version.pk,
        move="retire",
        reason="Switched off.",
        answers={"nothing-running": True, "disposal-attested": True},
    )
    assert list(overdue_visible(owner, now + timedelta(days=91))) == []


def test_a_policy_in_force_may_shorten_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(sender: object, *, tier: str, **_: Any) -> int | None:
        return 10 if tier == "low" else None

    inventory_due_asked.connect(said)
    try:
        owner = person("owner")
        taken_in(owner, csv_of([line(1, email_of(owner)), line(2, email_of(owner), Tier="medium")]))
    finally:
        inventory_due_asked.disconnect(said)
    days = [(item.due - item.imported_at).days + 1 for item in ImportedModel.objects.order_by("row")]
    assert days == [10, 180]
