"""The digest set a reviewer is shown, and what differs between two of them (DESIGN law 4).

A decision carries the digest of this set. Whatever could change a reviewer's mind is an item of it, so a
later change is found by comparing two sets and can be named.
"""

from __future__ import annotations

from typing import Any

from governance.selectors.conditions import current_conditions, item_of
from governance.selectors.findings import standing
from governance.selectors.ground import Ground, ground_of
from governance.selectors.readiness import answers_shown, documents_of
from ledger import clock
from ledger.models import Governed
from modelwarrant import canonical
from registry.models import Version
from registry.selectors import signatures, versions

TITLES = {
    "binding": "the subject binding",
    "subject": "the signed model",
    "manifest": "the list of model files",
    "declared": "the declaration",
    "card": "the model card",
    "code": "the code reference",
    "environment": "the environment",
    "components": "the bill of materials",
    "data": "the declared data",
    "signature": "the state of the signature",
    "policy": "the policy",
    "round": "the round of decisions",
    "run": "result",
    "acceptance": "acceptance",
    "waiver": "waiver",
    "plan": "the monitoring plan",
    "document": "document",
    "answer": "answer",
    "path": "the path of the retrained version",
    "condition": "condition",
    "finding": "finding",
    "dissent": "dissent",
    "validation": "validation",
}
_WORDS = frozenset({"binding", "policy", "round", "signature"})
"""Items whose values a reader understands as they are."""


def shown_set(version: Version, signature: str = "") -> dict[str, str]:
    """Item -> digest or word, of everything a decision on `version` rests on. Keys are `kind` or `kind/name:id`.

    `signature` is the status of its signatures, for who has judged them already.
    """
    ground = ground_of(version)
    version = ground.version
    items = versions.content_digests(version)
    items["signature"] = signature or signatures.standing(version).status
    items["policy"] = version.policy_digest
    items["round"] = str(version.decision_round)
    for run in ground.evidence:
        items[f"run/{run.check_name}:{run.id}"] = run.outcome_digest or f"error:{run.error_code}"
    for acceptance in ground.acceptances:
        items[f"acceptance/{acceptance.requirement}:{acceptance.id}"] = _digest(
            [acceptance.state, str(acceptance.run_id), acceptance.limitation, acceptance.compensating_test,
             clock.text(acceptance.review_by)]
        )  # fmt: skip
    for waiver in ground.waivers:
        items[f"waiver/{waiver.requirement}:{waiver.id}"] = _digest(
            [waiver.state, waiver.reason, waiver.compensating_control, clock.text(waiver.ends)]
        )
    for wide in ground.wide_waivers:
        items[f"waiver/{wide.requirement}:{wide.id}"] = _digest(
            [
                wide.state,
                wide.reason,
                wide.compensating_control,
                clock.text(wide.ends),
                wide.versions,
                wide.slots,
            ]
        )
    for path in ground.paths:
        items[f"path/{path.proposal}:{path.id}"] = _digest([path.state, path.criteria])
    for planned in ground.planned_bounds:
        items[f"plan/{planned.requirement}:{planned.id}"] = _digest([planned.bound, planned.why])
    for document in documents_of(version):
        items[f"document/{document.kind}:{document.id}"] = f"sha256:{document.blob_digest}"
    for answer in answers_shown(version):
        # The question is long and may hold any character; its place in the set is the answer's own id.
        items[f"answer/{answer.move}:{answer.id}"] = _digest([answer.question, answer.answer, answer.note])
    items.update(item_of(condition) for condition in current_conditions(version))
    items |= _challenges(ground)
    return items


def _challenges(ground: Ground) -> dict[str, str]:
    """Findings, dissents and issued validations. What is said in them never changes, so that ids and what can change
    are enough, and the erasure of a person changes nothing."""
    now, items = clock.now(), {}
    for row in ground.findings:
        said = sorted(str(statement.pk) for statement in row.statements.all())
        until = clock.text(row.accepted_until) if row.accepted_until else ""
        items[_item(row)] = _digest(
            [standing(row, now).state, row.severity, clock.text(row.due_at), until, said]
        )
    for dissent in ground.dissents:
        items[_item(dissent)] = _digest([dissent.against, dissent.person])
    for issued in ground.reports:
        items[_item(issued)] = _digest([issued.state, issued.rating, issued.report_digest])
    return items


def _item(row: Governed) -> str:
    return f"{row.ledger_kind}/{str(row.pk)[:8]}:{row.pk}"


def shown_digest(items: dict[str, str]) -> str:
    """`sha256:...` of the canonical bytes of the set."""
    return canonical.digest(canonical.encode(items))


def difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """One sentence for each item that was added, removed or changed, in a stable order."""
    found = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) == after.get(key):
            continue
        kind, _, name = key.partition("/")
        what = f"{TITLES[kind]} {name.rpartition(':')[0] or name}".strip() if name else TITLES[kind]
        if key not in before:
            found.append(f"{what} was added")
        elif key not in after:
            found.append(f"{what} was removed")
        elif kind in _WORDS:
            found.append(f"{what} changed from {before[key]} to {after[key]}")
        else:
            found.append(f"{what} changed")
    return found


def _digest(value: Any) -> str:
    return canonical.digest(canonical.encode(value))
