"""The state of each row of a framework at one moment, and three figures that are never added up.

Pure: the time comes as an argument. The rules are ours and are printed in docs/frameworks.md; the guiding one
is that nothing absent, old, foreign, broken or unsure is ever counted as good, and that a row which needs a
person isn't carried by records alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from governance.frameworks.evidence import Attestation, EvidenceItem, NotApplicable, Outcome
from governance.frameworks.pack import EvidenceType, Pack, Row, RowClass

HANDOVER: Final = timedelta(days=30)
"""How long an attestation survives its author's role; then a successor must have reaffirmed it."""
MANY_NOT_APPLICABLE: Final = 5
"""A notice is due when more than one row in this many is declared not applicable."""


class State(StrEnum):
    """Of an item, a half or a row."""

    FRESH = "fresh"
    FAILED = "fresh-failed"
    STALE = "stale"
    ATTESTED = "attested"
    PART = "part"
    MISSING = "missing"
    INVALID = "invalid"
    INSUFFICIENT = "insufficient"
    NOT_APPLICABLE = "not-applicable"
    OUTSIDE = "outside"


SYMBOLS: Final[dict[State, tuple[str, str]]] = {
    State.FRESH: ("●", "Evidenced"),
    State.FAILED: ("✕", "Evidenced: criterion not met"),
    State.STALE: ("◐", "Stale"),
    State.ATTESTED: ("◇", "Attested, not verified by the service"),
    State.PART: ("◑", "Part"),
    State.MISSING: ("○", "No evidence"),
    State.INVALID: ("‼", "Integrity failure"),
    State.INSUFFICIENT: ("?", "Not conclusive"),
    State.NOT_APPLICABLE: ("-", "Not applicable"),
    State.OUTSIDE: ("□", "Outside this tool"),
}
"""Symbol and words, so that a page in black and white says the same."""

_WEAKEST_FIRST: Final = (
    State.INVALID, State.FAILED, State.MISSING, State.STALE, State.INSUFFICIENT, State.ATTESTED, State.FRESH,
)  # fmt: skip
COVERED: Final = frozenset({State.FRESH, State.FAILED, State.ATTESTED})
MET: Final = frozenset({State.FRESH, State.ATTESTED})


def weakest(states: Iterable[State]) -> State:
    """The weakest of these; of none, that there is no evidence."""
    found = set(states)
    return next((state for state in _WEAKEST_FIRST if state in found), State.MISSING)


@dataclass(frozen=True, slots=True)
class Share:
    """`k` of `n`; an empty denominator is said as such and is neither 0 % nor 100 %."""

    k: int
    n: int

    def __str__(self) -> str:
        return f"{self.k} of {self.n}" if self.n else "none"


@dataclass(frozen=True, slots=True)
class RowState:
    """One row: its state, that of both halves, why, and on which evidence it rests."""

    row: Row
    state: State
    records: State | None
    attestation: State | None
    why: tuple[str, ...]
    items: tuple[EvidenceItem, ...]
    attestations: tuple[Attestation, ...]
    history: str = ""

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.state][0]

    @property
    def words(self) -> str:
        """As printed, for instance `Part: attestation missing`."""
        said = SYMBOLS[self.state][1]
        if self.state is State.PART:
            return (
                f"{said}: attestation missing"
                if self.attestation is State.MISSING
                else f"{said}: {self.why[0]}"
            )
        return said


@dataclass(frozen=True, slots=True)
class Assessment:
    """All rows at one moment. `coverage`, `met` and `automation` stand side by side and are never one score.

    coverage: applicable rows with fresh evidence (whatever it found) or a valid attestation;
    met: applicable rows whose criterion is met; automation: applicable rows that records carry alone.
    """

    at: datetime
    tier: str
    version: str
    rows: tuple[RowState, ...]
    coverage: Share
    met: Share
    automation: Share
    counts: Mapping[State, int]
    by_function: Mapping[str, Mapping[State, int]]
    notices: tuple[str, ...]

    @property
    def intact(self) -> bool:
        return not self.counts.get(State.INVALID, 0)

    def row(self, row_id: str) -> RowState:
        """Raises KeyError."""
        for found in self.rows:
            if found.row.id == row_id:
                return found
        raise KeyError(row_id)


def assess(
    pack: Pack,
    evidence: Sequence[EvidenceItem],
    attestations: Sequence[Attestation] = (),
    not_applicable: Sequence[NotApplicable] = (),
    *,
    at: datetime,
    tier: str,
    version: str,
) -> Assessment:
    """Every row of `pack` for one `version` of a system of `tier`, as it stands at `at` (aware).

    What was received after `at` isn't looked at, so that a report of a past day can be made again.
    Raises ValueError for a tier without maximum ages, a naive time, or evidence of an unknown type.
    """
    if at.tzinfo is None:
        raise ValueError("The time of an assessment needs its zone.")
    strange = sorted({item.type for item in evidence} - set(pack.evidence_types))
    if strange:
        raise ValueError(f"The pack has no evidence type {', '.join(strange)}.")
    if any(tier not in kind.maximum_age_days for kind in pack.evidence_types.values()):
        raise ValueError(f"The pack has no maximum ages for the tier '{tier}'.")
    by_type: dict[str, list[EvidenceItem]] = defaultdict(list)
    for item in evidence:
        if item.received <= at:
            by_type[item.type].append(item)
    known = [attestation for attestation in attestations if attestation.received <= at]
    moment = _Moment(pack, by_type, known, at, tier, version)
    exempt = {said.row: said for said in not_applicable if said.expires > at}
    rows = tuple(moment.row(row, exempt.get(row.id)) for row in pack.rows)
    applicable = [row for row in rows if row.state not in (State.NOT_APPLICABLE, State.OUTSIDE)]
    n = len(applicable)
    by_function: dict[str, Counter[State]] = {function: Counter() for function in pack.functions}
    for row in rows:
        by_function[row.row.function][row.state] += 1
    counts = Counter(row.state for row in rows)
    return Assessment(
        at=at,
        tier=tier,
        version=version,
        rows=rows,
        coverage=Share(sum(row.state in COVERED for row in applicable), n),
        met=Share(sum(row.state in MET for row in applicable), n),
        automation=Share(
            sum(row.state in COVERED and row.row.cls is RowClass.AUTOMATIC for row in applicable), n
        ),
        counts=counts,
        by_function=by_function,
        notices=tuple(_notices(counts, len(rows), [*by_type.values()], known, not_applicable, at)),
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    pack: Pack
    evidence: Mapping[str, list[EvidenceItem]]
    attestations: list[Attestation]
    at: datetime
    tier: str
    version: str

    def row(self, row: Row, exempt: NotApplicable | None) -> RowState:
        if row.cls is RowClass.OUTSIDE:
            return RowState(row, State.OUTSIDE, None, None, (row.stays_unproven,), (), ())
        items = tuple(item for name in (*row.needs, *row.also) for item in self._newest(name))
        mine = tuple(said for said in self.attestations if row.id in said.rows)
        broken = [
            f"{item.type} {item.id}: a signature, digest or chain check failed"
            for name in (*row.needs, *row.also)
            for item in self.evidence.get(name, ())
            if not item.intact
        ]
        broken += [f"attestation {said.id}: its own check failed" for said in mine if not said.intact]
        if broken:
            return RowState(row, State.INVALID, State.INVALID, None, tuple(broken), items, mine)
        if exempt is not None:
            said = f"{exempt.reason} (approved by {exempt.approver} until {exempt.expires:%Y-%m-%d})"
            return RowState(row, State.NOT_APPLICABLE, None, None, (said,), items, mine)
        records, why = self._records(row)
        person, valid, more = self._person(row, mine)
        state = _both(records, person)
        history = "; ".join(filter(None, (self._history(name) for name in row.needs)))
        return RowState(row, state, records, person, (*why, *more), items, valid, history)

    def _newest(self, name: str) -> list[EvidenceItem]:
        """The newest of each topic; evidence of this very version outranks any newer one of another."""
        newest: dict[str, EvidenceItem] = {}
        ranked = sorted(
            self.evidence.get(name, ()), key=lambda item: (self._ours(item), item.received, item.id)
        )
        for item in ranked:
            newest[item.topic] = item
        return sorted(newest.values(), key=lambda item: (item.topic, item.id))

    def _ours(self, item: EvidenceItem) -> bool:
        return self.pack.evidence_types[item.type].level != "version" or item.version == self.version

    def _records(self, row: Row) -> tuple[State | None, list[str]]:
        if not row.needs:
            return None, []
        states, why = [], []
        for name in row.needs:
            kind = self.pack.evidence_types[name]
            found = [self._item(item, kind, row) for item in self._newest(name)]
            if not found:
                found = [(State.MISSING, f"No {kind.title.lower()} is there.")]
            states += [state for state, _ in found]
            why += [said for _, said in found if said]
        return weakest(states), why

    def _item(self, item: EvidenceItem, kind: EvidenceType, row: Row) -> tuple[State, str]:
        name = f"{kind.title} {item.id}"
        if not self._ours(item):
            return State.STALE, f"{name} belongs to another version."
        end = item.since + timedelta(days=kind.maximum_age_days[self.tier])
        if self.at > end:
            return State.STALE, f"{name}: stale since {end:%Y-%m-%d %H:%M:%S} UTC."
        if item.until is not None and self.at >= item.until:
            said = f"{name}: stale since {item.until:%Y-%m-%d %H:%M:%S} UTC, when the next data were overdue."
            return State.STALE, said
        if item.outcome is Outcome.FAIL:
            return State.FAILED, f"{name}: the criterion isn't met."
        if item.outcome in (Outcome.INCONCLUSIVE, Outcome.ERROR):
            said = "can't tell" if item.outcome is Outcome.INCONCLUSIVE else "ended in an error"
            return State.INSUFFICIENT, f"{name} {said}."
        empty = [field for field in row.card if field not in item.filled] if item.type == "card" else []
        if empty:
            return State.MISSING, f"{name}: empty: {', '.join(empty)}."
        return State.FRESH, ""

    def _person(
        self, row: Row, mine: tuple[Attestation, ...]
    ) -> tuple[State | None, tuple[Attestation, ...], list[str]]:
        if row.cls is RowClass.AUTOMATIC:
            return None, (), []
        valid, why, stale = [], [], False
        for said in mine:
            reason, old = self._unusable(said)
            if reason:
                why.append(f"Attestation {said.id} {reason}.")
                stale = stale or old
            else:
                valid.append(said)
        if valid:
            return State.ATTESTED, tuple(valid), []
        return (State.STALE if stale else State.MISSING), (), why or ["No attestation is there."]

    def _unusable(self, said: Attestation) -> tuple[str, bool]:
        """Why an attestation doesn't count and whether it once did."""
        if said.by_submitter:
            return "was given by the person who submitted the version", False
        if said.scope == "version" and said.version != self.version:
            return "belongs to another version", True
        longest = timedelta(days=self.pack.evidence_types["attestation"].maximum_age_days[self.tier])
        end = min(said.expires, min(said.attested, said.received) + longest)
        if self.at > end:
            return f"ended on {end:%Y-%m-%d}", True
        if said.role_ended is not None and self.at > said.role_ended + HANDOVER:
            return f"wasn't reaffirmed after {said.person} lost the role {said.role}", True
        return "", False

    def _history(self, name: str) -> str:
        """`3 runs, 2 failed, last pass`: a rerun that passes doesn't hide what failed before it."""
        runs = [item for item in self.evidence.get(name, ()) if item.outcome is not Outcome.NONE]
        runs = [item for item in runs if self._ours(item)]
        if not runs:
            return ""
        failed = sum(item.outcome is Outcome.FAIL for item in runs)
        last = max(runs, key=lambda item: (item.received, item.id))
        return f"{name}: {len(runs)} run{'s' if len(runs) > 1 else ''}, {failed} failed, last {last.outcome}"


def _both(records: State | None, person: State | None) -> State:
    if records is None or person is None:
        return weakest(state for state in (records, person) if state is not None)
    halves = {records, person}
    if records is State.FAILED:  # what failed is printed as failed, whether or not somebody attests
        return State.FAILED
    if State.MISSING in halves and halves != {State.MISSING}:
        return State.PART
    return weakest(halves)


def _notices(
    counts: Mapping[State, int],
    total: int,
    evidence: list[list[EvidenceItem]],
    attestations: list[Attestation],
    not_applicable: Sequence[NotApplicable],
    at: datetime,
) -> Iterator[str]:
    if counts.get(State.INVALID, 0):
        yield f"Integrity exceptions present: {counts[State.INVALID]} rows rest on what failed a check."
    exempt = counts.get(State.NOT_APPLICABLE, 0)
    if exempt * MANY_NOT_APPLICABLE > total:
        yield f"{exempt} of {total} rows are declared not applicable, more than 20 %."
    if not any(evidence) and not attestations:
        yield "There is no evidence of any kind."
    skewed = sum(item.dated > item.received for items in evidence for item in items)
    if skewed:
        yield f"{skewed} items carry a date after their receipt; their receipt counts."
    lapsed = sorted(said.row for said in not_applicable if said.expires <= at)
    if lapsed:
        yield f"Declared not applicable, but no longer: {', '.join(lapsed)}."
    waiting = [
        said for said in attestations if said.role_ended is not None and at <= said.role_ended + HANDOVER
    ]
    if waiting:
        yield f"{len(waiting)} attestations wait for a successor to reaffirm them."
