"""Second part of the self-audit: governed state is what its entries say, row by row.

The fold of all `set` and `hidden` fields of a row's entries, in the order of the log, must be the row.
Only rows and entries of one portion are in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import models

from ledger import reading, values
from ledger.errors import Invalid
from ledger.models import Entry, Governed
from ledger.models.governed import governed_models, recorded
from ledger.selectors import HistoryItem, ordered
from ledger.services import personal
from ledger.services.findings import Finding
from modelwarrant import entry
from modelwarrant.errors import Fault

_WINDOW = 200
_SHORT = 4_096
"""Bytes of an entry up to which what it says is kept: most are shorter, and so all that is kept is bounded."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The recorded value of a personal column: a commitment, and the entry that made it."""

    entry_id: UUID
    commitment: str


@dataclass(frozen=True, slots=True)
class _Said:
    """What an entry says of a row, in tuples that nobody can change under the next reader."""

    kind: str
    id: str
    set: tuple[tuple[str, values.Scalar], ...]
    hidden: tuple[tuple[str, str], ...]


Recorded = values.Scalar | Committed
State = dict[str, Recorded]
Place = tuple[str, str]
"""Kind and id of a row."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What the log says of several rows, read once, and where the rows say something else."""

    findings: tuple[Finding, ...]
    states: Mapping[Place, State]
    entries: tuple[HistoryItem, ...]
    """Those about any of the rows, in the order of the log."""

    def about(self, row: Governed) -> list[HistoryItem]:
        """The entries that the index has for this row, in the order of the log."""
        place = (row.ledger_kind, str(row.pk))
        return [item for item in self.entries if (item.row.subject_kind, item.row.subject_id) == place]

    def against(self, places: Iterable[Place]) -> list[Finding]:
        """The findings on these rows alone."""
        wanted = {f"{kind} {row_id}" for kind, row_id in places}
        return [item for item in self.findings if item.where in wanted]


def replayed(kind: str, row_id: UUID | str) -> State:
    """Column -> value as the log has it, for one row; empty where nothing is recorded."""
    place = (kind, str(row_id))
    return _fold(_entries([place])).get(place, {})


def row_faults(row: Governed) -> list[str]:
    """One sentence per column of this row, read anew, that isn't what the log says; empty means equal.

    Called by gates, so that a state which nobody decided opens none.
    """
    return [finding.message for finding in compare(type(row), [row.pk])]


def compare(model: type[Governed], ids: Sequence[UUID]) -> Iterator[Finding]:
    """Findings of these rows: values that differ, rows without entries, entries without a row."""
    yield from examine({model: ids}).findings


def examine(
    ids: Mapping[type[Governed], Iterable[UUID]],
    *,
    fresh: Iterable[Governed] = (),
    also: Iterable[Place] = (),
) -> Examined:
    """Hold rows of any kinds against the log, which is asked once for all of them.

    The rows of `ids` are read anew here, a query for each kind. Those of `fresh` are taken as they are: for who has
    just read them for this, and for nothing else before. Of `also` only the states are wanted.
    """
    found: dict[type[Governed], dict[UUID, Governed | None]] = {}
    for row in fresh:
        found.setdefault(type(row), {})[row.pk] = row
    for model, wanted in ids.items():
        if listed := list(wanted):
            there = {row.pk: row for row in model._base_manager.filter(pk__in=listed)}
            found.setdefault(model, {}).update({row_id: there.get(row_id) for row_id in listed})
    places = [(model.ledger_kind, str(row_id)) for model, rows in found.items() for row_id in rows]
    entries = _entries([*places, *also])
    states = _fold(entries)
    return Examined(tuple(_compared(found, states)), states, tuple(entries))


def _compared(
    found: Mapping[type[Governed], Mapping[UUID, Governed | None]], states: Mapping[Place, State]
) -> Iterator[Finding]:
    committed = [
        value.entry_id
        for state in states.values()
        for value in state.values()
        if isinstance(value, Committed)
    ]
    texts = personal.texts_of(committed) if committed else {}
    for model, rows in found.items():
        for row_id, row in rows.items():
            state = states.get((model.ledger_kind, str(row_id)), {})
            where = f"{model.ledger_kind} {row_id}"
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


def _entries(places: Iterable[Place]) -> list[HistoryItem]:
    """The entries that the index has for these rows, in the order of the log."""
    ids: dict[str, list[str]] = {}
    for kind, row_id in places:
        ids.setdefault(kind, []).append(row_id)
    about, given = [], []
    for kind, wanted in ids.items():
        about.append(f'("subject_kind" = %s AND "subject_id" IN ({", ".join(["%s"] * len(wanted))}))')
        given += [kind, *wanted]
    return ordered(reading.read_where(Entry, " OR ".join(about), given)) if ids else []


def _fold(entries: Iterable[HistoryItem]) -> dict[Place, State]:
    """The state of each row that these entries, in the order of the log, add up to."""
    known = governed_models()
    states: dict[Place, State] = {}
    for item in entries:
        said = _said(bytes(item.row.bytes))
        # What counts is what the bytes say, whatever the columns that found them.
        if said is None or said.kind != item.row.subject_kind or said.kind not in known:
            continue
        model = known[said.kind]
        columns = recorded(model)
        written: dict[str, Recorded] = {name: value for name, value in said.set if name in columns}
        written |= {
            name: Committed(item.row.pk, commitment)
            for name, commitment in said.hidden
            if name in model.ledger_personal
        }
        if written:
            states.setdefault((said.kind, said.id), {}).update(written)
    return states


def _said(data: bytes) -> _Said | None:
    """What an entry's bytes say; None for bytes that are no entry of a version known here."""
    return _kept(data) if len(data) <= _SHORT else _parsed(data)


def _parsed(data: bytes) -> _Said | None:
    try:
        said = entry.parse(data).entry
    except Fault:
        return None
    if said is None:
        return None
    return _Said(said.subject.kind, said.subject.id, tuple(said.set.items()), tuple(said.hidden.items()))


# By the very bytes that are stored now: other bytes are parsed anew, and what is held against the row is read from the
# database each time. Parsing takes longer than all queries of a gate.
_kept = lru_cache(maxsize=4_096)(_parsed)


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
