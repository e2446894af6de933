"""One page per act: its form, what follows from it, and the service it calls. The table is the law of this page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Model
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from governance import forms
from governance.machines import ACCEPTANCE, POLICY, RETRAINING, WAIVER
from governance.models import Acceptance, Policy, RetrainingRequest, Waiver
from governance.services import (
    acceptances,
    checks,
    deployments,
    policies,
    reports,
    retraining,
    versions,
    waivers,
)
from governance.services import monitors as plan
from ledger.actors import Actor
from ledger.errors import NotThere, ServiceError
from modelwarrant.machine import Machine
from monitoring.machines import ALERT, BREACH, INCIDENT, MONITOR, RUN
from monitoring.models import Alert, Breach, Incident, Monitor, Run
from monitoring.services import baselines, breaches, incidents, monitors, runs
from people.catalogue import VIEWED_BY
from people.pages import acting, actor_of, tell
from people.services.reading import shown
from registry.machines import HOLD, SYSTEM, VERSION
from registry.models import LegalHold, System, Version
from registry.services import retention as holds
from registry.services import systems

Service = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Act:
    """`model` is what the id names, `run` the service, `argument` the name it takes the id by; `move` names the
    transition whose title and consequence the page shows."""

    model: type[Model]
    run: Service
    argument: str
    form: type[Form] = forms.NoForm
    machine: Machine | None = None
    move: str = ""
    title: str = ""
    consequence: str = ""


def _version(run: Service, move: str, form: type[Form] = forms.NoForm) -> Act:
    return Act(Version, run, "version_id", form, VERSION, move)


def _moved(move: str) -> Service:
    return partial(monitors.monitor_move, move=move)


ACTS: Mapping[str, Act] = {
    "submit": _version(versions.version_submit, "submit"),
    "start-review": _version(versions.version_start_review, "start-review"),
    "return": _version(versions.version_return, "return", forms.ReasonForm),
    "withdraw": _version(versions.version_withdraw, "withdraw"),
    "restrict": _version(versions.version_restrict, "restrict", forms.ReasonForm),
    "lift": _version(versions.version_lift, "lift", forms.ReasonForm),
    "suspend": _version(versions.version_suspend, "suspend", forms.ReasonForm),
    "recheck": _version(versions.version_recheck, "recheck", forms.ReasonForm),
    "reinstate": _version(versions.version_reinstate, "reinstate", forms.ReasonForm),
    "retire": _version(versions.version_retire, "retire", forms.ReasonForm),
    "request-checks": Act(
        Version, checks.checks_request, "version_id", title="Request the policy's checks",
        consequence="Every check of the policy runs again; all attempts stay listed.",
    ),
    "plan-bound": Act(
        Version, plan.bound_plan, "version_id", forms.PlanForm, title="Plan a bound for production",
        consequence="It is approved with the version and judges production from the first report on.",
    ),
    "accept-result": Act(
        Version, acceptances.acceptance_give, "version_id", forms.AcceptanceForm, title="Accept an inconclusive result",
        consequence="It is counted and printed as accepted, never as passed. Approvals given before no longer count.",
    ),
    "request-waiver": Act(
        Version, waivers.waiver_request, "version_id", forms.WaiverForm, title="Request a waiver",
        consequence="Another person decides. While it lasts, the requirement counts as waived, never as met.",
    ),
    "request-deployment": Act(
        Version, deployments.deployment_request, "version_id", forms.SlotForm, title="Request a deployment",
        consequence="If every gate is open, a warrant is granted and signed as soon as it can be proved.",
    ),
    "make-report": Act(
        Version, reports.report_request, "version_id", forms.ReportForm, title="Make a report",
        consequence="A worker makes it from one snapshot of the records; you find it under Reports.",
    ),
    "revoke-acceptance": Act(
        Acceptance, acceptances.acceptance_revoke, "acceptance_id", machine=ACCEPTANCE, move="revoke"
    ),
    "approve-waiver": Act(Waiver, waivers.waiver_approve, "waiver_id", machine=WAIVER, move="approve"),
    "refuse-waiver": Act(Waiver, waivers.waiver_refuse, "waiver_id", machine=WAIVER, move="refuse"),
    "revoke-waiver": Act(Waiver, waivers.waiver_revoke, "waiver_id", machine=WAIVER, move="revoke"),
    "decide-retraining": Act(
        RetrainingRequest, retraining.retraining_decide, "request_id", forms.RetrainingForm, RETRAINING,
        title="Decide on retraining",
    ),
    "submit-policy": Act(Policy, policies.policy_submit, "policy_id", machine=POLICY, move="submit"),
    "approve-policy": Act(Policy, policies.policy_approve, "policy_id", machine=POLICY, move="approve"),
    "withdraw-policy": Act(Policy, policies.policy_withdraw, "policy_id", machine=POLICY, move="withdraw"),
    "cancel-run": Act(Run, runs.run_cancel, "run_id", machine=RUN, move="cancel"),
    "close-breach": Act(Breach, breaches.breach_close, "breach_id", forms.NoteForm, BREACH, "close"),
    "acknowledge-alert": Act(Alert, breaches.alert_acknowledge, "alert_id", machine=ALERT, move="acknowledge"),
    "ask-baseline": Act(
        Monitor, baselines.baseline_ask, "monitor_id", forms.BaselineForm, title="Have a new baseline learnt",
        consequence="From then on data are held against these days. How far they lie from the approved reference stays shown.",
    ),
    "pause-monitor": Act(Monitor, _moved("pause"), "monitor_id", machine=MONITOR, move="pause"),
    "resume-monitor": Act(Monitor, _moved("resume"), "monitor_id", machine=MONITOR, move="resume"),
    "end-monitor": Act(Monitor, _moved("end"), "monitor_id", machine=MONITOR, move="end"),
    "retire-system": Act(System, systems.system_retire, "system_id", machine=SYSTEM, move="retire"),
    "place-hold": Act(
        System, holds.hold_place, "system_id", forms.ReasonForm, title="Place a legal hold",
        consequence="No body of this system is deleted until somebody else lifts the hold.",
    ),
    "lift-hold": Act(LegalHold, holds.hold_lift, "hold_id", machine=HOLD, move="lift"),
    "close-incident": Act(Incident, incidents.incident_close, "incident_id", forms.NoteForm, INCIDENT, "close"),
}  # fmt: skip


@acting
def act(request: HttpRequest, name: str, row_id: UUID) -> HttpResponse:
    """Show an act's form; a POST does it, through its service, and leads back to what it was about."""
    table = ACTS.get(name)
    row = table.model._default_manager.filter(pk=row_id).first() if table else None
    if table is None or row is None:
        raise NotThere
    actor = actor_of(request)
    shown(actor=actor, permission=VIEWED_BY[row.ledger_kind], row=row)  # type: ignore[attr-defined]
    form = table.form(request.POST if request.method == "POST" else None, initial=_initial(request))
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            _do(table, actor, row_id, form.cleaned_data)
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            messages.success(request, f"Done: {title_of(table)}.")
            return redirect(about(row))
    context = {"form": form, "row": row, "title": title_of(table), "back": about(row), **_words(table)}
    return render(request, "governance/act.html", context, status=status)


def title_of(table: Act) -> str:
    """What the act is called: the transition's title, or its own."""
    return table.title or _transition_words(table)[0]


def about(row: Model) -> str:
    """The page of what a row belongs to."""
    if isinstance(row, System):
        return reverse("registry:system", args=[row.pk])
    if isinstance(row, LegalHold):
        return reverse("registry:system", args=[row.system_id])
    version = row if isinstance(row, Version) else getattr(row, "version", None)
    if isinstance(row, Policy):
        return reverse("governance:policy", args=[row.pk])
    if isinstance(row, Run):
        return reverse("monitoring:run", args=[row.pk])
    if isinstance(row, Monitor):
        return reverse("monitoring:monitor", args=[row.deployment_id])
    if isinstance(row, Breach):
        return reverse("monitoring:breach", args=[row.pk])
    if isinstance(row, Alert):
        return reverse("monitoring:breach", args=[row.breach_id])
    if isinstance(row, Incident):
        return reverse("monitoring:incidents")
    return reverse("governance:version", args=[version.pk]) if version else "/"


def _do(table: Act, actor: Actor, row_id: UUID, values: Mapping[str, Any]) -> None:
    table.run(actor=actor, **{table.argument: row_id}, **values)


def _initial(request: HttpRequest) -> dict[str, str]:
    asked = request.GET.get("requirement", "")
    return {"requirement": asked[:120]} if asked else {}


def _words(table: Act) -> dict[str, str]:
    return {"consequence": table.consequence or _transition_words(table)[1]}


def _transition_words(table: Act) -> tuple[str, str]:
    for transition in table.machine.transitions if table.machine else ():
        if transition.name == table.move:
            return transition.title, transition.consequence
    return "", ""
