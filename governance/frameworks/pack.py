"""A framework as data: its rows in our words, and on what evidence each can honestly rest.

Pure. The pack is read from JSON and refused unless it is whole: a list of controls with a row too many or too
few makes every figure computed from it wrong, and public copies of this very framework have been both.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

TIERS: Final = ("low", "medium", "high")
LEVELS: Final = ("version", "system", "organisation")
VERBS: Final = ("reperformance", "inspection")


class PackInvalid(ValueError):
    """The pack isn't sound; `faults` says why."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("; ".join(faults))


class RowClass(StrEnum):
    """How far records can carry a row: alone, in part, not at all (a person attests), outside this tool."""

    AUTOMATIC = "automatic"
    PARTIAL = "partial"
    ATTESTATION = "attestation"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class EvidenceType:
    """`level`: what such evidence is bound to. `verb`: what an auditor would call our test of it.

    `maximum_age_days` by tier, counted from the older of the evidence's own date and its receipt.
    """

    name: str
    title: str
    level: str
    verb: str
    maximum_age_days: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One subcategory. `needs`: evidence types that must all be there; `also`: shown beside them if there.

    `card`: fields of the model card the row rests on. `scope`: the highest level at which its attestation is
    usually given. `records` and `attestation` say what either half holds, `stays_unproven` what neither does.
    """

    id: str
    function: str
    category: str
    paraphrase: str
    cls: RowClass
    needs: tuple[str, ...]
    also: tuple[str, ...]
    card: tuple[str, ...]
    scope: str
    records: str
    attestation: str
    stays_unproven: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    function: str
    label: str


@dataclass(frozen=True, slots=True)
class Pack:
    """`counts` is what the pack says of itself; `faults` holds it to that."""

    id: str
    title: str
    version: str
    effective: date
    source: str
    note: str
    counts: Mapping[str, Any]
    evidence_types: Mapping[str, EvidenceType]
    categories: tuple[Category, ...]
    rows: tuple[Row, ...]

    def row(self, row_id: str) -> Row:
        """Raises KeyError."""
        for row in self.rows:
            if row.id == row_id:
                return row
        raise KeyError(row_id)

    @property
    def subcategories(self) -> dict[str, Row]:
        """Row by id."""
        return {row.id: row for row in self.rows}

    @property
    def functions(self) -> tuple[str, ...]:
        """In the framework's order."""
        return tuple(dict.fromkeys(category.function for category in self.categories))

    def faults(self) -> list[str]:
        """Everything that makes the pack unsound, one sentence each."""
        return [*_count_faults(self), *_type_faults(self), *_row_faults(self)]


def load(text: str) -> Pack:
    """The pack of this JSON. Raises PackInvalid."""
    try:
        data = json.loads(text)
        if data["format"] != 1:
            raise PackInvalid([f"The format {data['format']!r} is unknown."])
        pack = Pack(
            id=data["id"],
            title=data["title"],
            version=data["version"],
            effective=date.fromisoformat(data["effective"]),
            source=data["source"],
            note=data["note"],
            counts=data["counts"],
            evidence_types={
                name: EvidenceType(name=name, **said) for name, said in data["evidence_types"].items()
            },
            categories=tuple(Category(**said) for said in data["categories"]),
            rows=tuple(_row(said) for said in data["subcategories"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, PackInvalid):
            raise
        raise PackInvalid([f"The pack can't be read: {type(error).__name__}: {error}."]) from error
    faults = pack.faults()
    if faults:
        raise PackInvalid(faults)
    return pack


def _row(said: Mapping[str, Any]) -> Row:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in said.items()
    }
    return Row(cls=RowClass(values.pop("class")), **values)


def _count_faults(pack: Pack) -> Iterator[str]:
    counts = pack.counts
    per_function = Counter(row.function for row in pack.rows)
    for what, found in (
        ("functions", len(pack.functions)),
        ("categories", len(pack.categories)),
        ("subcategories", len(pack.rows)),
    ):
        if counts.get(what) != found:
            yield f"{found} {what}, the pack says {counts.get(what)}"
    for function in {*counts.get("per_function", {}), *per_function}:
        said = counts.get("per_function", {}).get(function, 0)
        if said != per_function[function]:
            yield f"{function} has {per_function[function]} subcategories, the pack says {said}"
    for kind, ids in (
        ("category", [category.id for category in pack.categories]),
        ("subcategory", [row.id for row in pack.rows]),
    ):
        yield from (f"the {kind} {name} is there {n} times" for name, n in Counter(ids).items() if n > 1)


def _type_faults(pack: Pack) -> Iterator[str]:
    for kind in pack.evidence_types.values():
        if kind.level not in LEVELS:
            yield f"evidence type {kind.name}: unknown level '{kind.level}'"
        if kind.verb not in VERBS:
            yield f"evidence type {kind.name}: unknown verb '{kind.verb}'"
        ages = [kind.maximum_age_days.get(tier, 0) for tier in TIERS]
        if min(ages) < 1 or set(kind.maximum_age_days) != set(TIERS):
            yield f"evidence type {kind.name}: a maximum age for each tier is needed, of a day or more"
        elif ages != sorted(ages, reverse=True):
            yield f"evidence type {kind.name}: a higher tier may not allow older evidence"


def _row_faults(pack: Pack) -> Iterator[str]:
    categories = {category.id: category.function for category in pack.categories}
    for row in pack.rows:
        where = f"row {row.id}"
        if row.category not in categories or categories[row.category] != row.function:
            yield f"{where}: the category {row.category} isn't one of {row.function}"
        if not row.id.startswith(row.category + "."):
            yield f"{where}: doesn't belong to {row.category}"
        unknown = [name for name in (*row.needs, *row.also) if name not in pack.evidence_types]
        yield from (f"{where}: unknown evidence type '{name}'" for name in unknown)
        if "attestation" in row.needs:
            yield f"{where}: the attestation follows from the class and isn't listed"
        if row.scope not in LEVELS:
            yield f"{where}: unknown scope '{row.scope}'"
        machine = row.cls in (RowClass.AUTOMATIC, RowClass.PARTIAL)
        if machine != bool(row.needs):
            yield f"{where}: class {row.cls} {'needs' if machine else 'has no'} evidence types"
        person = row.cls in (RowClass.PARTIAL, RowClass.ATTESTATION)
        if person != bool(row.attestation):
            yield f"{where}: class {row.cls} {'needs' if person else 'has no'} attestation"
        if machine and row.card and "card" not in row.needs:
            yield f"{where}: rests on card fields but doesn't need the card"
        if not row.paraphrase or not row.stays_unproven:
            yield f"{where}: says not what it is about or what stays unproven"
