"""The single write: a change and its entry, or neither.

`write` changes one governed row and records it, `note` records what happened without a change. Both run inside
`transactions.governed` only. Permission and rules are the calling service's.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError, models

from ledger import clock, values
from ledger.actors import Actor, Subject
from ledger.catalogue import SYSTEM, Event, catalogue
from ledger.errors import Conflict, Invalid, NotThere, TooLarge, Unavailable
from ledger.models import Entry, Governed
from ledger.models.governed import governed_models, recorded
from ledger.services import personal, plain_sql, scope
from modelwarrant import canonical, entry, merkle


@dataclass(frozen=True, slots=True)
class Receipt:
    """What shows later that an entry existed, even if it vanished before it was integrated."""

    entry_id: uuid.UUID
    leaf_hash: bytes
    origin: str

    def as_dict(self) -> dict[str, str]:
        """`entry` (UUID), `leaf` (hexadecimal SHA-256) and `log` (origin)."""
        return {"entry": str(self.entry_id), "leaf": self.leaf_hash.hex(), "log": self.origin}


def write(
    *,
    actor: Actor,
    event: Event,
    row: Governed,
    set: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    hidden: Mapping[str, str | tuple[str, str]] | None = None,
) -> Receipt:
    """Set columns of `row`, insert or update it, and record that in the same transaction.

    `set` maps field names to values. A new row records every column its class declares, a known row those in `set`;
    columns of `ledger_free` are written and not recorded. `data` and `hidden` are the event's fields; a hidden text
    belongs to the actor, or to the pseudonym in `(pseudonym, text)`.

    Raises Invalid (a value that can't be stored), Conflict (a unique column is taken), NotThere, TooLarge (an
    entry over 60,000 bytes), Unavailable (the log can't be written: nothing is changed), ValueError (undeclared
    columns or fields), OutsideGoverned.
    """
    scope.require()
    taken = (hidden or {}).keys() & frozenset(row.ledger_personal)
    if taken:
        raise ValueError(f"hidden text and personal column of one name: {', '.join(sorted(taken))}")
    fields = _named_fields(row, set)
    for field, value in fields.items():
        setattr(row, field.attname if not isinstance(value, models.Model) else field.name, value)
    adding = row._state.adding
    if adding:
        fields = dict.fromkeys(_recorded_fields(row))
    plain, texts = _values(row, fields, actor)
    try:
        # The row before its entry: whoever waits here for another's lock inserts the entry after the other's commit,
        # so that for one row the order of entries is the order of changes.
        if adding:
            row.save(force_insert=True)
        else:
            row.save(update_fields=[field.name for field in fields])
    except IntegrityError as error:
        if not _is_taken(error):
            raise
        raise Conflict("There is already one like this, or what it refers to is gone.") from error
    except DataError as error:
        raise Invalid(f"A value doesn't fit its column: {error}") from error
    except DatabaseError as error:
        if error.__cause__ is None:  # not the driver's: Django says that the update met no row
            raise NotThere from error
        raise
    return _record(
        actor=actor,
        event=event,
        subject=Subject.of(row),
        set=plain,
        data=data or {},
        texts=texts,
        hidden=hidden or {},
    )


def note(
    *,
    actor: Actor,
    event: Event,
    subject: Subject,
    data: Mapping[str, Any] | None = None,
    hidden: Mapping[str, str | tuple[str, str]] | None = None,
) -> Receipt:
    """Record something that changed no row. Raises as `write`."""
    model = governed_models().get(subject.kind) if hidden else None
    columns = hidden.keys() & frozenset(model.ledger_personal) if hidden and model else frozenset()
    if columns:
        raise ValueError(f"personal columns are recorded by write: {', '.join(sorted(columns))}")
    return _record(
        actor=actor, event=event, subject=subject, set={}, data=data or {}, texts={}, hidden=hidden or {}
    )


def _record(
    *,
    actor: Actor,
    event: Event,
    subject: Subject,
    set: Mapping[str, values.Scalar],
    data: Mapping[str, Any],
    texts: Mapping[str, tuple[str, str]],
    hidden: Mapping[str, str | tuple[str, str]],
) -> Receipt:
    state = scope.require()
    try:
        return _insert(actor, event, subject, set, data, texts, hidden)
    except BaseException as error:
        # The row is already changed: even if a caller swallows this error, the transaction must not commit.
        state.broken = error
        raise


def _insert(
    actor: Actor,
    event: Event,
    subject: Subject,
    set: Mapping[str, values.Scalar],
    data: Mapping[str, Any],
    texts: Mapping[str, tuple[str, str]],
    hidden: Mapping[str, str | tuple[str, str]],
) -> Receipt:
    if not catalogue.known(event):
        raise ValueError(f"event {event.name} v{event.version} is not registered")
    event.check(data, hidden)
    said = {name: _json(name, value) for name, value in data.items()}
    if subject.system:
        said[SYSTEM] = subject.system
    all_texts = dict(texts)
    for name, given in hidden.items():
        pseudonym, text = (actor.id, given) if isinstance(given, str) else given
        values.require_text(text, name)
        all_texts[name] = (pseudonym, text)
    log, now, entry_id = scope.log(), clock.now(), uuid.uuid4()
    try:
        commitments = personal.commit(entry_id, all_texts) if all_texts else {}
        made = entry.Entry(
            log=log.origin,
            id=str(entry_id),
            event=event.name,
            ev=event.version,
            at=now,
            actor=entry.Actor(actor.kind, actor.id, actor.door, actor.controller),
            subject=entry.Subject(subject.kind, subject.id),
            set=set,
            data=said,
            hidden=commitments,
        )
        stored = _encode(made)
        plain_sql.insert(Entry, [{"bytes": stored, **index_columns(made)}])
    except DatabaseError as error:
        if is_passing(error):
            raise
        raise Unavailable(
            "This can't be recorded at the moment, so nothing was changed.", code="ledger-unavailable"
        ) from error
    scope.require().entries += 1
    return Receipt(entry_id, merkle.leaf_hash(stored), log.origin)


def index_columns(made: entry.Entry) -> dict[str, Any]:
    """Columns of `models.Entry` besides the bytes, as these bytes give them."""
    return {
        "id": uuid.UUID(made.id),
        "origin": made.log,
        "at": made.at,
        "event": made.event,
        "actor_kind": made.actor.kind,
        "actor_id": made.actor.id,
        "subject_kind": made.subject.kind,
        "subject_id": made.subject.id,
        "system_id": made.data.get(SYSTEM, ""),
    }


def is_passing(error: BaseException) -> bool:
    """Whether doing the same once more may well succeed: deadlock, serialization failure, a locked
    database, a log that has a successor since."""
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in ("40001", "40P01", "55P03"):
        return True
    return "database is locked" in str(error) or "database table is locked" in str(error)


def _is_taken(error: IntegrityError) -> bool:
    """A unique column is taken, or a foreign key leads nowhere; other violations are faults of our own code."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state in ("23503", "23505") or "UNIQUE constraint" in str(error) or "FOREIGN KEY" in str(error)


def _encode(made: entry.Entry) -> bytes:
    try:
        return made.encode()
    except ValueError as error:
        if "bytes" in str(error):
            raise TooLarge(
                f"An entry holds at most {entry.MAX_BYTES:,} bytes.", code="entry-too-large"
            ) from error
        raise


def _json(name: str, value: Any) -> Any:
    """An event's field as canonical JSON takes it; scalars in their recorded form."""
    if isinstance(value, Mapping):
        return {str(key): _json(name, item) for key, item in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return [_json(name, item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
    if isinstance(value, str):
        values.require_text(value, name)
    return values.scalar(value)


def _named_fields(row: Governed, set: Mapping[str, Any]) -> dict[models.Field[Any, Any], Any]:
    declared = {*recorded(type(row)), *row.ledger_free}
    by_name = {name: field for field in row._meta.concrete_fields for name in (field.name, field.attname)}
    found: dict[models.Field[Any, Any], Any] = {}
    for name, value in set.items():
        field = by_name.get(name)
        if field is None or field.name not in declared:
            raise ValueError(f"{row.ledger_kind}: {name} is not a declared column")
        found[field] = value
    return found


def _recorded_fields(row: Governed) -> list[models.Field[Any, Any]]:
    by_name = {field.name: field for field in row._meta.concrete_fields}
    missing = [name for name in recorded(type(row)) if name not in by_name]
    if missing:
        raise ValueError(f"{row.ledger_kind}: {', '.join(missing)} is declared but no column")
    return [by_name[name] for name in recorded(type(row))]


def _values(
    row: Governed, fields: Mapping[models.Field[Any, Any], Any], actor: Actor
) -> tuple[dict[str, values.Scalar], dict[str, tuple[str, str]]]:
    """Recorded forms of plain and hashed columns, and (pseudonym, text) of personal ones."""
    plain: dict[str, values.Scalar] = {}
    texts: dict[str, tuple[str, str]] = {}
    for field in fields:
        value = getattr(row, field.attname)
        if field.name in row.ledger_columns:
            plain[field.name] = values.column(field, value)
        elif field.name in row.ledger_hashed:
            plain[field.name] = values.hashed(field.name, value)
        elif field.name in row.ledger_personal:
            if value is None:
                plain[field.name] = None
                continue
            text = str(value)
            values.require_text(text, field.name, field.max_length)
            texts[field.name] = (row.ledger_person() or actor.id, text)
    return plain, texts


def digest_of(value: Any) -> str:
    """`sha256:...` of canonical JSON: for request digests and the like. Raises ValueError."""
    return canonical.digest(canonical.encode(value))
