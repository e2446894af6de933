"""Who may ask what: one row per route; acts stand in acts.py, admin pages in admin.py. tests/architecture/test_routes.py
asks them all.

A route that isn't here fails the build. To add one: find its name in `urls.py` ("governance:findings"), and write

    "governance:finding": Rule(P.VERSION_VIEW, POST=P.FINDING_EDIT),

`reads` is the permission that GET needs (None where there is no GET), every other method is named with what it needs;
ANYONE and SIGNED_IN stand for no permission. With an id in its address the permission is asked on that row; without
one, GET is a list of what the caller may see, or, with `whole=True`, needs the permission for the whole organisation.
Ids in addresses are filled with rows of tests/access/sample.py by their names (`version_id`: a version), bodies from
the OpenAPI schema or the form. Where that isn't enough, `ids`, by method `query` and `bodies`, and for pages `form`, say
more; a text that begins with `$` is the id of a sample row ("$version"), "$file" a small file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from governance.selectors.things import MACHINES, kind_of
from people.catalogue import VIEWED_BY, P

ANYONE: Final = "anyone"
SIGNED_IN: Final = "signed in"
BY_KIND: Final = "whoever may see its kind"
Who = P | str | None

SLOT = {"environment": "production", "region": "eu", "arm": "main"}
PERIOD = {"period_start": "2026-03-02T00:00:00Z", "period_end": "2026-03-03T00:00:00Z"}


@dataclass(frozen=True, init=False)
class Rule:
    """Who may use one route, by method."""

    reads: Who
    writes: Mapping[str, Who]
    whole: bool
    anywhere: bool
    """Opens only to who holds the permission on something, and to all of those: a list, or what is the organisation's."""
    by: str
    """Who of the world made the sample's row, where it is there for its maker alone."""
    absent: bool
    """There only with what a test doesn't have: a provider, a token in the address."""
    doer: str
    """Who of the world may, where not everybody who holds the permission may with the sample's row."""
    kinds: tuple[str, ...]
    """Kinds of thing that the address names (`kind`), each asked with its own row (`row_id`)."""
    ids: Mapping[str, str]
    query: Mapping[str, Mapping[str, str]]
    bodies: Mapping[str, Any]
    form: Mapping[str, str]

    def __init__(
        self,
        reads: Who,
        *,
        whole: bool = False,
        anywhere: bool = False,
        absent: bool = False,
        by: str = "",
        doer: str = "",
        kinds: tuple[str, ...] = (),
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, Mapping[str, str]] | None = None,
        bodies: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        **writes: Who,
    ) -> None:
        for name, value in {
            "reads": reads,
            "writes": writes,
            "whole": whole,
            "anywhere": anywhere,
            "absent": absent,
            "by": by,
            "doer": doer,
            "kinds": kinds,
            "ids": ids or {},
            "query": query or {},
            "bodies": bodies or {},
            "form": form or {},
        }.items():
            object.__setattr__(self, name, value)

    def who(self, method: str) -> Who:
        """What `method` needs; None where there is no such method."""
        return self.reads if method in ("GET", "HEAD") else self.writes.get(method)

    @property
    def about(self) -> bool:
        """Whether its address names something of the sample without an id in its path."""
        said = (*self.ids.values(), *self.query.get("GET", {}).values())
        return any(text.startswith("$") for text in said)

    def of(self, kind: str) -> Rule:
        """The rule for one of its kinds."""
        reads = VIEWED_BY[kind] if self.reads == BY_KIND else self.reads
        return Rule(reads, ids={"kind": kind, "row_id": f"${kind}"}, **self.writes)  # type: ignore[arg-type]

    @property
    def methods(self) -> frozenset[str]:
        return frozenset(self.writes) | (frozenset({"GET"}) if self.reads is not None else frozenset())


PUBLIC = Rule(ANYONE)
THINGS = tuple(sorted({kind_of(machine) for machine in MACHINES.values()}))
"""Every kind of thing that moves by a machine."""

ROUTES: Mapping[str, Rule] = {
    # -- the service itself, and what is public about the log
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "schema": PUBLIC,
    "ledger:checkpoint": PUBLIC,
    "ledger:checkpoint-of": Rule(ANYONE, ids={"number": "1"}),
    "ledger:entry": PUBLIC,
    "ledger:proof": PUBLIC,
    "ledger:verify": PUBLIC,
    "ledger:tile": Rule(ANYONE, ids={"path": "0/000.p/1"}),
    "ledger:tile-of": Rule(ANYONE, ids={"number": "1", "path": "0/000.p/1"}),
    "ledger-api:keys": PUBLIC,
    "ledger-api:checkpoint": PUBLIC,
    "ledger-api:proof": PUBLIC,
    "ledger-api:receipt": PUBLIC,
    # -- one's own account
    "people:sign-in": Rule(ANYONE, POST=ANYONE),
    "people:sign-out": Rule(None, POST=ANYONE),
    "people:second-factor": Rule(ANYONE, POST=ANYONE),
    "people:second-factor-set-up": Rule(ANYONE, POST=ANYONE),
    "people:second-factor-code": PUBLIC,
    "people:password": Rule(SIGNED_IN, POST=SIGNED_IN),
    "people:profile": Rule(SIGNED_IN),
    "people:notices-read": Rule(None, POST=SIGNED_IN),
    "people-api:me": Rule(SIGNED_IN),
    "people:passkey-sign-in": Rule(ANYONE, POST=ANYONE),
    "people:passkey-add": Rule(ANYONE, POST=ANYONE),
    "people:passkey-remove": Rule(SIGNED_IN, by="owner", POST=SIGNED_IN),
    "people:provider-sign-in": Rule(ANYONE, absent=True),
    "people:provider-callback": Rule(ANYONE, absent=True),
    "people:provider-logout": Rule(None, absent=True, POST=ANYONE),
    "people:delegations": Rule(SIGNED_IN),
    "people:delegation-new": Rule(SIGNED_IN, POST=SIGNED_IN),
    "people:delegation-revoke": Rule(SIGNED_IN, by="owner", POST=SIGNED_IN),
    "people:absence-new": Rule(SIGNED_IN, POST=SIGNED_IN),
    "people:absence-cancel": Rule(SIGNED_IN, by="owner", POST=SIGNED_IN),
    "people:mail": Rule(None, POST=SIGNED_IN),
    "people:calendar-new": Rule(None, POST=SIGNED_IN),
    "people:calendar-end": Rule(None, POST=SIGNED_IN),
    "people:calendar": Rule(ANYONE, absent=True),
    "people:list-export": Rule(None, POST=SIGNED_IN, ids={"name": "systems"}, form={"format": "csv"}),
    "people:view-save": Rule(None, POST=SIGNED_IN, ids={"name": "systems"}, form={"name": "Mine"}),
    "people:view-delete": Rule(None, by="owner", POST=SIGNED_IN),
    # -- pages
    "people:people": Rule(P.PEOPLE_VIEW, anywhere=True),
    "people:rights": Rule(P.PEOPLE_VIEW, anywhere=True),
    "people:rights-csv": Rule(P.PEOPLE_VIEW, anywhere=True),
    "registry:inventory": Rule(P.SYSTEM_VIEW),
    "registry:inventory-export": Rule(P.SYSTEM_VIEW),
    "registry:overdue": Rule(P.VERSION_VIEW),
    "registry:tiering": Rule(P.SYSTEM_VIEW),
    "registry:tiering-propose": Rule(
        P.SYSTEM_VIEW, POST=P.TIER_PROPOSE, form={"is_model": "no", "why": "It adds up."}
    ),
    "registry:system-values": Rule(P.SYSTEM_VIEW, POST=P.SYSTEM_EDIT, form={"value-cost-centre": "8"}),
    "registry:model-values": Rule(P.SYSTEM_VIEW, POST=P.MODEL_CREATE, form={"x": "x"}),
    "registry:model-dependencies": Rule(
        P.SYSTEM_VIEW, POST=P.MODEL_CREATE, form={"upstream": "$upstream", "kind": "feeds"}
    ),
    "registry:subject-register": Rule(P.SYSTEM_VIEW, POST=P.VERSION_REGISTER, form={"binding": "declared"}),
    "registry:dependency-end": Rule(P.SYSTEM_VIEW, POST=P.MODEL_CREATE),
    "registry:declaration": Rule(P.VERSION_VIEW, ids={"version_id": "$declared"}),
    "registry:dataset": Rule(P.DATASET_VIEW),
    "registry:imports": Rule(P.SYSTEM_VIEW, POST=P.IMPORT_UPLOAD, form={"file": "$file"}),
    "registry:import": Rule(P.SYSTEM_VIEW),
    "registry:import-columns": Rule(P.SYSTEM_VIEW, POST=P.IMPORT_UPLOAD, form={"column-0": ""}),
    "registry:import-confirm": Rule(
        P.SYSTEM_VIEW, POST=P.IMPORT_CONFIRM, form={"vouch": "on", "shown": "a" * 64}
    ),
    "registry:import-discard": Rule(P.SYSTEM_VIEW, POST=P.IMPORT_CONFIRM),
    "registry:import-faults": Rule(P.SYSTEM_VIEW),
    "registry:fields": Rule(
        P.SYSTEM_VIEW,
        POST=P.FIELD_DEFINE,
        form={"about": "model", "title": "Site", "name": "site", "kind": "text", "seen_by": "readers"},
    ),
    "registry:field-end": Rule(P.SYSTEM_VIEW, POST=P.FIELD_DEFINE),
    "registry:system": Rule(P.SYSTEM_VIEW),
    "registry:model": Rule(P.SYSTEM_VIEW),
    "monitoring:run": Rule(P.RUN_VIEW),
    "monitoring:monitors": Rule(P.RUN_VIEW),
    "monitoring:monitor": Rule(P.RUN_VIEW),
    "monitoring:breaches": Rule(P.RUN_VIEW),
    "monitoring:breach": Rule(P.RUN_VIEW),
    "monitoring:incidents": Rule(P.RUN_VIEW),
    "governance:inbox": Rule(SIGNED_IN),
    "governance:version": Rule(P.VERSION_VIEW),
    "governance:versions": Rule(P.VERSION_VIEW),
    "governance:compare-choose": Rule(P.VERSION_VIEW),
    "governance:compare": Rule(P.VERSION_VIEW, ids={"other_id": "$declared"}),
    "governance:search": Rule(P.SYSTEM_VIEW, query={"GET": {"q": "risk"}}),
    "governance:reading": Rule(P.PEOPLE_VIEW, anywhere=True),
    "governance:documents": Rule(
        P.VERSION_EDIT,
        POST=P.VERSION_EDIT,
        form={"kind": "note", "title": "A note", "file": "$file", "attached_as": "maker"},
    ),
    "governance:checklist": Rule(P.VERSION_REVIEW, POST=P.VERSION_REVIEW, ids={"move": "approve"}),
    "governance:document": Rule(P.VERSION_VIEW),
    "governance:document-remove": Rule(P.VERSION_VIEW, POST=P.VERSION_VALIDATE),
    "governance:findings": Rule(P.VERSION_VIEW),
    "governance:finding": Rule(P.VERSION_VIEW),
    "governance:finding-new": Rule(P.FINDING_JUDGE, anywhere=True, POST=P.FINDING_JUDGE),
    "governance:validations": Rule(P.VERSION_VIEW),
    "governance:validators": Rule(P.VALIDATION_WORK, anywhere=True),
    "governance:reassign": Rule(P.VALIDATION_ASSIGN, anywhere=True, POST=P.VALIDATION_ASSIGN),
    "governance:validation": Rule(P.VERSION_VIEW),
    "governance:validation-report": Rule(P.VERSION_VIEW),
    "governance:comments": Rule(P.VERSION_VIEW, kinds=("version", "finding", "validation")),
    "governance:emergencies": Rule(P.VERSION_VIEW),
    "governance:decide": Rule(P.VERSION_APPROVE, POST=P.VERSION_APPROVE),
    "governance:warrants": Rule(P.WARRANT_VIEW),
    "governance:warrant": Rule(P.WARRANT_VIEW),
    "governance:warrant-document": Rule(P.WARRANT_VIEW),
    "governance:recertification": Rule(P.WARRANT_VIEW),
    "governance:drills": Rule(P.SYSTEM_VIEW),
    "governance:seats": Rule(P.SYSTEM_VIEW, anywhere=True),
    "governance:workload": Rule(P.PEOPLE_VIEW, anywhere=True),
    "governance:policies": Rule(SIGNED_IN),
    "governance:policy": Rule(SIGNED_IN),
    "governance:policy-compare": Rule(SIGNED_IN, ids={"other_id": "$policy"}),
    "governance:policy-dry-run": Rule(SIGNED_IN, anywhere=True, POST=P.VERSION_VIEW),
    "governance:policy-new": Rule(P.POLICY_EDIT, whole=True, POST=P.POLICY_EDIT, form={"from": "low"}),
    "governance:policy-text": Rule(P.POLICY_EDIT, whole=True, POST=P.POLICY_EDIT, form={"text": "x"}),
    "governance:policy-edit": Rule(P.POLICY_EDIT, whole=True, POST=P.POLICY_EDIT),
    "governance:policy-copy": Rule(P.POLICY_EDIT, whole=True, by="author", POST=P.POLICY_EDIT),
    "governance:policy-copy-discard": Rule(P.POLICY_EDIT, whole=True, by="author", POST=P.POLICY_EDIT),
    "governance:policy-copy-change": Rule(
        P.POLICY_EDIT, whole=True, by="author", POST=P.POLICY_EDIT, ids={"part": "about"}
    ),
    "governance:policy-copy-remove": Rule(
        P.POLICY_EDIT, whole=True, by="author", POST=P.POLICY_EDIT, ids={"part": "checks.data-contract"}
    ),
    "governance:reports": Rule(P.REPORT_VIEW),
    "governance:report-file": Rule(P.REPORT_VIEW, ids={"part": "pdf"}),
    "governance:machines": Rule(SIGNED_IN),
    "governance:machine": Rule(SIGNED_IN, ids={"name": "version"}),
    "governance:thing": Rule(BY_KIND, kinds=THINGS),
    "governance:ledger": Rule(P.LEDGER_VIEW, whole=True),
    "governance:entry": Rule(P.LEDGER_VIEW, whole=True),
    # -- the API: what exists
    "registry-api:systems": Rule(P.SYSTEM_VIEW, POST=P.SYSTEM_CREATE),
    "registry-api:system": Rule(P.SYSTEM_VIEW, PATCH=P.SYSTEM_EDIT, bodies={"PATCH": {"name": "Other"}}),
    "registry-api:system-models": Rule(P.SYSTEM_VIEW, POST=P.MODEL_CREATE),
    "registry-api:tierings": Rule(
        P.SYSTEM_VIEW, POST=P.TIER_PROPOSE, bodies={"POST": {"is_model": False, "why": "It adds up."}}
    ),
    "registry-api:tiering": Rule(P.SYSTEM_VIEW),
    "registry-api:system-values": Rule(
        P.SYSTEM_VIEW, PATCH=P.SYSTEM_EDIT, bodies={"PATCH": {"values": {"cost-centre": "8"}}}
    ),
    "registry-api:model-values": Rule(P.SYSTEM_VIEW, PATCH=P.MODEL_CREATE, bodies={"PATCH": {"values": {}}}),
    "registry-api:dependencies": Rule(
        P.SYSTEM_VIEW, POST=P.MODEL_CREATE, bodies={"POST": {"upstream": "$upstream", "kind": "feeds"}}
    ),
    "registry-api:dependency": Rule(None, DELETE=P.MODEL_CREATE),
    "registry-api:fields": Rule(P.SYSTEM_VIEW, POST=P.FIELD_DEFINE),
    "registry-api:imports": Rule(P.SYSTEM_VIEW, POST=P.IMPORT_UPLOAD, bodies={"POST": "System,Model\nA,B\n"}),
    "registry-api:import": Rule(P.SYSTEM_VIEW, PATCH=P.IMPORT_UPLOAD, bodies={"PATCH": {"mapping": {}}}),
    "registry-api:import-rows": Rule(P.SYSTEM_VIEW),
    "registry-api:overdue": Rule(P.VERSION_VIEW),
    "registry-api:datasets": Rule(P.DATASET_VIEW, POST=P.DATASET_REGISTER),
    "registry-api:models": Rule(P.SYSTEM_VIEW),
    "registry-api:model": Rule(P.SYSTEM_VIEW),
    "registry-api:model-versions": Rule(P.VERSION_VIEW, POST=P.VERSION_REGISTER),
    "registry-api:slots": Rule(P.SYSTEM_VIEW, POST=P.DEPLOYMENT_REQUEST),
    "registry-api:versions": Rule(P.VERSION_VIEW),
    "registry-api:version": Rule(P.VERSION_VIEW, PATCH=P.VERSION_EDIT, bodies={"PATCH": {"label": "x"}}),
    "registry-api:files": Rule(
        P.VERSION_VIEW,
        POST=P.VERSION_UPLOAD,
        DELETE=P.VERSION_UPLOAD,
        query={"DELETE": {"path": "weights.bin"}},
        bodies={"POST": {"files": {"a.bin": "$upload"}}},
    ),
    "registry-api:unpack": Rule(None, POST=P.VERSION_UPLOAD),
    "registry-api:components": Rule(P.VERSION_VIEW, POST=P.VERSION_EDIT),
    "registry-api:component": Rule(None, DELETE=P.VERSION_EDIT),
    "registry-api:lineage": Rule(P.VERSION_VIEW, POST=P.VERSION_EDIT),
    "registry-api:lineage-row": Rule(None, DELETE=P.VERSION_EDIT),
    "registry-api:signatures": Rule(P.VERSION_VIEW, POST=P.SIGNATURE_ADD),
    "registry-api:dataset": Rule(P.DATASET_VIEW),
    "registry-api:dataset-versions": Rule(P.DATASET_VIEW, POST=P.DATASET_REGISTER),
    "registry-api:dataset-version": Rule(P.DATASET_VIEW),
    "registry-api:uploads": Rule(
        None,
        POST=P.VERSION_UPLOAD,
        bodies={
            "POST": {"purpose": "artifact", "size": 1, "digest": "a" * 64, "name": "a.bin", "model": "$model"}
        },
    ),
    "registry-api:upload": Rule(P.VERSION_UPLOAD, by="ci", PATCH=P.VERSION_UPLOAD, DELETE=P.VERSION_UPLOAD),
    "registry-api:upload-finish": Rule(None, by="ci", POST=P.VERSION_UPLOAD),
    "registry-api:reports": Rule(P.VERSION_VIEW, POST=P.DEPLOYMENT_REPORT),
    "registry-api:deployments": Rule(P.VERSION_VIEW),
    "registry-api:deployment": Rule(P.VERSION_VIEW),
    # -- the API: what was measured
    "monitoring-api:runs": Rule(P.RUN_VIEW),
    "monitoring-api:run": Rule(P.RUN_VIEW),
    "monitoring-api:run-cancel": Rule(None, doer="ci", POST=P.RUN_REQUEST),
    "monitoring-api:batches": Rule(P.RUN_VIEW, POST=P.BATCH_REPORT),
    "monitoring-api:rows": Rule(
        None, POST=P.BATCH_REPORT, query={"POST": {"label": "day", **PERIOD}}, bodies={"POST": '{"age": 1}\n'}
    ),
    "monitoring-api:labels": Rule(P.RUN_VIEW, POST=P.BATCH_REPORT),
    "monitoring-api:label-rows": Rule(
        None, POST=P.BATCH_REPORT, query={"POST": {"name": "day", **PERIOD}}, bodies={"POST": '{"age": 1}\n'}
    ),
    "monitoring-api:monitor": Rule(P.RUN_VIEW),
    "monitoring-api:batch": Rule(P.RUN_VIEW),
    "monitoring-api:breaches": Rule(P.RUN_VIEW),
    "monitoring-api:incidents": Rule(P.RUN_VIEW),
    # -- the API: what was decided
    "governance-api:emergencies": Rule(P.VERSION_VIEW),
    "governance-api:roll-back": Rule(None, POST=P.DEPLOYMENT_MOVE),
    "governance-api:drills": Rule(P.VERSION_VIEW, POST=P.DEPLOYMENT_MOVE),
    "governance-api:drill-outcome": Rule(
        None, POST=P.DEPLOYMENT_MOVE, bodies={"POST": {"outcome": "worked", "seconds": 1, "note": "x"}}
    ),
    "governance-api:retraining": Rule(None, POST=P.VERSION_REGISTER),
    "governance-api:path": Rule(None, POST=P.RUN_REQUEST),
    "governance-api:machines": Rule(SIGNED_IN),
    "governance-api:machine": Rule(SIGNED_IN, ids={"name": "version"}),
    "governance-api:moves": Rule(BY_KIND, kinds=THINGS),
    "governance-api:policy-schema": PUBLIC,
    "governance-api:policies": Rule(SIGNED_IN),
    "governance-api:policy": Rule(SIGNED_IN),
    "governance-api:policy-lint": Rule(None, POST=SIGNED_IN),
    "governance-api:findings": Rule(
        P.VERSION_VIEW,
        POST=P.FINDING_JUDGE,
        bodies={"POST": {"versions": ["$version"], "title": "x", "description": "x", "severity": "low"}},
    ),
    "governance-api:finding": Rule(P.VERSION_VIEW),
    "governance-api:finding-respond": Rule(None, POST=P.FINDING_RESPOND),
    "governance-api:finding-moves": Rule(
        None,
        doer="reviewer",
        POST=P.FINDING_JUDGE,
        bodies={"POST": {"move": "withdraw", "reason": "Seen."}},
    ),
    "governance-api:finding-severity": Rule(
        None, doer="reviewer", POST=P.FINDING_JUDGE, bodies={"POST": {"severity": "medium", "reason": "x"}}
    ),
    "governance-api:finding-successor": Rule(None, POST=P.VALIDATION_ASSIGN),
    "governance-api:finding-extensions": Rule(None, POST=P.FINDING_RESPOND),
    "governance-api:finding-extension-decide": Rule(None, POST=P.FINDING_JUDGE),
    "governance-api:finding-dissents": Rule(None, POST=P.FINDING_JUDGE),
    "governance-api:documents": Rule(
        P.VERSION_VIEW,
        POST=P.VERSION_EDIT,
        query={"POST": {"kind": "note", "title": "A note", "name": "note.txt"}},
        bodies={"POST": "text"},
    ),
    "governance-api:document": Rule(P.VERSION_VIEW, DELETE=P.VERSION_VALIDATE),
    "governance-api:document-content": Rule(P.VERSION_VIEW),
    "governance-api:checklists": Rule(
        P.VERSION_VIEW,
        POST=P.VERSION_REVIEW,
        bodies={"POST": {"move": "approve", "question": "x", "answer": "yes"}},
    ),
    "governance-api:wide-waivers": Rule(P.SYSTEM_VIEW, POST=P.WAIVER_REQUEST),
    "governance-api:wide-waiver": Rule(P.SYSTEM_VIEW),
    "governance-api:wide-waiver-approve": Rule(None, doer="executive", POST=P.WAIVER_APPROVE),
    "governance-api:wide-waiver-refuse": Rule(None, POST=P.WAIVER_APPROVE),
    "governance-api:wide-waiver-revoke": Rule(None, POST=P.WAIVER_REVOKE),
    "governance-api:wide-waiver-renew": Rule(None, POST=P.WAIVER_REQUEST),
    "governance-api:finding-comments": Rule(P.VERSION_VIEW),
    "governance-api:validations": Rule(P.VERSION_VIEW),
    "governance-api:validation": Rule(P.VERSION_VIEW),
    "governance-api:validation-report": Rule(P.VERSION_VIEW),
    "governance-api:validation-comments": Rule(P.VERSION_VIEW),
    "governance-api:version-comments": Rule(P.VERSION_VIEW),
    "governance-api:compare": Rule(P.VERSION_VIEW, ids={"other_id": "$declared"}),
    "governance-api:search": Rule(P.SYSTEM_VIEW, query={"GET": {"q": "risk"}}),
    "governance-api:conditions": Rule(P.VERSION_VIEW),
    "governance-api:submit": Rule(None, POST=P.VERSION_SUBMIT),
    "governance-api:checks": Rule(None, POST=P.RUN_REQUEST),
    "governance-api:planned-bounds": Rule(P.VERSION_VIEW, POST=P.VERSION_EDIT),
    "governance-api:requirements": Rule(P.VERSION_VIEW),
    "governance-api:gates": Rule(P.VERSION_VIEW),
    "governance-api:request-deployment": Rule(None, POST=P.DEPLOYMENT_REQUEST, bodies={"POST": SLOT}),
    "governance-api:gate": Rule(P.GATE_ASK, query={"GET": {**SLOT, "version": "$version"}}),
    "governance-api:warrants": Rule(P.WARRANT_VIEW),
    "governance-api:warrant-status": Rule(P.GATE_ASK, anywhere=True),
    "governance-api:warrant-in-slot": Rule(P.WARRANT_VIEW, ids={"digest": "$subject-digest", **SLOT}),
    "governance-api:renew": Rule(None, POST=P.RECERTIFICATION_REQUEST),
    "governance-api:recertifications": Rule(P.WARRANT_VIEW),
    "governance-api:recertification": Rule(P.WARRANT_VIEW),
    "governance-api:warrant": Rule(P.WARRANT_VIEW),
    "governance-api:warrant-document": Rule(P.WARRANT_VIEW),
}
