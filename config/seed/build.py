"""Makes what the plan says through the services, entries included: one system at a time, one transaction a model.

A service that is called inside another's transaction joins it, so a model with its versions and decisions is there as a
whole or not at all; whoever starts again passes over what is there.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from config.seed.people import Crowd, session, signer
from config.seed.plan import ModelPlan, Plan, VersionPlan
from governance.gates.context import Context
from governance.services.decisions import decision_record
from governance.services.tiering import tiering_confirm
from governance.services.versions import version_submit
from ledger import clock
from ledger.actors import Actor
from ledger.services.transactions import in_transaction
from modelwarrant import canonical, oms
from registry.models import AIModel, DatasetVersion, System, Tiering, Version
from registry.selectors.cards import CARD
from registry.selectors.tierings import standing
from registry.selectors.versions import version_by_id
from registry.services.datasets import dataset_register, dataset_version_register, lineage_set
from registry.services.models import model_register
from registry.services.signatures import signature_add
from registry.services.systems import system_register
from registry.services.tierings import tiering_propose
from registry.services.uploads import upload_append, upload_finish, upload_start
from registry.services.versions import version_register

DATA = b"age,outcome\n" + b"".join(b"%d,%d\n" % (20 + row, row % 2) for row in range(30))
MILDEST = {
    "impact": "none", "autonomy": "informs", "reversibility": "at-once", "scale": "hundreds", "data": "none",
    "complexity": "rules", "regulatory": "no",
}  # fmt: skip
"""Answers to the materiality questionnaire that give the lowest tier."""
SCHEMA = {"columns": [{"name": "age", "dtype": "number"}, {"name": "outcome", "dtype": "number"}]}


@dataclass(frozen=True)
class Made:
    """What one system added."""

    models: int = 0
    versions: int = 0
    decisions: int = 0

    def __add__(self, other: Made) -> Made:
        return Made(
            self.models + other.models, self.versions + other.versions, self.decisions + other.decisions
        )


def system_make(plan: Plan, crowd: Crowd, number: int) -> Made:
    """The system of this number with its data and every model that isn't there yet."""
    system = _system(plan, crowd, number)
    _tier(plan, crowd, system)
    data = _data(crowd, system)
    wanted = [plan.model(item) for item in plan.models_of(number)]
    there = set(AIModel.objects.filter(system=system).values_list("slug", flat=True))
    made = Made()
    for item in wanted:
        if item.slug not in there:
            in_transaction(
                partial(_model, session(crowd.makers[item.maker]), crowd, plan, item, system, data)
            )
            made += Made(1, len(item.versions), sum(version.decisions for version in item.versions))
    return made


def _model(
    actor: Actor, crowd: Crowd, plan: Plan, item: ModelPlan, system: System, data: DatasetVersion
) -> AIModel:
    """A model with all its versions and decisions."""
    model = model_register(
        actor=session(crowd.owner), system_id=system.pk, slug=item.slug, name=item.name, task="classification"
    )
    for part in item.versions:
        _version(actor, crowd, plan, item, part, model, data)
    return model


def _version(
    actor: Actor,
    crowd: Crowd,
    plan: Plan,
    item: ModelPlan,
    part: VersionPlan,
    model: AIModel,
    data: DatasetVersion,
) -> None:
    made = plan.dice("version", item.number, part.number)
    probe = hashlib.sha256(f"{item.slug}:{part.number}".encode()).hexdigest()
    declared = {
        "vendor": "Example Vendor", "name": item.slug, "version": str(part.number), "contract": "C-1",
        "probe_set_digest": probe,
    }  # fmt: skip
    version = version_register(
        actor=actor,
        model_id=model.pk,
        label=f"r{part.number}",
        binding="declared",
        declared=declared,
        card={field.name: f"{field.title} of {item.name}." for field in CARD},
    )  # fmt: skip
    for role in ("training", "evaluation"):
        lineage_set(actor=actor, version_id=version.pk, dataset_version_id=data.pk, role=role)
    signature_add(actor=actor, version_id=version.pk, bundle=_bundle(plan, declared))
    for turn in range(part.decisions):
        version_submit(actor=actor, version_id=version.pk)
        last = turn == part.decisions - 1
        outcome = "reject" if last and part.rejected else "request-changes"
        _decide(session(crowd.reviewers[made.choice(item.reviewers)]), version, outcome, turn)
    if not (part.decisions and part.rejected):
        version_submit(actor=actor, version_id=version.pk)


def _bundle(plan: Plan, declared: dict[str, str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "declaration.json").write_bytes(canonical.encode(declared))
        return oms.sign_model(Path(folder), signer(plan), name="declaration")


def _decide(actor: Actor, version: Version, outcome: str, turn: int) -> None:
    context = Context(version_by_id(version.pk), clock.now())
    decision_record(
        actor=actor,
        version_id=version.pk,
        outcome=outcome,
        seat="risk-reviewer",
        shown=context.shown,
        shown_digest=context.shown_digest,
        reason=f"Turn {turn + 1}: the limits are described too widely.",
    )


def _system(plan: Plan, crowd: Crowd, number: int) -> System:
    slug = f"seed-{plan.seed}-{number:05}"
    known = System.objects.filter(slug=slug).first()
    return known or system_register(
        actor=session(crowd.owner),
        slug=slug,
        name=f"{plan.purpose(number)} {number}",
        purpose=f"{plan.purpose(number)}.",
        affected_people="Customers",
        owner=crowd.owner.pseudonym,
        legal_entity="Example Ltd",
        risk_tier="low",
        on_void="stop",
    )


def _tier(plan: Plan, crowd: Crowd, system: System) -> None:
    """What the second line confirms before a version may be submitted."""
    if standing(system, clock.now()).is_confirmed:
        return
    row = Tiering.objects.filter(system=system, state="proposed").first() or tiering_propose(
        actor=session(crowd.owner), system_id=system.pk, is_model=True, why="It scores people.",
        answers=MILDEST, tier="low", tier_reason="",
    )  # fmt: skip
    tiering_confirm(actor=session(crowd.reviewers[0]), tiering_id=row.pk, note="Read.")


def _data(crowd: Crowd, system: System) -> DatasetVersion:
    known = DatasetVersion.objects.filter(dataset__system=system).first()
    if known:
        return known
    actor = session(crowd.makers[0])
    dataset = system.datasets.first() or dataset_register(
        actor=actor, system_id=system.pk, slug="study", name="Study", source="a seed"
    )
    upload = upload_start(
        actor=actor, purpose="dataset", size=len(DATA), digest=hashlib.sha256(DATA).hexdigest(), name="study.csv",
        system_id=system.pk,
    )  # fmt: skip
    upload_append(actor=actor, upload_id=upload.pk, offset=0, chunks=[DATA])
    upload_finish(actor=actor, upload_id=upload.pk)
    return dataset_version_register(
        actor=actor,
        dataset_id=dataset.pk,
        upload_id=upload.pk,
        media_type="text/csv",
        rows=DATA.count(b"\n") - 1,
        schema=SCHEMA,
    )
