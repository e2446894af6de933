"""Writing a policy as sentences: a working copy, one page for each part, problems at the rule they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from governance.models import Policy
from governance.policies import editing
from governance.policies.compare import compare
from governance.policies.document import lint, sketch
from governance.policies.reading import read
from governance.policies.sentences import rules, words
from governance.policy_forms import PartForm, TextForm, initial_of
from governance.selectors.policies import document_of, in_force
from governance.selectors.visible import policy_by_id
from governance.services.policies import known_words, policy_draft
from governance.services.policy_copies import (
    copy_change,
    copy_discard,
    copy_of,
    copy_remove,
    copy_start,
    copy_store,
    faults_of,
    said_of,
    token,
)
from governance.views.policies import standing_for
from ledger.errors import NotThere, ServiceError
from monitoring.catalogue import CATALOGUE
from people.catalogue import ROLES, SEATS, P
from people.pages import acting, actor_of, tell
from people.services.reading import shown
from registry.models.versions import ComponentKind
from registry.selectors.cards import CARD

SHIPPED: Mapping[str, str] = {
    "low": "The policy for the low tier as it is shipped",
    "medium": "The policy for the medium tier as it is shipped",
    "high": "The policy for the high tier as it is shipped",
}


@acting
def new(request: HttpRequest) -> HttpResponse:
    """Choose what to start from; a POST makes the working copy."""
    actor = actor_of(request)
    shown(actor=actor, permission=P.POLICY_EDIT, row=None)
    chosen = (request.POST if request.method == "POST" else request.GET).get("from", "")
    form, status = Form(), 200
    if request.method == "POST":
        form = Form(request.POST)
        try:
            text, name = _source(chosen)
            made = copy_start(actor=actor, text=text, started_from=name)
        except ServiceError as error:
            form.full_clean()
            tell(form, error)
            status = error.status
        else:
            return redirect("governance:policy-copy", made.pk)
    sources = [(key, title) for key, title in SHIPPED.items()]
    sources += [
        (str(row.pk), f"{row.title} ({row.number}), in force") for tier in SHIPPED for row in in_force(tier)
    ]
    if chosen and chosen not in dict(sources):
        sources.append((chosen, _source(chosen)[1]))
    context = {"form": form, "sources": sources, "chosen": chosen or sources[-1][0]}
    return render(request, "governance/policy_new.html", context, status=status)


@acting
def edit(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """Start a working copy from this policy; the policy itself never changes."""
    actor = actor_of(request)
    shown(actor=actor, permission=P.POLICY_EDIT, row=None)
    row = policy_by_id(policy_id)
    if request.method == "POST":
        return redirect(
            "governance:policy-copy",
            copy_start(actor=actor, text=row.text, started_from=_name(row)).pk,
        )
    sources = [(str(row.pk), _name(row))]
    return render(
        request, "governance/policy_new.html", {"form": Form(), "sources": sources, "chosen": str(row.pk)}
    )


@acting
def text(request: HttpRequest) -> HttpResponse:
    """Store a text as a draft; problems are named by line."""
    actor = actor_of(request)
    shown(actor=actor, permission=P.POLICY_EDIT, row=None)
    form = TextForm(request.POST or None, request.FILES or None)
    problems, status = [], 200
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["text"]
        problems = lint(given, known=known_words())
        if problems:
            status = 422
            form = TextForm(initial={"text": given})
        else:
            try:
                row = policy_draft(actor=actor, text=given)
            except ServiceError as error:
                tell(form, error)
                status = error.status
            else:
                messages.success(
                    request, "Stored as a draft. Nobody is held to it before another person approves it."
                )
                return redirect("governance:policy", row.pk)
    return render(request, "governance/policy_text.html", {"form": form, "problems": problems}, status=status)


@acting
def copy(request: HttpRequest, copy_id: UUID) -> HttpResponse:
    """The whole working copy as sentences, with its problems and what it changes; a POST stores it as a draft."""
    actor = actor_of(request)
    row = copy_of(actor=actor, copy_id=copy_id)
    form, status = Form(), 200
    if request.method == "POST":
        try:
            made = copy_store(actor=actor, copy_id=row.pk)
        except ServiceError as error:
            form = Form(request.POST)
            form.full_clean()
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(
                request, "Stored as a draft. Submit it, so that another person can put it in force."
            )
            return redirect("governance:policy", made.pk)
    document, data = sketch(row.text), _data(row.text)
    faults: dict[str, list[str]] = {}
    for fault in faults_of(row.text):
        faults.setdefault(fault.part, []).append(fault.message)
    standing = standing_for(document)
    sections: dict[str, list[dict[str, Any]]] = {}
    for rule in rules(document):
        said = {
            "part": rule.part,
            "id": rule.part.replace(".", "-"),
            "title": editing.title_of(rule.part),
            "sentences": rule.sentences,
            "faults": faults.get(rule.part, []),
            "removable": editing.removable(data, rule.part),
        }
        sections.setdefault(rule.section, []).append(said)
    context = {
        "copy": row,
        "form": form,
        "document": document,
        "sections": sections.items(),
        "faults": [
            (part.replace(".", "-"), editing.title_of(part), text)
            for part, texts in faults.items()
            for text in texts
        ],
        "standing": standing,
        "differences": compare(document_of(standing), document) if standing else (),
    }
    return render(request, "governance/policy_copy.html", context, status=status)


@acting
def change(request: HttpRequest, copy_id: UUID, part: str) -> HttpResponse:
    """The few fields of one part."""
    actor = actor_of(request)
    row = copy_of(actor=actor, copy_id=copy_id)
    data = _data(row.text)
    if not editing.exists(data, part):
        raise NotThere
    fields, values = editing.fields_of(data, part), editing.values_of(data, part)
    choices = _choices(data)
    initial = {**initial_of(fields, values), "seen": token(data, part)}
    sent = request.POST.copy() if request.method == "POST" else None
    form = PartForm(sent, initial=initial, fields=fields, choices=choices)
    status = 200
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            copy_change(actor=actor, copy_id=row.pk, part=part, seen=seen, values=form.values())
        except ServiceError as error:
            if sent is not None and error.code == "part-changed":
                sent["seen"] = initial["seen"]  # who has read what it says now may still put theirs there
            tell(form, error)
            status = error.status
        else:
            return redirect(f"{_page(row.pk)}#{_anchor(part, form.values())}")
    context = {
        "copy": row,
        "form": form,
        "title": editing.title_of(part),
        "said": [] if "+" in part else said_of(row.text, part),
        "faults": [fault.message for fault in faults_of(row.text) if fault.part == part],
        "back": f"{_page(row.pk)}#{_anchor(part, values)}",
    }
    return render(request, "governance/policy_change.html", context, status=status)


@acting
def remove(request: HttpRequest, copy_id: UUID, part: str) -> HttpResponse:
    """Take a check or a seat away."""
    actor = actor_of(request)
    row = copy_of(actor=actor, copy_id=copy_id)
    data = _data(row.text)
    if not editing.removable(data, part):
        raise NotThere
    seen = token(data, part)
    said = " ".join(said_of(row.text, part))
    sure = _Sure(
        f"Remove: {editing.title_of(part)}",
        f"{said} Where it was asked for, it is asked for no more.",
        lambda: copy_remove(actor=actor, copy_id=row.pk, part=part, seen=request.POST.get("seen", "")),
        _page(row.pk),
    )
    return sure.page(request, seen)


@acting
def discard(request: HttpRequest, copy_id: UUID) -> HttpResponse:
    """Throw the working copy away."""
    actor = actor_of(request)
    row = copy_of(actor=actor, copy_id=copy_id)
    sure = _Sure(
        "Discard the working copy",
        "What you changed in it is gone. Stored policies stay as they are.",
        lambda: copy_discard(actor=actor, copy_id=row.pk),
        "/policies/",
    )
    return sure.page(request, "", back=_page(row.pk))


class _Sure:
    """A page that asks once before something is taken away."""

    def __init__(self, title: str, text: str, act: Callable[[], object], after: str) -> None:
        self.title, self.text, self.act, self.after = title, text, act, after

    def page(self, request: HttpRequest, seen: str, *, back: str = "") -> HttpResponse:
        """Ask, or do it and go on."""
        form, status = Form(request.POST if request.method == "POST" else None), 200
        if request.method == "POST":
            form.full_clean()
            try:
                self.act()
            except ServiceError as error:
                tell(form, error)
                status = error.status
            else:
                return redirect(self.after)
        context = {
            "form": form,
            "title": self.title,
            "text": self.text,
            "seen": seen,
            "back": back or self.after,
        }
        return render(request, "governance/policy_sure.html", context, status=status)


def _source(name: str) -> tuple[str, str]:
    if name in SHIPPED:
        path = settings.BASE_DIR / "fixtures" / "policies" / f"{name}.yaml"
        return path.read_text(encoding="utf-8"), SHIPPED[name]
    try:
        row = policy_by_id(UUID(name))
    except ValueError as error:
        raise NotThere from error
    return row.text, _name(row)


def _name(row: Policy) -> str:
    return f"{row.title} ({row.number})"


def _page(copy_id: UUID) -> str:
    return f"/policies/drafts/{copy_id}/"


def _anchor(part: str, values: Mapping[str, Any]) -> str:
    if part == editing.NEW_CHECK:
        return f"checks-{values.get('name', '')}"
    return part.partition(".+")[0].partition(".approvals")[0].replace(".", "-")


def _data(said: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", read(said).data)


def _choices(data: Mapping[str, Any]) -> Mapping[str, list[tuple[str, str]]]:
    metrics = {metric.name for check in CATALOGUE.values() for metric in check.metrics}
    return {
        "checks-there-are": [(name, words(name)) for name in CATALOGUE],
        "metrics": [(name, words(name)) for name in sorted(metrics)],
        "seats": [(name, ROLES[name].title) for name in SEATS],
        "roles": [(role.name, role.title) for role in ROLES.values()],
        "checks": [(name, words(name)) for name in data["checks"]],
        "components": [(kind.value, str(kind.label)) for kind in ComponentKind],
        "card": [(field.name, field.title) for field in CARD],
    }
