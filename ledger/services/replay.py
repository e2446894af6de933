"""Second part of the self-audit: governed state is what its entries say, row by row.

The fold of all `set` and `hidden` fields of a row's entries, in the order of the log, must be the row.
Only rows and entries of one portion are in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models

from ledger import values
from ledger.errors import Invalid
from ledger.models import Entry, Governed
from ledger.models.governed import governed_models, recorded
from ledger.selectors import ordered
from ledger.services import personal
from ledger.services.findings import Finding
from modelwarrant import entry
from modelwarrant.errors import Fault

_WINDOW = 200


@dataclass(frozen=True, slots=True)
class Committed:
    """The recorded value of a personal column: a commitment, and the entry that made it."""

    entry_id: UUID
    commitment: str


Recorded = values.Scalar | Committed
State = dict[str, Recorded]


def replayed(kind: str, row_id: UUID | str) -> State:
    """Column -> value as the log has it, for one row; empty where nothing is recorded."""
    return _fold(kind, [str(row_id)]).get(str(row_id), {})


def row_faults(row: Governed) -> list[str]:
    """One sentence per column of this row, read anew, that isn't what the log says; empty means equal.

    Called by gates, so that a state which nobody decided opens none.
    """
    return [finding.message for finding in compare(type(row), [row.pk])]


def compare(model: type[Governed], ids: Sequence[UUID]) -> Iterator[Finding]:
    """Findings of these rows: values that differ, rows without entries, entries without a row."""
    kind = model.ledger_kind
    states = _fold(kind, [str(row_id) for row_id in ids])
    rows = {row.pk: row for row in model._base_manager.filter(pk__in=ids)}
    committed = [
        value.entry_id
        for state in states.values()
        for value in state.values()
        if isinstance(value, Committed)
    ]
    texts = personal.texts_of(committed)
    for row_id in ids:
        row, state = rows.get(row_id), states.get(str(row_id), {})
        where = f"{kind} {row_id}"
        if row is None and state:
            yield Finding("missing", where, "recorded in the log, but the row is gone")
        elif row is not None and not state:
            yield Finding("inserted", where, "the row is there, but no entry records it")
        elif row is not None:
            for message in _differences(row, state, texts):
                yield Finding("state", where, message)


def check_rows() -> Iterator[Finding]:
    """Compare every governed row of every app with the log."""
    for model in governed_models().values():
        last: UUID | None = None
        while True:
            rows = model._base_manager.order_by("pk")
            portion = (rows if last is None else rows.filter(pk__gt=last)).values_list("pk", flat=True)
            ids = list(portion[:_WINDOW])
            if not ids:
                break
            yield from compare(model, ids)
            last = ids[-1]


def check_entries(stored: Iterable[tuple[int, UUID, bytes]]) -> Iterator[Finding]:
    """What entries (index, id, bytes; in order) lack outside the log: their row, the texts committed to."""
    portion: list[tuple[int, UUID, entry.Entry]] = []
    for index, entry_id, data in stored:
        try:
            said = entry.parse(data).entry
        except Fault:
            continue  # named by the log's own part
        if said is not None and (said.set or said.hidden):
            portion.append((index, entry_id, said))
        if len(portion) >= _WINDOW:
            yield from _lost(portion)
            portion = []
    yield from _lost(portion)


def _lost(portion: Sequence[tuple[int, UUID, entry.Entry]]) -> Iterator[Finding]:
    known = governed_models()
    texts = personal.texts_of([entry_id for _, entry_id, said in portion if said.hidden])
    wanted: dict[str, dict[str, int]] = {}
    for index, entry_id, said in portion:
        for name, commitment in said.hidden.items():
            opened = texts.get((entry_id, name))
            if isinstance(opened, personal.Erased):
                continue
            if opened is None or not opened.fits(name, commitment):
                why = "is gone" if opened is None else "isn't the one committed to"
                yield Finding("personal", f"entry {entry_id}", f"the text of {name} {why}", index)
        model = known.get(said.subject.kind)
        if model is not None and {*said.set, *said.hidden} & {*recorded(model)}:
            wanted.setdefault(said.subject.kind, {}).setdefault(said.subject.id, index)
    for kind, places in wanted.items():
        there = {
            str(pk)
            for pk in known[kind]._base_manager.filter(pk__in=_uuids(places)).values_list("pk", flat=True)
        }
        for row_id, index in places.items():
            if row_id not in there:
                yield Finding(
                    "missing", f"{kind} {row_id}", "recorded in the log, but the row is gone", index
                )


def _uuids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in texts:
        with suppress(ValueError):  # an id that no row can have: it stays among the missing
            found.append(UUID(text))
    return found


def _fold(kind: str, ids: Sequence[str]) -> dict[str, State]:
    model = governed_models().get(kind)
    if model is None:
        return {}
    columns = {*model.ledger_columns, *model.ledger_hashed, *model.ledger_personal}
    states: dict[str, State] = {}
    rows = list(Entry.objects.filter(subject_kind=kind, subject_id__in=ids))
    for item in ordered(rows):
        said = item.parsed.entry
        # What counts is what the bytes say, whatever the columns that found them.
        if said is None or said.subject.kind != kind:
            continue
        written: dict[str, Recorded] = {name: value for name, value in said.set.items() if name in columns}
        written |= {
            name: Committed(item.row.pk, commitment)
            for name, commitment in said.hidden.items()
            if name in model.ledger_personal
        }
        if written:
            states.setdefault(said.subject.id, {}).update(written)
    return states


def _differences(
    row: Governed, state: State, texts: Mapping[tuple[UUID, str], personal.Opened | personal.Erased | None]
) -> Iterator[str]:
    fields = {field.name: field for field in row._meta.concrete_fields}
    for name in recorded(type(row)):
        field = fields[name]
        value = getattr(row, field.attname)
        said = state.get(name)
        if name not in state:
            yield f"{name} is {_shown(row, name, value)}, the log never recorded it"
        elif isinstance(said, Committed):
            problem = _personal_problem(row, name, said, texts)
            if problem:
                yield f"{name} {problem}"
        else:
            try:
                actual = _recorded_form(row, field, value)
            except (Invalid, TypeError, ValueError) as error:
                yield f"{name} holds what can't be recorded: {error}"
                continue
            if actual != said or type(actual) is not type(said):
                yield f"{name} is {_shown(row, name, actual)}, the log says {_shown(row, name, said)}"


def _recorded_form(row: Governed, field: models.Field[Any, Any], value: Any) -> values.Scalar:
    if field.name in row.ledger_hashed:
        return values.hashed(field.name, value)
    if field.name in row.ledger_personal:
        return None if value is None else str(value)
    return values.column(field, value)


def _personal_problem(
    row: Governed,
    name: str,
    said: Committed,
    texts: Mapping[tuple[UUID, str], personal.Opened | personal.Erased | None],
) -> str:
    value = getattr(row, name)
    opened = texts.get((said.entry_id, name))
    if isinstance(opened, personal.Erased):
        return "" if value == row.ledger_erased(name) else "is there, though its person was erased"
    if opened is None:
        return f"can't be compared: the text behind the commitment in entry {said.entry_id} is gone"
    if not opened.fits(name, said.commitment):
        return f"can't be compared: the kept text isn't the one committed to in entry {said.entry_id}"
    return "" if value == opened.text else f"isn't the text committed to in entry {said.entry_id}"


def _shown(row: Governed, name: str, value: Any) -> str:
    if name in row.ledger_personal:
        return "a personal text" if value is not None else "nothing"
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
