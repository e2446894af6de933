"""Erases a person: their key, their texts, and what rows repeat of them. Every entry and every proof stays.

What is left is the pseudonym, commitments that nobody can open or guess any more, and an entry that says which texts
were destroyed: without it a missing text is a fault of the log. Who may do so is asked above, in `people`.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from ledger import events
from ledger.actors import Actor, Subject
from ledger.models import Entry, Governed, PersonalText, PersonKey
from ledger.models.governed import governed_models
from ledger.services import personal, records, replay, scope
from ledger.services.findings import Finding
from modelwarrant import entry

_AT_ONCE = 500


def erase(*, actor: Actor, pseudonym: str, subject: Subject) -> int:
    """Destroy the texts that belong to `pseudonym`, in the present transaction; returns how many.

    Called by `people.services.erasures`. Personal columns of governed rows that still hold such a text get what
    their class puts in its place.
    """
    scope.require()
    PersonKey.objects.select_for_update().filter(pk=pseudonym).first()
    places = list(
        PersonalText.objects.filter(pseudonym=pseudonym).order_by("id").values_list("entry_id", "field")
    )
    for start in range(0, len(places), _AT_ONCE):
        _blank(places[start : start + _AT_ONCE])
    PersonalText.objects.filter(pseudonym=pseudonym).update(sealed=b"")
    PersonKey.objects.filter(pk=pseudonym).delete()
    records.note(
        actor=actor,
        event=events.PERSON_ERASED,
        subject=subject,
        data={"person": pseudonym, "texts": len(places), "digest": personal.list_digest(places)},
    )
    return len(places)


def _blank(places: list[tuple[UUID, str]]) -> None:
    stored = Entry.objects.filter(pk__in={entry_id for entry_id, _ in places}).values_list("id", "bytes")
    said = {entry_id: entry.parse(bytes(data)).entry for entry_id, data in stored}
    known = governed_models()
    rows: dict[tuple[type[Governed], str], set[tuple[UUID, str]]] = {}
    for entry_id, field in places:
        about = said.get(entry_id)
        model = known.get(about.subject.kind) if about else None
        if about is not None and model is not None and field in model.ledger_personal:
            rows.setdefault((model, about.subject.id), set()).add((entry_id, field))
    for (model, row_id), taken in rows.items():
        state = replay.replayed(model.ledger_kind, row_id)
        row = model._base_manager.filter(pk=row_id).first()
        if row is None:
            continue
        # A column that somebody else has written since holds their text.
        mine = [
            name
            for name, value in state.items()
            if isinstance(value, replay.Committed) and (value.entry_id, name) in taken
        ]
        model._base_manager.filter(pk=row_id).update(**{name: row.ledger_erased(name) for name in mine})


def check() -> Iterator[Finding]:
    """What is erased must be what the log says was erased: no text more, none less."""
    for pseudonym, (count, digest) in personal.erased().items():
        rows = PersonalText.objects.filter(pseudonym=pseudonym)
        blank = list(rows.filter(sealed=b"").values_list("entry_id", "field"))
        if (len(blank), personal.list_digest(blank)) != (count, digest):
            message = f"{count} texts were erased, and others are gone or came back"
            yield Finding("personal", f"person {pseudonym}", message)
        elif rows.exclude(sealed=b"").exists() or PersonKey.objects.filter(pk=pseudonym).exists():
            yield Finding("personal", f"person {pseudonym}", "was erased, and has a key or texts again")
