"""Datasets, their versions, and which version of a model rests on which data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import IllegalMove
from people import access
from people.catalogue import P
from registry import events, inputs
from registry.machines import DATASET_VERSION
from registry.models import DataRole, Dataset, DatasetVersion, Lineage, Purpose, Version, Work
from registry.schema import schema_faults, special_faults
from registry.selectors.datasets import dataset_locked, dataset_version_by_id, dataset_version_locked
from registry.selectors.systems import system_locked
from registry.services import content, uploads
from registry.services.systems import free_name, require_active

MEDIA_TYPES = ("text/csv", "application/vnd.apache.parquet")


@governed
def dataset_register(
    *, actor: Actor, system_id: UUID | str, slug: str, name: str, source: str, description: str = ""
) -> Dataset:
    """Add a dataset to a system. `source` says where the data comes from, in words; it is never fetched."""
    system = system_locked(system_id)
    access.require(actor, P.DATASET_REGISTER, system)
    require_active(system)
    name = free_name(Dataset.objects.filter(system=system), slug=slug, name=name)
    dataset = Dataset(system=system)
    records.write(
        actor=actor,
        event=events.DATASET_REGISTERED,
        row=dataset,
        set={
            "slug": slug,
            "name": name,
            "source": inputs.line("source", source, limit=300),
            "description": inputs.passage("description", description, limit=10_000, required=False),
            "created_at": clock.now(),
        },
    )
    return dataset


@governed
def dataset_version_register(
    *,
    actor: Actor,
    dataset_id: UUID | str,
    upload_id: UUID | str,
    media_type: str,
    rows: int,
    schema: Mapping[str, Any],
    sensitive: Sequence[str] = (),
    label_column: str = "",
    prediction_column: str = "",
    score_column: str = "",
) -> DatasetVersion:
    """Register a finished upload as the next version of a dataset, with its declared contract.

    Its digest is that of the stored bytes; rows and columns are held against them by a check later on.
    Raises Invalid naming the field, with all faults of the schema as reasons.
    """
    dataset = dataset_locked(dataset_id)
    access.require(actor, P.DATASET_REGISTER, dataset)
    require_active(dataset.system)
    upload = uploads.completed(upload_id, system_id=dataset.system_id, purpose=Purpose.DATASET)
    inputs.choice("media_type", media_type, MEDIA_TYPES)
    _require_contract(schema, sensitive, label_column, prediction_column, score_column)
    numbers = DatasetVersion.objects.filter(dataset=dataset).aggregate(last=Max("number"))
    version = DatasetVersion(dataset=dataset)
    records.write(
        actor=actor,
        event=events.DATASET_VERSION_REGISTERED,
        row=version,
        set={
            "number": (numbers["last"] or 0) + 1,
            "blob": upload.blob,
            "upload": upload,
            "media_type": media_type,
            "rows": inputs.whole("rows", rows),
            "schema": {"columns": [dict(column) for column in schema["columns"]]},
            "sensitive": list(sensitive),
            "label_column": label_column,
            "prediction_column": prediction_column,
            "score_column": score_column,
            "registered_by": actor.id,
            "controller": actor.controller or "",
            "registered_at": clock.now(),
        },
    )
    return version


@governed
def dataset_version_move(
    *,
    actor: Actor,
    dataset_version_id: UUID | str,
    move: str,
    profile: Mapping[str, Any] | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
) -> DatasetVersion:
    """Accept, refuse or retire a dataset version.

    For whoever read the bytes: `accept` takes the profile that was found, `refuse` the faults. Raises
    Conflict ("illegal-move"), Invalid for accepting with faults or refusing without.
    """
    version = dataset_version_locked(dataset_version_id)
    access.require(actor, P.DATASET_REGISTER, version)
    try:
        transition = DATASET_VERSION.move(version.state, move)
    except IllegalMove as error:
        raise Conflict(str(error), code="illegal-move") from error
    access.require(actor, P(transition.permission), version)
    if (move == "refuse") != bool(faults):
        raise Invalid("Faults are given when it is refused, and only then.", field="faults")
    fields: dict[str, Any] = {"state": transition.target}
    if profile is not None:
        fields["profile"] = dict(profile)
    if faults:
        fields["faults"] = [dict(fault) for fault in faults]
    said = {"move": move, "from": version.state, "to": transition.target}
    records.write(actor=actor, event=events.DATASET_VERSION_MOVED, row=version, set=fields, data=said)
    return version


@governed
def lineage_set(
    *, actor: Actor, version_id: UUID | str, dataset_version_id: UUID | str, role: str
) -> Lineage:
    """Say that a version rests on a dataset version of its own system in one role.

    For training data, whoever registered or uploaded it counts as having taken part in the version.
    """
    version = content.opened(actor, version_id, P.VERSION_EDIT)
    data = dataset_version_by_id(dataset_version_id)
    if data.dataset.system_id != version.system_id:
        raise NotThere
    inputs.choice("role", role, DataRole.values)
    if data.state in ("refused", "retired"):
        raise Invalid(f"This dataset version is {data.state}.", field="dataset_version")
    row = Lineage.objects.filter(version=version, dataset_version=data, role=role).first()
    if row is not None and row.present:
        return row
    row = row or Lineage(version=version, dataset_version=data, role=role)
    records.write(actor=actor, event=events.LINEAGE_SET, row=row, set={"present": True})
    content.changed(actor, version, Work.DATA)
    if role == DataRole.TRAINING:
        _makers_took_part(actor, version, data)
    return row


@governed
def lineage_remove(*, actor: Actor, version_id: UUID | str, lineage_id: UUID | str) -> None:
    """Say that a version doesn't rest on this data after all; the row stays, marked as not present."""
    version = content.opened(actor, version_id, P.VERSION_EDIT)
    row = Lineage.objects.filter(version=version, pk=lineage_id, present=True).first()
    if row is None:
        raise NotThere
    records.write(actor=actor, event=events.LINEAGE_SET, row=row, set={"present": False})
    content.changed(actor, version, Work.DATA)


def _makers_took_part(actor: Actor, version: Version, data: DatasetVersion) -> None:
    # Only for training: a validator's own evaluation data is the validator's, and never bars them.
    content.took_part(actor, version, Work.DATA, principal=data.registered_by, controller=data.controller)
    content.uploader_took_part(actor, version, data.upload, Work.DATA)


def _require_contract(
    schema: Mapping[str, Any], sensitive: Sequence[str], label: str, prediction: str, score: str
) -> None:
    if faults := schema_faults(schema):
        reasons = [{"code": "schema", "text": fault} for fault in faults[:50]]
        raise Invalid(faults[0], field="schema", reasons=reasons)
    if not all(isinstance(name, str) for name in sensitive):
        raise Invalid("Names of columns are expected.", field="sensitive")
    named = special_faults(schema, label=label, prediction=prediction, score=score, sensitive=sensitive)
    if named:
        reasons = [{"code": field, "text": text} for field, text in named]
        raise Invalid(named[0][1], field=named[0][0], reasons=reasons)
