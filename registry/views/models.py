"""One model: its versions, what it rests on and what rests on it; versions whose bytes aren't here; datasets."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ledger.actors import Actor
from ledger.errors import NotThere, ServiceError
from modelwarrant import canonical
from people import access
from people.catalogue import P
from people.pages import acting, actor_of, named, paged, reading, tell
from people.services.reading import shown
from registry.forms import DependencyForm, SubjectForm
from registry.models import AIModel, Binding
from registry.selectors import dependencies as links
from registry.selectors import fields
from registry.selectors import imports as intake
from registry.selectors import systems as inventory
from registry.selectors import versions as standing
from registry.selectors.datasets import dataset_by_id
from registry.services.dependencies import dependency_remove, dependency_set
from registry.services.versions import version_register

MOST_LINKS = 100
MOST_CHOICES = 300


@reading
def model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """One model and its versions, newest first."""
    return _model(request, model_id)


@acting
def model_dependencies(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """Say what the model rests on."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.SYSTEM_VIEW, row=inventory.model_by_id(model_id))
    form = DependencyForm(request.POST or None, models=_choices(actor, row))
    status = 200
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            dependency_set(actor=actor, downstream_id=row.pk, upstream_id=said["upstream"], kind=said["kind"])
        except NotThere:
            form.add_error("upstream", "There is no such model, or none that you may see.")
            status = 404
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            messages.success(request, "Recorded.")
            return redirect("registry:model", row.pk)
    return _model(request, model_id, form, status)


@acting
def dependency_end(request: HttpRequest, dependency_id: UUID) -> HttpResponse:
    """Say that a dependency holds no more."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.SYSTEM_VIEW, row=links.dependency_by_id(dependency_id))
    if request.method == "POST":
        dependency_remove(actor=actor, dependency_id=row.pk)
        messages.success(request, "Removed.")
    return redirect("registry:model", row.downstream_id)


@acting
def subject_register(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """Register a version whose bytes aren't here: an image, or what a vendor declares."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.SYSTEM_VIEW, row=inventory.model_by_id(model_id))
    form = SubjectForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            made = version_register(actor=actor, model_id=row.pk, **form.said())
        except ServiceError as error:
            error.field = (error.field or "").removeprefix("declared.") or None
            tell(form, error)
            status = error.status
        else:
            messages.success(request, f"Registered: version {made.number}.")
            return redirect("governance:version", made.pk)
    return render(request, "registry/subject.html", {"model": row, "form": form}, status=status)


@reading
def declaration(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """The canonical bytes of a declaration: their SHA-256 is the subject, and they are what is signed."""
    row = shown(actor=actor_of(request), permission=P.VERSION_VIEW, row=standing.version_by_id(version_id))
    if row.binding != Binding.DECLARED:
        raise NotThere
    answer = HttpResponse(canonical.encode(row.declared), content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="declaration.json"'
    return answer


@reading
def dataset(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    """One dataset: its versions, whether each kept its contract, and what was wrong."""
    row = shown(actor=actor_of(request), permission=P.DATASET_VIEW, row=dataset_by_id(dataset_id))
    page = paged(request, row.versions.select_related("blob").order_by("-number"))
    context = {"dataset": row, "page": page, "names": named(item.registered_by for item in page)}
    return render(request, "registry/dataset.html", context)


def _choices(actor: Actor, row: AIModel) -> dict[str, str] | None:
    """The other models that the actor may see, id -> title; None for more than a list can hold."""
    seen = inventory.models_visible(actor).exclude(pk=row.pk).order_by("system__name", "name")
    found = list(seen[: MOST_CHOICES + 1])
    if len(found) > MOST_CHOICES:
        return None
    return {str(item.pk): f"{item.system.name}: {item.name}" for item in found}


def _model(
    request: HttpRequest, model_id: UUID, form: DependencyForm | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.SYSTEM_VIEW, row=inventory.model_by_id(model_id))
    page = paged(request, standing.versions_visible(actor).filter(model=row).order_by("-number"))
    reached = access.reach(actor)
    seen = links.dependencies_visible(actor)
    imported = intake.imported_of(page)
    context = {
        "model": row,
        "page": page,
        "imported": [(item, imported[item.pk]) for item in page if item.pk in imported],
        "upstream": seen.filter(downstream=row)[:MOST_LINKS],
        "downstream": seen.filter(upstream=row)[:MOST_LINKS],
        "form": form or DependencyForm(models=_choices(actor, row)),
        "filled": fields.filled(actor, row),
        "may_describe": row.system.state == "active" and reached.allows(P.MODEL_CREATE, row),
        "may_register": row.system.state == "active" and reached.allows(P.VERSION_REGISTER, row),
        "names": named(
            [*(item.registered_by for item in page), *(item.attestor for item in imported.values())]
        ),
    }
    return render(request, "registry/model.html", context, status=status)
