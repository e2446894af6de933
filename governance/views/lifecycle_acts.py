"""Acts of a version's life beyond its own moves: emergencies, the way back, wide waivers, retraining, the end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.urls import reverse

from governance import forms
from governance.forms import NoForm, ReasonForm
from governance.machines import DRILL, EMERGENCY, PATH, WIDE_WAIVER
from governance.models import Emergency, RetrainingPath, RollbackDrill, Waiver, WideWaiver
from governance.services import (
    candidates,
    emergencies,
    renewals,
    retirements,
    retraining,
    rollbacks,
    wide_waivers,
)
from governance.views.act import Act
from ledger.models import Governed
from people.catalogue import P
from registry.machines import DEPLOYMENT
from registry.models import AIModel, Deployment, Version
from registry.services.deployments import deployment_apply_move


def _thing(row: Governed) -> str:
    return reverse("governance:thing", args=[row.ledger_kind, row.pk])


def _model(row: AIModel) -> str:
    return reverse("registry:model", args=[row.pk])


LIFECYCLE_ACTS: Mapping[str, Act] = {
    "request-emergency": Act(
        Version, emergencies.emergency_request, "version_id", forms.EmergencyForm, title="Break glass",
        consequence="Asks that this version may run without approval for some hours. Somebody else has to agree; it is "
        "listed for ever and reversed by itself.",
    ),
    "agree-emergency": Act(
        Emergency, emergencies.emergency_agree, "emergency_id", NoForm, EMERGENCY, "agree", page=_thing
    ),
    "refuse-emergency": Act(
        Emergency, emergencies.emergency_refuse, "emergency_id", NoForm, EMERGENCY, "refuse", page=_thing
    ),
    "withdraw-emergency": Act(
        Emergency, emergencies.emergency_withdraw, "emergency_id", NoForm, EMERGENCY, "withdraw", page=_thing
    ),
    "reverse-emergency": Act(
        Emergency, emergencies.emergency_reverse, "emergency_id", NoForm, EMERGENCY, "reverse", page=_thing
    ),
    "roll-back": Act(
        Deployment, rollbacks.deployment_roll_back_to, "deployment_id", ReasonForm, title="Give the slot back",
        consequence="What was live here before gets a warrant again, without a new approval, within the policy's window. "
        "Serving then reports what it runs.", page=_thing,
    ),
    "end-deployment": Act(
        Deployment, partial(deployment_apply_move, move="end", answers={}), "deployment_id", ReasonForm, DEPLOYMENT, "end",
        page=_thing,
    ),
    "plan-roll-back-drill": Act(
        Deployment, rollbacks.drill_plan, "deployment_id", forms.RollbackDrillPlanForm, title="Plan a roll-back drill",
        consequence="Somebody tries the way back on that day and records how it went.", page=_thing,
    ),
    "perform-roll-back-drill": Act(
        RollbackDrill, rollbacks.drill_perform, "drill_id", forms.RollbackDrillForm, DRILL, "perform", page=_thing
    ),
    "cancel-roll-back-drill": Act(RollbackDrill, rollbacks.drill_cancel, "drill_id", NoForm, DRILL, "cancel", page=_thing),
    "renew-waiver": Act(
        Waiver, renewals.waiver_renew, "waiver_id", forms.RenewalForm, title="Ask for this waiver again",
        consequence="Whoever approves it stands one level above whoever approved the last one.",
    ),
    "request-wide-waiver": Act(
        AIModel, wide_waivers.wide_waiver_request, "model_id", forms.WideWaiverForm,
        title="Request a waiver beyond one version",
        consequence="The accountable executive decides. While it lasts, the requirement counts as waived, never as met.",
        page=_model,
    ),
    "approve-wide-waiver": Act(
        WideWaiver, wide_waivers.wide_waiver_approve, "waiver_id", NoForm, WIDE_WAIVER, "approve", page=_thing
    ),
    "refuse-wide-waiver": Act(
        WideWaiver, wide_waivers.wide_waiver_refuse, "waiver_id", NoForm, WIDE_WAIVER, "refuse", page=_thing
    ),
    "revoke-wide-waiver": Act(
        WideWaiver, wide_waivers.wide_waiver_revoke, "waiver_id", NoForm, WIDE_WAIVER, "revoke", page=_thing
    ),
    "renew-wide-waiver": Act(
        WideWaiver, renewals.wide_waiver_renew, "waiver_id", forms.RenewalForm, title="Ask for this waiver again",
        consequence="For the same versions and places; the accountable executive decides.", page=_thing,
    ),
    "request-retraining": Act(
        Version, retraining.retraining_request, "version_id", ReasonForm, title="Request retraining",
        consequence="A person decides before any training starts.",
    ),
    "name-candidate": Act(
        Version, candidates.candidate_name, "version_id", forms.CandidateForm, title="Name the retraining it answers",
        consequence="The request is done with that, and the path of this version can be proposed.",
    ),
    "propose-path": Act(
        Version, candidates.path_propose, "version_id", title="Propose its path",
        consequence="The classifier compares it with the version approved before and proposes the light or full path.",
    ),
    "take-light": Act(
        RetrainingPath, candidates.path_confirm_light, "path_id", ReasonForm, PATH, "take-light", page=_thing
    ),
    "take-full": Act(
        RetrainingPath, candidates.path_take_full, "path_id", ReasonForm, PATH, "take-full", page=_thing
    ),
    "attest-disposal": Act(
        Version, retirements.disposal_attest, "version_id", forms.DisposalForm, title="Attest disposal of data",
        consequence="Your name stands under it for ever. Without it the version can't be retired.",
    ),
}  # fmt: skip
"""Name in the address -> act; part of the one table in `acts`."""

LIFECYCLE: Mapping[str, tuple[str, ...]] = {
    "draft": ("name-candidate",),
    "validation": ("name-candidate", "propose-path", "request-emergency"),
    "review": ("propose-path", "request-emergency"),
    "approved": ("request-retraining", "attest-disposal"),
    "restricted": ("request-retraining", "attest-disposal"),
    "suspended": ("attest-disposal",),
    "in-use-not-warranted": ("request-retraining", "attest-disposal"),
}
"""State of a version -> what else can be done with it."""
LIFECYCLE_PERMISSION: Mapping[str, P] = {
    "name-candidate": P.VERSION_REGISTER,
    "propose-path": P.RUN_REQUEST,
    "request-emergency": P.EMERGENCY_REQUEST,
    "request-retraining": P.RETRAINING_REQUEST,
    "attest-disposal": P.ATTEST,
}
