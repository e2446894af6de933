"""The rows of confirmed imports, worked off one by one: each is one transaction, whole or not at all.

A row is locked and asked again whether it waits, so that a worker that was killed neither loses nor doubles one, and two
workers share the queue. Written is what the registry's own services write: systems, models, and versions in use without a
warrant; no approval, entry or role beyond that.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, ServiceError, Unavailable
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from people.services.notices import notify
from registry import columns, events, storage
from registry.due import due_after
from registry.machines import IMPORT
from registry.models import (
    AIModel,
    Binding,
    ImportedModel,
    ImportRow,
    InventoryImport,
    OnVoid,
    System,
    Version,
    Work,
)
from registry.selectors.imports import import_locked, overdue, rows_of, spelt
from registry.selectors.intake import Planned, plan
from registry.services import content
from registry.services.fields import values_write
from registry.services.models import model_register
from registry.services.systems import system_register
from registry.services.versions import version_register
from registry.signals import inventory_due_asked

IMPORTER = "inventory-importer"
SWEEP = "inventory-sweep"
AT_ONCE = 200
KEPT = timedelta(days=30)
"""How long a file's rows, which name people, wait for somebody to confirm them."""


def imports_write(*, actor: Actor) -> int:
    """Work off the rows of every confirmed import; returns how many rows came to an end."""
    waiting = InventoryImport.objects.filter(state="confirmed").order_by("confirmed_at")
    return sum(_import_write(actor, row) for row in list(waiting))


def _import_write(actor: Actor, row: InventoryImport) -> int:
    planned = {item.number: item for item in plan(row).rows}
    due = rows_of(row).filter(state="waiting").order_by("number").values_list("pk", "number")
    done = 0
    for row_id, number in list(due):
        try:
            import_row_write(actor=actor, row_id=row_id, planned=planned[number])
        except Unavailable:
            raise  # the database, not the row: it still waits, and the next sweep finds it
        except ServiceError as error:
            import_row_fail(actor=actor, row_id=row_id, reason=str(error))
        done += 1
    import_finish(actor=actor, import_id=row.pk)
    return done


@governed
def import_row_write(*, actor: Actor, row_id: UUID, planned: Planned) -> ImportRow:
    """Write one waiting row as `planned`. Safe to repeat: a row that doesn't wait any more is left as it is.

    Raises Invalid where something came in between that makes it wrong now, and what the registry's services raise.
    """
    access.require(actor, P.IMPORT_WRITE)
    row = ImportRow.objects.select_for_update(of=("self",)).select_related("inventory_import").get(pk=row_id)
    if row.state != "waiting":
        return row
    if planned.faults:
        column, reason = planned.faults[0]
        raise Invalid(reason, field=column)
    values = planned.values
    system = System.objects.filter(name=values["system"]).first() or _system(actor, values)
    model = AIModel.objects.filter(system=system, name=values["model"]).first()
    row.state = "known" if model else "written"
    row.model = model or _model(actor, row, system, values)
    row.save(update_fields=["state", "model"])
    return row


@governed
def import_row_fail(*, actor: Actor, row_id: UUID, reason: str) -> None:
    """Note why a row could not be written: something came in between that makes it wrong now."""
    access.require(actor, P.IMPORT_WRITE)
    ImportRow.objects.filter(pk=row_id, state="waiting").update(state="failed", reason=reason[:500])


@governed
def import_finish(*, actor: Actor, import_id: UUID) -> bool:
    """Close an import of which no row waits, forget its cells and tell its attestor; False while one waits."""
    row = import_locked(import_id)
    if row.state != "confirmed" or rows_of(row).filter(state="waiting").exists():
        return False
    move_row(
        actor=actor,
        row=row,
        machine=IMPORT,
        move="finish",
        event=events.IMPORT_MOVED,
        set={"finished_at": clock.now()},
    )
    rows_of(row).update(cells=[])
    notify([row.attestor], f"The import of {row.name} is done.", f"/inventory/imports/{row.pk}/")
    return True


@governed
def imports_expire(*, actor: Actor) -> int:
    """Discard what nobody confirmed in time, with its rows; how many."""
    late = InventoryImport.objects.select_for_update().filter(
        state=IMPORT.initial.name, read_at__lte=clock.now() - KEPT
    )
    expired = list(late)
    for row in expired:
        move_row(actor=actor, row=row, machine=IMPORT, move="expire", event=events.IMPORT_MOVED)
        rows_of(row).delete()
    return len(expired)


@governed
def overdue_notify(*, actor: Actor) -> int:
    """Tell attestor and owner once of each imported model that is overdue; how many models. The list itself is computed
    whenever it is read."""
    access.require(actor, P.SYSTEM_VIEW)
    waiting: QuerySet[Version] = Version.objects.filter(imported__notified_at=None, imported__isnull=False)
    told = 0
    for item in spelt(overdue(waiting, clock.now())[:AT_ONCE]):
        version = item.version
        text = f"{version} runs without a warrant and was due on {item.due:%Y-%m-%d}."
        notify([item.attestor, version.model.system.owner], text, f"/models/{version.model_id}/")
        ImportedModel.objects.filter(version=version).update(notified_at=clock.now())
        told += 1
    return told


def _system(actor: Actor, values: Mapping[str, str]) -> System:
    taken = System.objects.values_list("slug", flat=True)
    system = system_register(
        actor=actor,
        slug=_slug(values["system"], set(taken)),
        name=values["system"],
        purpose=values["purpose"],
        affected_people=values["affected_people"],
        owner=values["owner"],
        legal_entity=values["legal_entity"],
        risk_tier=values["tier"],
        on_void=values["on_void"],
        ai_act_class=values["ai_act_class"],
        fallback=values["fallback"] if values["on_void"] == OnVoid.FALLBACK else "",
    )
    values_write(actor, system, None, _own(values, columns.OF_SYSTEM), trusted=True)
    return system


def _model(actor: Actor, row: ImportRow, system: System, values: Mapping[str, str]) -> AIModel:
    taken = AIModel.objects.filter(system=system).values_list("slug", flat=True)
    model = model_register(
        actor=actor,
        system_id=system.pk,
        slug=_slug(values["model"], set(taken)),
        name=values["model"],
        task=values["task"],
        kind=values["kind"],
    )
    values_write(actor, system, model, _own(values, columns.OF_MODEL), trusted=True)
    _take_in(actor, row, model, values)
    return model


def _take_in(actor: Actor, row: ImportRow, model: AIModel, values: Mapping[str, str]) -> None:
    source = row.inventory_import
    version = version_register(actor=actor, model_id=model.pk, in_use=True, **_subject(model, values))
    # Who vouches for it took part in it, and never approves it.
    content.took_part(actor, version, Work.REGISTRATION, principal=source.attestor)
    tier = model.system.risk_tier
    said: list[Any] = [answer for _, answer in inventory_due_asked.send(sender=InventoryImport, tier=tier)]
    now = clock.now()
    records.write(
        actor=actor,
        event=events.MODEL_IMPORTED,
        row=ImportedModel(version=version, inventory_import=source),
        set={
            "row": row.number,
            "digest": source.digest,
            "attestor": source.attestor,
            "tier": tier,
            "due": (source.confirmed_at or now) + due_after(tier, said),
            "imported_at": now,
        },
    )


def _subject(model: AIModel, values: Mapping[str, str]) -> dict[str, Any]:
    """The binding: an image by its digest where the row names one, otherwise what is declared of it."""
    if image := values["image_digest"]:
        return {"binding": Binding.CONTAINER, "image_digest": image, "label": values["version"][:60]}
    declared = {
        "vendor": values["vendor"] or model.system.legal_entity,
        "name": model.name,
        "version": values["version"],
        "contract": values["contract"],
        "probe_set_digest": values["probe_set_digest"],
    }
    return {"binding": Binding.DECLARED, "declared": declared, "label": values["version"][:60]}


def _own(values: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {target.removeprefix(prefix): text for target, text in values.items() if target.startswith(prefix)}


def _slug(name: str, taken: set[str]) -> str:
    """A free slug that reads like the name; for a name without Latin letters, one made of its digest."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    slug = "-".join(words)[:48].strip("-") or f"n-{storage.sha256(name.encode())[:12]}"
    number = 2
    found = slug
    while found in taken:
        found, number = f"{slug}-{number}", number + 1
    return found
