"""Inventory imports over the portal: upload, name the columns, read the dry run, vouch for it or discard it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from ledger import clock
from ledger.errors import ServiceError
from people import access
from people.catalogue import P
from people.pages import PER_PAGE, acting, actor_of, named, paged, reading, tell
from people.services.reading import shown
from registry import columns, due
from registry.exports import csv_bytes
from registry.forms import ConfirmForm, MappingForm, UploadForm
from registry.machines import IMPORT
from registry.models import InventoryImport
from registry.selectors import fields, intake
from registry.selectors import imports as standing
from registry.selectors.systems import models_visible
from registry.services.imports import import_confirm, import_discard, import_map, import_read
from registry.spreadsheets import MAX_BYTES

MOST_FAULTS = 200
REFRESH_SECONDS = 3
MOST_EXPORTED = 20_000


@acting
def imports(request: HttpRequest) -> HttpResponse:
    """Every import I may see, and the form for another."""
    actor = actor_of(request)
    may_upload = access.reach(actor).allows(P.IMPORT_UPLOAD)
    form = UploadForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            row = import_read(actor=actor, name=file.name or "", data=file.read(MAX_BYTES + 1))
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            return redirect("registry:import", row.pk)
    page = paged(request, standing.imports_visible(actor))
    context = {
        "page": page,
        "form": form,
        "may_upload": may_upload,
        "columns": columns.COLUMNS,
        "due_days": due.DUE_DAYS,
        "names": named(name for row in page for name in (row.read_by, row.attestor)),
    }
    return render(request, "registry/imports.html", context, status=status)


@reading
def one_import(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """One import: its dry run while it waits, its progress while it is written, what came of it afterwards."""
    return _page(request, _seen(request, import_id))


@acting
def import_columns(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Say what each column means; kept with the import."""
    row = _seen(request, import_id)
    form = MappingForm(request.POST or None, header=row.header, targets=intake.targets(), mapping=row.mapping)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            import_map(actor=actor_of(request), import_id=row.pk, mapping=form.said())
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            return redirect("registry:import", row.pk)
    return render(request, "registry/import_columns.html", {"row": row, "form": form}, status=status)


@acting
def import_vouch(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Confirm the dry run that was shown."""
    row = _seen(request, import_id)
    form = ConfirmForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            import_confirm(actor=actor_of(request), import_id=row.pk, shown=form.cleaned_data["shown"])
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            messages.success(request, "Confirmed. The rows are being written; none of them is approved.")
            return redirect("registry:import", row.pk)
    return _page(request, row, form, status)


@acting
def import_drop(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Undo an import that nobody confirmed."""
    row = _seen(request, import_id)
    if request.method != "POST":
        return redirect("registry:import", row.pk)
    import_discard(actor=actor_of(request), import_id=row.pk)
    messages.success(request, "Discarded. Nothing was written.")
    return redirect("registry:imports")


@reading
def import_faults(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """All errors of the dry run as a file, without formulas."""
    row = _seen(request, import_id)
    found = intake.plan(row).rows if row.state == IMPORT.initial.name else ()
    answer = HttpResponse(
        csv_bytes(("row", "column", "reason"), _faults(found)), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="errors-{row.pk}.csv"'
    return answer


@reading
def overdue(request: HttpRequest) -> HttpResponse:
    """What runs without a warrant beyond its date, as of this moment."""
    page = paged(request, standing.overdue_visible(actor_of(request), clock.now()))
    rows = list(standing.spelt(page))
    people = [name for item in rows for name in (item.attestor, item.version.model.system.owner)]
    context = {"page": page, "rows": rows, "names": named(people), "now": clock.now()}
    return render(request, "registry/overdue.html", context)


@reading
def export(request: HttpRequest) -> HttpResponse:
    """The inventory as a file: every model I may see, with the organisation's own fields that I may see."""
    actor = actor_of(request)
    seen = models_visible(actor).order_by("system__name", "name")
    models = list(seen[:MOST_EXPORTED])
    left_out = seen.count() - len(models)
    of_systems = fields.filled_of(actor, {model.system_id: model.system for model in models}.values())
    of_models = fields.filled_of(actor, models)
    own = [(row, of_systems) for row in fields.fields_of("system")] + [
        (row, of_models) for row in fields.fields_of("model")
    ]
    names = named({model.system.owner for model in models})
    head = (
        "system",
        "model",
        "task",
        "kind",
        "owner",
        "risk tier",
        "EU AI Act class",
        "legal entity",
        "state",
    )

    def lines() -> Iterator[list[str]]:
        for model in models:
            system = model.system
            texts = [
                {
                    item.field.pk: item.text
                    for item in found.get(model.pk if found is of_models else system.pk, [])
                }.get(row.pk, "")
                for row, found in own
            ]
            yield [
                system.name, model.name, model.task, model.kind, names[system.owner], system.risk_tier,
                system.ai_act_class, system.legal_entity, system.state, *texts,
            ]  # fmt: skip

        if left_out:
            yield [f"{left_out} more models are not in this file."]

    answer = HttpResponse(
        csv_bytes([*head, *(row.title for row, _ in own)], lines()), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="inventory.csv"'
    return answer


def _seen(request: HttpRequest, import_id: UUID) -> InventoryImport:
    return shown(actor=actor_of(request), permission=P.SYSTEM_VIEW, row=standing.import_by_id(import_id))


def _faults(rows: tuple[intake.Planned, ...]) -> Iterator[tuple[str, str, str]]:
    return ((str(item.number), column, reason) for item in rows for column, reason in item.faults)


def _page(
    request: HttpRequest, row: InventoryImport, form: ConfirmForm | None = None, status: int = 200
) -> HttpResponse:
    reached = access.reach(actor_of(request))
    waits = row.state == IMPORT.initial.name
    found = intake.plan(row) if waits else None
    faults = list(_faults(found.rows)) if found else []
    page: Page[Any]
    if found:
        pages = Paginator(found.rows, PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
    else:
        page = paged(request, standing.rows_of(row).select_related("model__system"))
    counts, titles = standing.progress(row), intake.targets()
    context = {
        "row": row,
        "plan": found,
        "counts": counts,
        "faults": faults[:MOST_FAULTS],
        "more_faults": max(0, len(faults) - MOST_FAULTS),
        "page": page,
        "form": form or (ConfirmForm(initial={"shown": found.digest}) if found else None),
        "mapped": [(name, titles.get(row.mapping.get(name, ""), "")) for name in row.header],
        "names": named([row.read_by, row.attestor]),
        "may_map": waits and reached.allows(P.IMPORT_UPLOAD),
        "may_confirm": waits and reached.allows(P.IMPORT_CONFIRM),
        "refresh": REFRESH_SECONDS if row.state == "confirmed" else 0,
        "self": reverse("registry:import", args=[row.pk]),
        "done": counts["written"] + counts["known"] + counts["failed"],
    }
    if form is not None and found is not None:
        # Whatever was sent before, the form now carries the digest of what this page shows.
        fresh = ConfirmForm({**request.POST.dict(), "shown": found.digest})
        fresh.full_clean()
        fresh.errors.clear()
        fresh.errors.update(form.errors)
        context["form"] = fresh
    return render(request, "registry/import.html", context, status=status)
