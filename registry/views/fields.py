"""The organisation's own fields: which there are, and what stands in those of one system or model."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ledger.errors import ServiceError
from people import access
from people.catalogue import P
from people.pages import acting, actor_of, named, paged, tell
from people.services.reading import shown
from registry.forms import VALUE, FieldForm, ValuesForm
from registry.models import AIModel, System
from registry.selectors import fields as standing
from registry.selectors import systems as inventory
from registry.services.fields import field_define, field_retire, model_values_set, system_values_set


@acting
def fields(request: HttpRequest) -> HttpResponse:
    """Every field, retired ones too, and the form for another."""
    actor = actor_of(request)
    form = FieldForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            row = field_define(actor=actor, **form.cleaned_data)
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            messages.success(request, f"The field “{row.title}” is asked for from now on.")
            return redirect("registry:fields")
    page = paged(request, standing.fields_visible(actor))
    context = {
        "page": page,
        "form": form,
        "may_define": access.reach(actor).allows(P.FIELD_DEFINE),
        "names": named(row.defined_by for row in page),
    }
    return render(request, "registry/fields.html", context, status=status)


@acting
def field_end(request: HttpRequest, field_id: UUID) -> HttpResponse:
    """Retire a field."""
    row = shown(actor=actor_of(request), permission=P.SYSTEM_VIEW, row=standing.field_by_id(field_id))
    if request.method == "POST":
        field_retire(actor=actor_of(request), field_id=row.pk)
        messages.success(request, f"The field “{row.title}” is retired.")
    return redirect("registry:fields")


@acting
def system_values(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """What stands in the fields of a system."""
    row = shown(actor=actor_of(request), permission=P.SYSTEM_VIEW, row=inventory.system_by_id(system_id))
    return _values(request, row)


@acting
def model_values(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """What stands in the fields of a model."""
    row = shown(actor=actor_of(request), permission=P.SYSTEM_VIEW, row=inventory.model_by_id(model_id))
    return _values(request, row)


def _values(request: HttpRequest, row: System | AIModel) -> HttpResponse:
    actor = actor_of(request)
    form = ValuesForm(request.POST or None, filled=standing.filled(actor, row))
    status = 200
    name = "registry:system" if isinstance(row, System) else "registry:model"
    if request.method == "POST" and form.is_valid():
        try:
            if isinstance(row, System):
                system_values_set(actor=actor, system_id=row.pk, values=form.said())
            else:
                model_values_set(actor=actor, model_id=row.pk, values=form.said())
        except ServiceError as error:
            _tell(form, error)
            status = error.status
        else:
            messages.success(request, "Saved.")
            return redirect(name, row.pk)
    return render(request, "registry/values.html", {"row": row, "form": form, "about": name}, status=status)


def _tell(form: ValuesForm, error: ServiceError) -> None:
    """Every reason at its field."""
    reasons = [reason for reason in error.reasons if f"{VALUE}{reason['code']}" in form.fields]
    for reason in reasons:
        form.add_error(f"{VALUE}{reason['code']}", str(reason["text"]).partition(": ")[2])
    if not reasons:
        tell(form, error)
