"""The data of a report: everything it prints, read from one database snapshot and one log checkpoint.

JSON only, in a fixed order, so that the same snapshot gives the same bytes. Every part carries the evidence id that a
printed figure is traced back by. How it is laid out is not known here; wording that judges is not to be had here.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from governance.frameworks.assessment import SYMBOLS, Assessment, RowState, State, assess
from governance.gates.context import Context
from governance.policies.sentences import sentences
from governance.snapshots import evidence
from governance.snapshots.challenge import dissents_of, findings_of
from governance.snapshots.emergencies import emergencies_of
from governance.snapshots.parts import (
    WORST,
    conditions_of,
    decisions_of,
    denials_of,
    exceptions_of,
    incidents_of,
    reading_of,
    requirement_rows,
    results_of,
    runs_of,
    timeline_of,
    waivers_of,
    warrants_of,
)  # fmt: skip
from governance.snapshots.policies import policy_changes
from ledger import selectors as log
from ledger.models import KeyRecord
from people.selectors import names_of
from registry.machines import VERSION
from registry.models import Version
from registry.selectors import tierings, versions
from registry.selectors.cards import CARD
from registry.selectors.lookup import one

KINDS = {"scorecard": "Scorecard", "audit": "Evidence report"}
FORMAT = 1
NO_CHECKPOINT = "No checkpoint was published yet."


class NoCheckpoint(LookupError):
    """A report without a signed checkpoint couldn't be traced to the log."""


def report_data(*, report_id: UUID, version_id: UUID, kind: str, at: dt.datetime) -> dict[str, Any]:
    """Everything that report `report_id` of `kind` prints. The caller holds one snapshot open. Raises
    NoCheckpoint, NotThere."""
    version = one(Version.objects.select_related("model__system"), version_id)
    context = Context(version, at)
    pack = evidence.pack()
    items = evidence.items(context)
    said = evidence.attestations(version, pack.id)
    found = assess(
        pack,
        items,
        said,
        at=at,
        tier=context.policy.tier if context.policy else version.model.system.risk_tier,
        version=str(version.pk),
    )
    people = [*{version.model.system.owner, *(given.person for given in said)}]
    data: dict[str, Any] = {
        "format": FORMAT,
        "id": str(report_id),
        "kind": kind,
        "title": KINDS[kind],
        "snapshot": _snapshot(context),
        "subject": _subject(version, at),
        "state": VERSION.state(version.state).title,
        "state_name": version.state,
        "framework": _framework(found, pack.title),
        "requirements": requirement_rows(context),
        "decisions": decisions_of(context),
        "warrants": warrants_of(version, at),
        "conditions": conditions_of(version, at),
        "waivers": waivers_of(version, at),
        "incidents": incidents_of(version),
        "findings": findings_of(version, at),
        "dissents": dissents_of(version),
        "emergencies": emergencies_of(version, at),
        "runs": runs_of(version),
        "results": results_of(version),
        "denials": denials_of(version),
        "reading": reading_of(version, at),
        "attestations": [
            {"id": a.id, "rows": sorted(a.rows), "person": a.person, "role": a.role, "statement": a.statement,
             "given": _day(a.attested), "expires": _day(a.expires), "digest": a.digest, "scope": a.scope}
            for a in said
        ],
        "timeline": timeline_of(version),
        "policy": _policy(context),
        "policy_changes": policy_changes(version, at),
        "records": _records(),
        "evidence": [
            {"id": i.id, "type": pack.evidence_types[i.type].title, "verb": pack.evidence_types[i.type].verb,
             "digest": i.digest, "dated": _moment(i.dated), "received": _moment(i.received),
             "outcome": str(i.outcome), "intact": i.intact, "summary": i.summary, "this_version":
             not i.version or i.version == str(version.pk)}
            for i in items
        ],
    }  # fmt: skip
    data["strips"] = {
        "fairness": sorted(
            (row for row in data["results"] if row["check"] == "fairness" and row["verdict"] != "not judged"),
            key=lambda row: (WORST.get(row["verdict"], 0), row["metric"], row["slice"]),
        ),
        "drift": [
            row
            for row in data["runs"]
            if row["check"] in ("drift", "drift-over-time") and row["verdict"] not in ("pass", "")
        ][-3:],
    }
    data["exceptions"] = exceptions_of(data)
    people += [row["person"] for row in data["dissents"]] + [row["owner"] for row in data["findings"]]
    people += [row[by] for row in data["policy_changes"] for by in ("drafted_by", "approved_by")]
    people += [row["responsible"] for row in data["conditions"]]
    people += [row["person"] for row in data["decisions"]] + [row["requested_by"] for row in data["waivers"]]
    data["people"] = dict(sorted(names_of({person for person in people if person}).items()))
    data["attention"] = _attention(data, found)
    return data


def _snapshot(context: Context) -> dict[str, Any]:
    checkpoint = log.latest_checkpoint()
    origin = log.current_log()
    if checkpoint is None or origin is None:
        raise NoCheckpoint(NO_CHECKPOINT)
    return {
        "at": _moment(context.at),
        "iso": context.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "epoch": int(context.at.timestamp()),
        "origin": origin.origin,
        "size": checkpoint.size,
        "root": bytes(checkpoint.root).hex(),
        "chain": bytes(checkpoint.chain).hex(),
        "checkpoint_at": _moment(checkpoint.at),
        "note": bytes(checkpoint.note).decode(),
        "not_covered": log.pending_count() + log.unpublished(),
    }


def _subject(version: Version, at: dt.datetime) -> dict[str, Any]:
    system = version.model.system
    tiering = tierings.standing(system, at)
    return {
        "system": system.name, "system_slug": system.slug, "purpose": system.purpose,
        "affected_people": system.affected_people, "owner": system.owner, "legal_entity": system.legal_entity,
        "tier": system.risk_tier, "tiering": f"{tiering.words} {tiering.lowered}".strip(),
        "ai_act": system.get_ai_act_class_display(), "on_void": system.get_on_void_display(),
        "model": version.model.name, "task": version.model.task, "version": version.number,
        "version_id": str(version.pk),
        "label": version.label, "binding": version.get_binding_display(), "digest": version.subject_digest,
        "manifest": version.manifest_digest, "code": version.code_ref, "registered": _moment(version.registered_at),
        "registered_by": version.registered_by, "round": version.decision_round,
        "card": [{"title": field.title, "text": str(version.card.get(field.name, ""))} for field in CARD],
        "limits": {name: str(version.card.get(name, "")) for name in ("intended_use", "not_for", "limitations")},
        "components": [
            {"kind": row.get_kind_display(), "name": row.name, "digest": row.digest, "licence": row.licence,
             "origin": row.origin} for row in versions.components(version.pk)
        ],
        "data": [
            {"role": row.get_role_display(), "name": str(row.dataset_version), "rows": row.dataset_version.rows,
             "digest": row.dataset_version.digest, "source": row.dataset_version.dataset.source,
             "id": f"data:{str(row.dataset_version_id)[:8]}"} for row in versions.lineage(version.pk)
        ],
        "contributors": sorted(versions.contributors(version.pk)),
    }  # fmt: skip


def _framework(found: Assessment, title: str) -> dict[str, Any]:
    states = [state for state in SYMBOLS if found.counts.get(state, 0)]
    return {
        "title": title,
        "coverage": str(found.coverage),
        "met": str(found.met),
        "automation": str(found.automation),
        "outside": found.counts.get(State.OUTSIDE, 0),
        "not_applicable": found.counts.get(State.NOT_APPLICABLE, 0),
        "notices": list(found.notices),
        "states": [
            {
                "state": str(state),
                "symbol": SYMBOLS[state][0],
                "words": SYMBOLS[state][1],
                "n": found.counts[state],
            }
            for state in states
        ],
        "functions": [
            {
                "function": name,
                "counts": [counts.get(state, 0) for state in states],
                "n": sum(counts.values()),
            }
            for name, counts in found.by_function.items()
        ],
        "rows": [_row(row, found.at) for row in found.rows],
    }


def _row(row: RowState, at: dt.datetime) -> dict[str, Any]:
    return {
        "id": row.row.id, "function": row.row.function, "paraphrase": row.row.paraphrase,
        "class": str(row.row.cls), "control": row.row.records, "attestation": row.row.attestation,
        "unproven": row.row.stays_unproven, "state": str(row.state), "symbol": row.symbol, "words": row.words,
        "why": list(row.why), "history": row.history,
        "evidence": [{"id": item.id, "days": (at - item.since).days} for item in row.items]
        + [{"id": said.id, "days": (at - said.attested).days} for said in row.attestations],
    }  # fmt: skip


def _policy(context: Context) -> dict[str, Any] | None:
    policy, document = context.policy, context.document
    if policy is None or document is None:
        return None
    return {
        "id": f"policy:{policy.tier}-{policy.number}", "title": policy.title, "tier": policy.tier,
        "number": policy.number, "digest": policy.digest, "state": policy.state,
        "from": _moment(policy.effective_from) if policy.effective_from else "never",
        "pinned": bool(context.version.policy_digest),
        "sections": [{"title": part.title, "sentences": list(part.sentences)} for part in sentences(document)],
    }  # fmt: skip


def _records() -> dict[str, Any]:
    audit, full = log.last_audit(), log.last_audit(full=True)
    return {
        "audit": _audit(audit),
        "full_audit": _audit(full),
        "triggers_missing": log.triggers_missing(),
        "keys": [
            {"purpose": key.purpose, "keyid": key.keyid, "algorithm": key.algorithm, "state": key.state,
             "from": _moment(key.not_before) if key.not_before else "never",
             "until": _moment(key.not_after) if key.not_after else "no end"}
            for key in KeyRecord.objects.order_by("purpose", "not_before", "keyid")
        ],
    }  # fmt: skip


def _audit(audit: Any) -> dict[str, Any] | None:
    if audit is None:
        return None
    return {
        "id": f"audit:{audit.pk}", "at": _moment(audit.at), "full": audit.full, "verdict": audit.verdict,
        "size": audit.size, "faults": [str(fault) for fault in audit.faults],
    }  # fmt: skip


def _attention(data: dict[str, Any], found: Assessment) -> list[dict[str, Any]]:
    """The box on page one: always every line, `none` where there is nothing."""
    rows = data["requirements"]

    def standing(*words: str) -> int:
        return sum(row["standing"] in words for row in rows)

    ends = sorted(row["ends"] for row in data["waivers"] if row["active"])
    due = sorted(row["due"] for row in data["conditions"] if row["state"] != "met")
    opened = [row for row in data["incidents"] if row["state"] == "open"]
    faults = sum(not item["intact"] for item in data["evidence"])
    audit = data["records"]["audit"]
    return [
        {"title": "Integrity failures", "n": faults, "text": "" if audit else "the log was never audited"},
        {"title": "Failed requirements", "n": standing("failed"), "text": ""},
        {"title": "Not conclusive or in error", "n": standing("inconclusive", "error"), "text": ""},
        {"title": "Stale or missing requirements", "n": standing("stale", "missing"), "text": ""},
        {"title": "Framework rows failed", "n": found.counts.get(State.FAILED, 0), "text": ""},
        {"title": "Framework rows stale or missing",
         "n": found.counts.get(State.STALE, 0) + found.counts.get(State.MISSING, 0), "text": ""},
        {"title": "Active waivers", "n": len(ends), "text": f"first ends {ends[0][:10]}" if ends else ""},
        {"title": "Open conditions, reviews afterwards", "n": len(due),
         "text": f"first due {due[0][:10]}" if due else ""},
        {"title": "Void or lapsed warrants",
         "n": sum(row["status"] in ("void", "lapsed") for row in data["warrants"]), "text": ""},
        {"title": "Open findings", "n": sum(row["open"] for row in data["findings"]), "text": ""},
        {"title": "Dissents", "n": len(data["dissents"]), "text": ""},
        {"title": "Open incidents", "n": len(opened), "text": ""},
        {"title": "Denied attempts", "n": data["denials"], "text": ""},
    ]  # fmt: skip


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _day(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d")
