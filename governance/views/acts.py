"""One page per act: its form, what follows from it, and the service it calls. The table is the law of this page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from governance.machines import (
    ACCEPTANCE,
    CLAIM,
    CONDITION,
    POLICY,
    RECERTIFICATION,
    RETRAINING,
    VOID_DRILL,
    WAIVER,
)
from governance.models import (
    Acceptance,
    Claim,
    Condition,
    Policy,
    Recertification,
    RetrainingRequest,
    VoidDrill,
    Waiver,
    Warrant,
)
from governance.services import (
    acceptances,
    checks,
    claims,
    conditions,
    deployments,
    drills,
    escalations,
    policies,
    reports,
    retraining,
    tiering,
    versions,
    waivers,
)
from governance.services import monitors as plan
from governance.services import recertifications as renewals
from governance.views import acts_comments, acts_findings, acts_validations
from governance.views.act import Act, one_table
from governance.views.lifecycle_acts import LIFECYCLE_ACTS
from ledger.actors import Actor
from ledger.errors import NotThere, ServiceError
from monitoring.machines import ALERT, BREACH, INCIDENT, MONITOR, RUN
from monitoring.models import Alert, Breach, Incident, Monitor, Run
from monitoring.services import baselines, breaches, incidents, monitors, runs
from people.catalogue import VIEWED_BY
from people.pages import acting, actor_of, tell
from people.services.reading import shown
from registry.machines import HOLD, SYSTEM, TIERING, VERSION
from registry.models import LegalHold, System, Tiering, Version
from registry.services import retention as holds
from registry.services import systems, tierings


def _version(run: Callable[..., Any], move: str, form: type[Form] = forms.NoForm) -> Act:
    return Act(Version, run, "version_id", form, VERSION, move)


def _moved(move: str) -> Callable[..., Any]:
    return partial(monitors.monitor_move, move=move)


def warrant_page(row: Any) -> str:
    return reverse("governance:warrant", args=[row.pk])


def drills_page(row: Any) -> str:
    return reverse("governance:drills", args=[row.pk if isinstance(row, System) else row.system_id])


def _renewal(run: Callable[..., Any], move: str, form: type[Form] = forms.NoForm) -> Act:
    return Act(
        Recertification, run, "recertification_id", form, RECERTIFICATION, move,
        page=lambda row: reverse("governance:recertification", args=[row.pk]),
    )  # fmt: skip


def _decide(row: Version) -> str:
    return reverse("governance:decide", args=[row.pk])


ACTS: Mapping[str, Act] = one_table({
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
    "claim": Act(
        Version, claims.claim_take, "version_id", title="Claim this decision", page=_decide,
        consequence="Colleagues see that you are on it, for three working days. It bars nobody from deciding.",
    ),
    "release-claim": Act(Claim, claims.claim_release, "claim_id", machine=CLAIM, move="release"),
    "escalate": Act(
        Version, escalations.escalation_raise, "version_id", forms.ReasonForm, title="Escalate",
        consequence="The people whom the policy names for late decisions are told, and it is recorded.",
    ),
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
    "meet-condition": Act(
        Condition, conditions.condition_meet, "condition_id", forms.EvidenceForm, CONDITION, "meet",
    ),
    "request-renewal": Act(
        Warrant, renewals.recertification_request, "warrant_id", forms.ReasonForm, title="Request renewal",
        consequence="A person takes it into review; the policy in force then judges it.", page=warrant_page,
    ),
    "start-renewal": _renewal(renewals.recertification_start, "start"),
    "grant-renewal": _renewal(renewals.recertification_grant, "grant", forms.DecisionNoteForm),
    "refuse-renewal": _renewal(renewals.recertification_refuse, "refuse", forms.DecisionNoteForm),
    "withdraw-renewal": _renewal(renewals.recertification_withdraw, "withdraw"),
    "plan-drill": Act(
        System, drills.drill_plan, "system_id", forms.DrillPlanForm, title="Plan a drill",
        consequence="What the system declares for a void warrant is tried on that day.", page=drills_page,
    ),
    "perform-drill": Act(
        VoidDrill, drills.drill_perform, "drill_id", forms.DrillForm, VOID_DRILL, "perform", page=drills_page,
    ),
    "cancel-drill": Act(
        VoidDrill, drills.drill_cancel, "drill_id", machine=VOID_DRILL, move="cancel", page=drills_page,
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
    "confirm-tiering": Act(
        Tiering, tiering.tiering_confirm, "tiering_id", forms.NoteForm, TIERING, "confirm"
    ),
    "send-back-tiering": Act(
        Tiering, tiering.tiering_send_back, "tiering_id", forms.NoteForm, TIERING, "send-back"
    ),
    "withdraw-tiering": Act(
        Tiering, tierings.tiering_withdraw, "tiering_id", machine=TIERING, move="withdraw"
    ),
    "place-hold": Act(
        System, holds.hold_place, "system_id", forms.ReasonForm, title="Place a legal hold",
        consequence="No body of this system is deleted until somebody else lifts the hold.",
    ),
    "lift-hold": Act(LegalHold, holds.hold_lift, "hold_id", machine=HOLD, move="lift"),
    "close-incident": Act(Incident, incidents.incident_close, "incident_id", forms.NoteForm, INCIDENT, "close"),
}, acts_findings.ACTS, acts_validations.ACTS, acts_comments.ACTS, LIFECYCLE_ACTS)  # fmt: skip


@acting
def act(request: HttpRequest, name: str, row_id: UUID) -> HttpResponse:
    """Show an act's form; a POST does it, through its service, and leads back to what it was about."""
    table = ACTS.get(name)
    row = table.model._default_manager.filter(pk=row_id).first() if table else None
    if table is None or row is None:
        raise NotThere
    actor = actor_of(request)
    shown(actor=actor, permission=VIEWED_BY[row.ledger_kind], row=row)  # type: ignore[attr-defined]
    posted = request.method == "POST"
    form = table.form(
        request.POST if posted else None, request.FILES if posted else None, initial=_initial(request)
    )
    if table.prepare:
        table.prepare(form, row)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            _do(table, actor, row_id, form.cleaned_data)
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            messages.success(request, f"Done: {title_of(table)}.")
            return redirect(_back(table, row))
    context = {"form": form, "row": row, "title": title_of(table), "back": _back(table, row), **_words(table)}
    return render(request, "governance/act.html", context, status=status)


def title_of(table: Act) -> str:
    """What the act is called: the transition's title, or its own."""
    return table.title or _transition_words(table)[0]


def act_for(kind: str, move: str) -> str:
    """The name of the act that makes this move of a thing of this kind; empty if no page does."""
    return _BY_MOVE.get((kind, move), "")


_BY_MOVE: Mapping[tuple[str, str], str] = {
    (table.model.ledger_kind, table.move): name  # type: ignore[attr-defined]
    for name, table in ACTS.items()
    if table.move
} | {("retraining-request", move): "decide-retraining" for move in ("approve", "refuse")}


def about(row: Model) -> str:
    """The page of what a row belongs to."""
    if isinstance(row, System):
        return reverse("registry:system", args=[row.pk])
    if isinstance(row, LegalHold):
        return reverse("registry:system", args=[row.system_id])
    if isinstance(row, Tiering):
        return reverse("registry:tiering", args=[row.system_id])
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


def _back(table: Act, row: Model) -> str:
    return table.page(row) if table.page else about(row)


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
