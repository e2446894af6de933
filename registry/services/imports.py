"""Inventory imports: a file is read, its columns are named, a person confirms the dry run or discards it.

Nothing of the inventory is written here. Confirming makes every row due, and `registry.services.intake` works them off.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, Refused
from ledger.services import records
from ledger.services.transactions import governed
from ledger.services.wakes import wake_after_commit
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry import columns, events, inputs, spreadsheets, storage
from registry.machines import IMPORT
from registry.models import ImportRow, InventoryImport
from registry.names import hidden_character
from registry.selectors.imports import import_locked
from registry.selectors.intake import ERROR, NEW, own_fields, plan, targets
from registry.spreadsheets import Sheet

TASK = "registry.intake"


def import_read(*, actor: Actor, name: str, data: bytes) -> InventoryImport:
    """Read a file, keep its cells and guess its columns. The same bytes again give the import that there is already.

    Raises Invalid and TooLarge (field "file") saying what can't be read, NotAllowed.
    """
    # Read before the transaction: parsing a stranger's workbook must not hold a lock. Who may not upload, parses nothing.
    allowed = access.allowed(actor, P.IMPORT_UPLOAD)
    return _import_keep(
        actor=actor,
        name=name,
        digest=storage.sha256(data),
        sheet=spreadsheets.read(data) if allowed else None,
    )


@governed
def import_map(*, actor: Actor, import_id: UUID | str, mapping: Mapping[str, str]) -> InventoryImport:
    """Say what each column of the file means: header -> target, empty for a column that isn't taken in.

    Raises Invalid naming the column, Conflict once it is confirmed or discarded.
    """
    row = import_locked(import_id)
    access.require(actor, P.IMPORT_UPLOAD, row)
    if row.state != IMPORT.initial.name:
        raise Conflict(f"This import is {row.state}; its columns can't be changed any more.", code="closed")
    known = targets()
    chosen = {head: target for head, target in mapping.items() if target}
    for head, target in chosen.items():
        if head not in row.header:
            raise Invalid("The file has no such column.", field=head)
        if target not in known:
            raise Invalid("There is nothing to map this column to by that name.", field=head)
        if list(chosen.values()).count(target) > 1:
            raise Invalid(f"Two columns are mapped to “{known[target]}”.", field=head)
    if chosen != row.mapping:
        records.write(actor=actor, event=events.IMPORT_MAPPED, row=row, set={"mapping": chosen})
    return row


@governed
def import_confirm(*, actor: Actor, import_id: UUID | str, shown: str) -> InventoryImport:
    """Vouch for every row of the dry run whose digest is `shown`, as its attestor; the rows are written from now on.

    Raises Conflict ("stale") where the dry run differs from what was shown, Refused while a row has an error.
    """
    row = import_locked(import_id)
    access.require(actor, P.IMPORT_CONFIRM, row)
    if row.state != IMPORT.initial.name:
        raise Conflict(f"This import is {row.state} already.", code="closed")
    found = plan(row)
    if found.unmapped:
        raise Refused(f"No column says: {', '.join(found.unmapped)}.", code="unmapped")
    if errors := found.counts.get(ERROR):
        text = f"{errors} row{' has' if errors == 1 else 's have'} errors. Mend the file and upload it again."
        raise Refused(text, code="errors")
    if not found.counts.get(NEW):
        raise Refused("Every row is there already: there is nothing to confirm.", code="nothing-new")
    if shown != found.digest:
        raise Conflict("The dry run has changed since it was shown. Look at it again.", code="stale")
    move_row(
        actor=actor,
        row=row,
        machine=IMPORT,
        move="confirm",
        event=events.IMPORT_MOVED,
        set={"attestor": actor.id, "confirmed_at": clock.now()},
    )
    wake_after_commit(TASK)
    return row


@governed
def import_discard(*, actor: Actor, import_id: UUID | str) -> InventoryImport:
    """Undo an import before it is confirmed: nothing was written, and its rows are deleted. Raises Conflict."""
    row = import_locked(import_id)
    move_row(actor=actor, row=row, machine=IMPORT, move="discard", event=events.IMPORT_MOVED)
    ImportRow.objects.filter(inventory_import=row).delete()
    return row


@governed
def _import_keep(*, actor: Actor, name: str, digest: str, sheet: Sheet | None) -> InventoryImport:
    access.require(actor, P.IMPORT_UPLOAD)
    if sheet is None:
        raise Conflict("The right to upload was given meanwhile. Send the file again.")
    same = InventoryImport.objects.filter(digest=digest).exclude(state="discarded").first()
    if same is not None:
        return same
    row = InventoryImport()
    records.write(
        actor=actor,
        event=events.IMPORT_READ,
        row=row,
        set={
            "name": inputs.line("name", _shown_name(name), limit=200),
            "digest": digest,
            "media_type": sheet.media_type,
            "rows": len(sheet.rows),
            "sheet": sheet.name,
            "header": list(sheet.header),
            "mapping": columns.guess(sheet.header, own_fields()),
            "state": IMPORT.initial.name,
            "read_by": actor.id,
            "read_at": clock.now(),
        },
    )
    ImportRow.objects.bulk_create(
        [ImportRow(inventory_import=row, number=number, cells=list(cells)) for number, cells in sheet.rows],
        batch_size=500,
    )
    return row


def _shown_name(name: str) -> str:
    """The last part of a file's name, to recognise it by; never a place."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if not hidden_character(letter)).strip()[:200] or "unnamed file"
