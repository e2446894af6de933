"""The parts of a report's data that are lists of records: decisions, results, exceptions, what happened when."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q

from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.models import Waiver, Warrant
from governance.selectors.conditions import REVIEW, current_conditions
from governance.selectors.reading import FEWEST, MONTHS, counted
from governance.selectors.standing import STANDING, condition_state, status_at
from ledger import selectors as log
from ledger.models import Entry
from monitoring.models import Breach, Incident, Run
from registry.models import Version

WORST = {"error": 0, "fail": 1, "inconclusive": 2, "pass": 3}
TIMELINE_ROWS = 400


def moment(at: dt.datetime | None) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else ""


def requirement_rows(context: Context) -> list[dict[str, Any]]:
    """Where each requirement of the policy stands, with the target that was set before the run."""
    rows = []
    for state in context.requirements:
        bound = state.requirement.bound
        rows.append(
            {
                "name": state.requirement.name, "title": state.title, "check": state.requirement.check,
                "metric": state.requirement.metric, "gating": state.requirement.gating,
                "target": f"{state.requirement.op} {bound}" if bound is not None else "the check's own rules",
                "standing": str(state.standing), "why": state.why, "runs": state.attempts,
                "run": f"run:{str(state.run.pk)[:8]}" if state.run else "",
                "waived": moment(state.waiver.ends) if state.waiver else "",
                "accepted": state.acceptance is not None,
                "accepted_by": state.acceptance.validator if state.acceptance else "",
                "review_by": moment(state.acceptance.review_by) if state.acceptance else "",
                "limitation": state.acceptance.limitation if state.acceptance else "",
                "results": [
                    _result(result)
                    for result in sorted(state.results, key=lambda found: WORST.get(found["verdict"], 0))
                ],
            }
        )  # fmt: skip
    return rows


def decisions_of(context: Context) -> list[dict[str, Any]]:
    """Every decision of every round; whether it counts is counted again now, as the gate counts it."""
    filled, uncounted = seats(context)
    counted = {seat.decision.pk for seat in filled if seat.decision}
    why = {item.decision.pk: item.why for item in uncounted}
    return [
        {
            "id": f"decision:{str(row.pk)[:8]}", "at": moment(row.decided_at), "round": row.decision_round,
            "seat": row.seat, "person": row.person, "outcome": row.outcome, "shown": row.shown_digest,
            "reason": row.reason, "counted": row.pk in counted,
            "why_not": "" if row.pk in counted else why.get(row.pk, _not_counted(row, context)),
        }
        for row in context.version.decisions.order_by("decided_at", "id")
    ]  # fmt: skip


def _not_counted(row: Any, context: Context) -> str:
    if row.outcome != "approve":
        return "not an approval"
    if row.decision_round != context.version.decision_round:
        return "an earlier round of decisions"
    return "the policy asks for no seat of this role"


def warrants_of(version: Version, at: dt.datetime) -> list[dict[str, Any]]:
    rows = (
        Warrant.objects.filter(version=version).select_related("slot", "version").order_by("granted_at", "id")
    )
    rows = rows.prefetch_related(*STANDING)
    return [
        {
            "id": f"warrant:{str(row.pk)[:8]}", "slot": f"{row.slot.environment}/{row.slot.region}/{row.slot.arm}",
            "granted": moment(row.granted_at), "ends": moment(row.not_after), "grace_ends": moment(row.grace_ends),
            "status": status_at(row, at), "void_ground": row.void_ground, "voided": moment(row.voided_at),
            "conditions": list(row.conditions), "digest": row.document_digest,
        }
        for row in rows
    ]  # fmt: skip


def conditions_of(version: Version, at: dt.datetime) -> list[dict[str, Any]]:
    """The conditions of the approval that stands, with those of a small team's review afterwards."""
    return [
        {
            "id": f"condition:{str(row.pk)[:8]}", "kind": row.kind, "seat": row.seat, "text": row.text,
            "due": moment(row.due_from), "grace_ends": moment(row.grace_ends), "responsible": row.responsible,
            "state": condition_state(row, at), "met_by": row.met_by, "met": moment(row.met_at),
        }
        for row in current_conditions(version)
    ]  # fmt: skip


def waivers_of(version: Version, at: dt.datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": f"waiver:{str(row.pk)[:8]}", "requirement": row.requirement, "reason": row.reason,
            "control": row.compensating_control, "starts": moment(row.starts), "ends": moment(row.ends),
            "state": row.state, "requested_by": row.requested_by, "decided_by": row.decided_by,
            "active": row.state == "approved" and row.starts <= at < row.ends,
        }
        for row in Waiver.objects.filter(version=version).order_by("starts", "id")
    ]  # fmt: skip


def incidents_of(version: Version) -> list[dict[str, Any]]:
    """Incidents of the system and breaches of this version, oldest first."""
    found = [
        {
            "id": f"incident:{str(row.pk)[:8]}", "title": row.title, "severity": row.severity, "state": row.state,
            "opened": moment(row.opened_at), "closed": moment(row.closed_at), "kind": "incident",
        }
        for row in Incident.objects.filter(system=version.model.system_id)
    ]  # fmt: skip
    for row in Breach.objects.filter(monitor__deployment__version=version):
        found.append(
            {
                "id": f"breach:{str(row.pk)[:8]}", "title": str(row.summary.get("text", "")), "state": row.state,
                "severity": f"response: {row.response}", "opened": moment(row.opened_at),
                "closed": moment(row.closed_at), "kind": "breach",
            }
        )  # fmt: skip
    return sorted(found, key=lambda item: (item["opened"], item["id"]))


def runs_of(version: Version) -> list[dict[str, Any]]:
    """Every run on this version, unfinished and failed ones too: reruns are counted, never hidden."""
    return [
        {
            "id": f"run:{str(row.pk)[:8]}", "check": row.check_name, "state": row.state,
            "verdict": row.verdict or "not finished", "data": "production" if row.batch_id else "declared",
            "at": moment(row.finished_at or row.requested_at), "digest": row.outcome_digest,
            "by": row.requested_as, "error": row.error_text, "seed": row.seed,
            "summary": (row.outcome or {}).get("summary", ""), "warnings": (row.outcome or {}).get("warnings", []),
            "libraries": (row.outcome or {}).get("libraries", {}),
        }
        for row in _runs(version)
    ]  # fmt: skip


def results_of(version: Version) -> list[dict[str, Any]]:
    """Judged results, and measured rates of groups, of the newest run of each check on each kind of data."""
    newest = {(run.check_name, bool(run.batch_id)): run for run in _runs(version) if run.outcome}
    found = []
    for (check, production), run in sorted(newest.items(), key=lambda item: item[0]):
        for result in (run.outcome or {})["results"]:
            if result["verdict"] is not None or (check == "fairness" and result["slice"]):
                found.append(
                    {
                        **_result(result), "check": check, "run": f"run:{str(run.pk)[:8]}",
                        "data": "production" if production else "declared",
                    }
                )  # fmt: skip
    return found


def _runs(version: Version) -> list[Run]:
    return list(Run.objects.filter(version=version).select_related("batch").order_by("requested_at", "id"))


def _result(result: dict[str, Any]) -> dict[str, Any]:
    threshold = result["threshold"]
    details = result.get("details") or {}
    return {
        "metric": result["metric"], "verdict": result["verdict"] or "not judged", "n": result["n"],
        "slice": ", ".join(f"{name} = {value}" for name, value in sorted(result["slice"].items())),
        "value": number(result["value"]), "low": number(result["low"]), "high": number(result["high"]),
        "target": f"{threshold['op']} {threshold['bound']:g}" if threshold else "", "why": result["why"],
        "interval": f"{number(result['low'])} to {number(result['high'])}" if result["low"] is not None
        and result["high"] is not None else "no interval",
        "groups": str(details.get("groups") or details.get("worst") or ""), "unit": result["unit"],
    }  # fmt: skip


def number(value: float | None) -> str:
    """A figure as printed; what isn't a number is said in words."""
    return "undefined" if value is None else f"{value:.4g}"


def denials_of(version: Version) -> int:
    """Denied and refused attempts on this version."""
    return Entry.objects.filter(event="ledger.denied", subject_id=str(version.pk)).count()


def timeline_of(version: Version) -> list[dict[str, Any]]:
    """What happened to the version, its warrants, deployments, incidents and waivers, as the log says it."""
    ids = [str(version.pk)]
    for related in ("warrants", "waivers", "acceptances", "deployments", "retraining_requests", "incidents"):
        ids += [str(pk) for pk in getattr(version, related).values_list("pk", flat=True)]
    rows = list(
        Entry.objects.filter(Q(subject_id__in=ids))
        .exclude(event="governance.evidence.viewed")
        .order_by("-at")[:TIMELINE_ROWS]
    )
    found = []
    for item in log.ordered(rows):
        data = item.parsed.entry.data if item.parsed.entry else {}
        move = f"{data['from']} to {data['to']}" if "from" in data and "to" in data else ""
        found.append(
            {
                "id": f"entry:{str(item.row.pk)[:8]}", "entry": str(item.row.pk), "index": item.index,
                "at": moment(item.row.at), "title": item.title, "what": item.row.subject_kind,
                "actor": item.row.actor_id, "move": move,
            }
        )  # fmt: skip
    return found


def exceptions_of(data: dict[str, Any]) -> list[dict[str, str]]:
    """The register: whatever isn't a plain pass, in the order in which an auditor asks for it."""
    found: list[tuple[str, str, str, str]] = []
    for item in data["evidence"]:
        if not item["intact"]:
            found.append(
                (item["type"], "integrity failure", "a signature, digest or chain check failed", item["id"])
            )
    for audit in (data["records"]["audit"],):
        if audit and audit["verdict"] != "ok":
            found.append(("Records", "integrity failure", "; ".join(audit["faults"]) or "fault", audit["id"]))
    for row in data["requirements"]:
        if row["standing"] != "met":
            cover = f" Waived until {row['waived']}." if row["waived"] else ""
            cover += (
                f" Accepted with a limitation, review by {row['review_by']}: {row['limitation']}"
                if row["accepted"] else ""
            )  # fmt: skip
            gating = "" if row["gating"] else " (does not gate)"
            found.append(
                (
                    row["title"],
                    row["standing"] + gating,
                    f"{row['why'].rstrip('.')}.{cover}",
                    row["run"] or "no run",
                )
            )
    for run in data["runs"]:
        if run["verdict"] != "pass":
            text = run["error"] or run["summary"]
            found.append((f"Run of {run['check']} on {run['data']} data", run["verdict"], text, run["id"]))
    for row in data["results"]:
        if row["verdict"] in ("fail", "inconclusive", "error"):
            where = f"{row['metric']} {row['slice']}".strip()
            found.append(
                (f"{row['check']}, {row['data']} data: {where}", row["verdict"], row["why"], row["run"])
            )
    for row in data["framework"]["rows"]:
        if row["state"] in ("invalid", "fresh-failed", "stale", "insufficient"):
            marks = ", ".join(item["id"] for item in row["evidence"]) or "none"
            found.append((row["id"], row["words"], " ".join(row["why"]), marks))
    missing = [row["id"] for row in data["framework"]["rows"] if row["state"] == "missing"]
    if missing:
        found.append((f"{len(missing)} framework rows", "no evidence", ", ".join(missing), "none"))
    for row in data["waivers"]:
        text = f"{row['reason']} Compensating control: {row['control']} Ends {row['ends']}."
        found.append((f"Waiver of {row['requirement']}", row["state"], text, row["id"]))
    for row in data["conditions"]:
        if row["state"] != "met":
            what = "Review afterwards" if row["kind"] == REVIEW else "Condition of the approval"
            found.append((what, row["state"], f"{row['text']}. To be met by {row['due']}", row["id"]))
    for row in data["warrants"]:
        if row["status"] in ("void", "lapsed", "grace", "due"):
            ground = (
                f"{row['void_ground']} at {row['voided']}" if row["void_ground"] else f"ends {row['ends']}"
            )
            found.append((f"Warrant for {row['slot']}", row["status"], ground, row["id"]))
    for row in data["decisions"]:
        if not row["counted"]:
            found.append(
                (f"Decision as {row['seat']}", row["outcome"], f"does not count: {row['why_not']}", row["id"])
            )
    for row in data["findings"]:
        if row["state"] not in ("closed", "withdrawn"):
            more = f" Risk accepted until {row['accepted_until']}." if row["accepted_until"] else ""
            more += f" Extended {row['extensions']} times." if row["extensions"] else ""
            late = "overdue since" if row["overdue"] else "due"
            state = f"{row['severity']}, {row['state'].replace('-', ' ')}"
            found.append((f"Finding: {row['title']}", state, f"{late} {row['due']}.{more}", row["id"]))
    for row in data["dissents"]:
        found.append((f"Dissent to {row['about']}", row["against"], row["reason"], row["id"]))
    for row in data["incidents"]:
        found.append((row["title"], f"{row['kind']}, {row['state']}", row["severity"], row["id"]))
    if data["state_name"] in ("suspended", "restricted", "rejected", "retired", "in-use-not-warranted"):
        found.append(("Version", data["state_name"], "the version may not be newly deployed", "version"))
    if data["denials"]:
        found.append(
            ("Denied attempts", str(data["denials"]), "attempts on this version denied or refused", "log")
        )
    return [
        {"no": f"E-{at:02d}", "what": what, "state": state, "text": text, "evidence": mark}
        for at, (what, state, text, mark) in enumerate(found, 1)
    ]


def reading_of(version: Version, at: dt.datetime) -> dict[str, Any]:
    """How decisions on this version's system were taken in the last twelve months: counts without names, and none where
    they are so few that a count would be a name."""
    found = counted([version.model.system_id], at=at)
    return {
        "months": MONTHS,
        "decisions": found.decisions,
        "told": found.told,
        "unopened": found.unopened if found.told else None,
        "quick": found.quick if found.told else None,
        "fewest": FEWEST,
    }
