"""Versions: registered, described, moved. Files, signatures and data have modules of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant import canonical
from modelwarrant.machine import IllegalMove
from people import access
from people.catalogue import P
from registry import events, inputs, storage
from registry.machines import NEW_ROUND, VERSION
from registry.models import Binding, Version, Work
from registry.selectors.cards import card_faults
from registry.selectors.systems import model_locked
from registry.selectors.versions import barred, version_locked
from registry.services import content
from registry.services.gates import require_open
from registry.services.systems import require_active

DECLARATION = ("vendor", "name", "version", "contract", "probe_set_digest")
"""What a `declared` version says about a model whose bytes nobody here has."""
MAY_FOLLOW = ("contract", "probe_set_digest")
"""Members that may be empty until it is submitted: of what already runs, somebody has to find them first."""
ENVIRONMENT_LIMIT = 2_000


@governed
def version_register(
    *,
    actor: Actor,
    model_id: UUID | str,
    binding: str = Binding.BYTES,
    label: str = "",
    image_digest: str = "",
    declared: Mapping[str, Any] | None = None,
    code_ref: str = "",
    environment: Mapping[str, Any] | None = None,
    card: Mapping[str, Any] | None = None,
    in_use: bool = False,
) -> Version:
    """Register the next version of a model.

    `container` needs `image_digest` (SHA-256 of the image manifest), `declared` needs the members
    DECLARATION, `bytes` neither: its files follow. `in_use` records a version that ran before it was ever
    judged. Raises Invalid naming the field.
    """
    model = model_locked(model_id)
    access.require(actor, P.VERSION_REGISTER, model)
    require_active(model.system)
    inputs.choice("binding", binding, Binding.values)
    declaration = dict(declared or {})
    subject = _subject(binding, image_digest, declaration)
    numbers = Version.objects.filter(model=model).aggregate(last=Max("number"))
    version = Version(model=model)
    records.write(
        actor=actor,
        event=events.VERSION_REGISTERED,
        row=version,
        set={
            "number": (numbers["last"] or 0) + 1,
            "label": inputs.line("label", label, limit=60, required=False),
            "binding": binding,
            "subject_digest": subject,
            "declared": declaration,
            "code_ref": inputs.line("code_ref", code_ref, limit=300, required=False),
            "environment": _environment(environment or {}),
            "card": _card(card or {}),
            "state": "in-use-not-warranted" if in_use else VERSION.initial.name,
            "registered_by": actor.id,
            "registered_at": clock.now(),
        },
    )
    content.took_part(actor, version, Work.REGISTRATION)
    if card:
        content.took_part(actor, version, Work.CARD)
    return version


@governed
def version_edit(*, actor: Actor, version_id: UUID | str, changes: Mapping[str, Any]) -> Version:
    """Change card, label, code_ref, environment or declared of a version whose content is still open.

    After submission each change voids the decisions taken so far. Raises Invalid, Conflict ("immutable").
    """
    version = content.opened(actor, version_id, P.VERSION_EDIT)
    fields = _changes(version, changes)
    fields = {name: value for name, value in fields.items() if getattr(version, name) != value}
    if "card" in fields:
        content.changed(actor, version, Work.CARD, {"card": fields.pop("card")})
    if fields:
        content.changed(actor, version, Work.CODE, fields)
    return version


@governed
def version_apply_move(
    *,
    actor: Actor,
    version_id: UUID | str,
    move: str,
    answers: Mapping[str, bool],
    cooling_off: timedelta = timedelta(0),
    policy_digest: str = "",
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> Version:
    """Move a version: the only place where its state changes.

    For `governance`, which has evaluated the gates in this same transaction and passes gate -> answer in
    `answers`; a gate of the table without the answer True refuses the move. `cooling_off` is how long a
    former owner stays barred, `policy_digest` (hex) is pinned when given, `reason` is a person's own words
    (recorded as a commitment), `data` further facts that are recorded as they are.
    Raises NotThere, NotAllowed (no grant, or barred by history), Conflict ("illegal-move"), Refused.
    """
    version = version_locked(version_id)
    try:
        transition = VERSION.move(version.state, move)
    except IllegalMove as error:
        _require_visible(actor, move, version)
        raise Conflict(str(error), code="illegal-move") from error
    access.require(actor, P(transition.permission), version)
    if reasons := barred(transition, version, actor.principals, cooling_off):
        relation, text = next(iter(reasons.items()))
        raise NotAllowed(
            text,
            permission=transition.permission,
            subject=Subject.of(version),
            reason=relation,
            visible=True,
            reasons=[{"code": name, "text": sentence} for name, sentence in reasons.items()],
        )
    require_open(version, transition, answers)
    fields: dict[str, Any] = {"state": transition.target}
    if transition.name in NEW_ROUND:
        fields["decision_round"] = version.decision_round + 1
    if policy_digest:
        fields["policy_digest"] = inputs.digest("policy_digest", policy_digest)
    said = {
        "move": transition.name,
        "from": version.state,
        "to": transition.target,
        "gates": list(transition.gates),
        "details": dict(data or {}),
    }
    hidden = {"reason": inputs.passage("reason", reason, limit=10_000)} if reason else {}
    records.write(actor=actor, event=events.VERSION_MOVED, row=version, set=fields, data=said, hidden=hidden)
    if transition.name == "submit":
        content.took_part(actor, version, Work.SUBMISSION)
    return version


def _require_visible(actor: Actor, move: str, version: Version) -> None:
    # Whoever may not make the move in any state learns nothing about the state from the refusal.
    named = [transition for transition in VERSION.transitions if transition.name == move]
    access.require(actor, P(named[0].permission) if named else P.VERSION_VIEW, version)


def _subject(binding: str, image_digest: str, declaration: dict[str, Any]) -> str:
    if image_digest and binding != Binding.CONTAINER:
        raise Invalid("Only a container version has an image digest.", field="image_digest")
    if declaration and binding != Binding.DECLARED:
        raise Invalid("Only a declared version has a declaration.", field="declared")
    if binding == Binding.CONTAINER:
        return inputs.digest("image_digest", image_digest)
    if binding == Binding.DECLARED:
        return _declared_subject(declaration)
    return ""


def _declared_subject(declaration: Mapping[str, Any]) -> str:
    if set(declaration) != set(DECLARATION):
        raise Invalid(f"Exactly these members are expected: {', '.join(DECLARATION)}.", field="declared")
    for name, value in declaration.items():
        inputs.line(f"declared.{name}", value, limit=2_000, required=name not in MAY_FOLLOW)
    if declaration["probe_set_digest"]:
        inputs.digest("declared.probe_set_digest", declaration["probe_set_digest"])
    return storage.sha256(canonical.encode(dict(declaration)))


def _environment(environment: Any) -> dict[str, str]:
    if not isinstance(environment, Mapping) or len(environment) > ENVIRONMENT_LIMIT:
        raise Invalid(
            f"An object with at most {ENVIRONMENT_LIMIT:,} members is expected.", field="environment"
        )
    return {
        inputs.line("environment", name, limit=200): inputs.line(f"environment.{name}", value, limit=300)
        for name, value in environment.items()
    }


def _card(card: Any) -> dict[str, str]:
    if not isinstance(card, Mapping):
        raise Invalid("An object is expected.", field="card")
    if faults := card_faults(card):
        name, text = faults[0]
        raise Invalid(text, field=f"card.{name}", reasons=[{"code": n, "text": t} for n, t in faults])
    return dict(card)


def _changes(version: Version, changes: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "card":
            fields["card"] = _card(value)
        elif name == "label":
            fields["label"] = inputs.line("label", value, limit=60, required=False)
        elif name == "code_ref":
            fields["code_ref"] = inputs.line("code_ref", value, limit=300, required=False)
        elif name == "environment":
            fields["environment"] = _environment(value)
        elif name == "declared" and version.binding == Binding.DECLARED:
            if not isinstance(value, Mapping):
                raise Invalid("An object is expected.", field="declared")
            fields["declared"] = dict(value)
            fields["subject_digest"] = _declared_subject(value)
        else:
            raise Invalid("A version has no such field, or it can't be changed.", field=name)
    return fields
