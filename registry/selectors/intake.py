"""The dry run of an inventory import: what each row would become, and everything that is wrong with it.

Computed whenever it is asked for, from the cells, the mapping and what is there now; nothing of it is stored. What a
person confirms is its digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ledger.errors import Invalid
from modelwarrant import canonical
from people.models import User
from people.models.users import normal_email
from registry import columns, inputs
from registry.field_values import clean
from registry.models import (
    AIActClass,
    AIModel,
    CustomField,
    FieldOf,
    ImportRow,
    InventoryImport,
    OnVoid,
    RiskTier,
    System,
)
from registry.names import name_fault, skeleton
from registry.selectors.fields import fields_of
from registry.spreadsheets import ERRORS

NEW, KNOWN, ERROR = "new", "known", "error"
OUTCOMES = {NEW: "Will be created", KNOWN: "Already there", ERROR: "Error"}


@dataclass(frozen=True, slots=True)
class Planned:
    """One row. `values` are the cleaned cells by target; `faults` are (column as the file calls it, reason)."""

    number: int
    outcome: str
    values: Mapping[str, str]
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        return OUTCOMES[self.outcome]


@dataclass(frozen=True, slots=True)
class Plan:
    """`unmapped` names what no column says although every new row needs it; then nothing can be confirmed."""

    rows: tuple[Planned, ...]
    unmapped: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def confirmable(self) -> bool:
        return not self.unmapped and not self.counts.get(ERROR) and bool(self.counts.get(NEW))

    @property
    def digest(self) -> str:
        """`sha256:` of everything a person is shown before they confirm."""
        shown = [[row.number, row.outcome, dict(row.values)] for row in self.rows]
        return canonical.digest(canonical.encode({"rows": shown, "unmapped": list(self.unmapped)}))


def targets() -> dict[str, str]:
    """Target -> title: the columns of the table and the organisation's own fields."""
    return {column.name: column.title for column in columns.COLUMNS} | own_fields()


def own_fields() -> dict[str, str]:
    """Target -> title of the organisation's own fields."""
    found: dict[str, str] = {}
    for about, prefix in ((FieldOf.SYSTEM, columns.OF_SYSTEM), (FieldOf.MODEL, columns.OF_MODEL)):
        found |= {f"{prefix}{row.name}": row.title for row in fields_of(about)}
    return found


def plan(row: InventoryImport) -> Plan:
    """The dry run of an import as everything stands now."""
    queue = ImportRow.objects.filter(inventory_import=row).order_by("number")
    places = {target: index for index, name in enumerate(row.header) if (target := row.mapping.get(name, ""))}
    heads = {target: row.header[index] for target, index in places.items()}
    reader = _Reader(heads)
    rows = []
    for item in queue.only("number", "cells"):
        cells = {
            target: str(item.cells[index]) for target, index in places.items() if index < len(item.cells)
        }
        rows.append((item.number, cells))
    reader.look_up(cells for _, cells in rows)
    planned = tuple(reader.read(number, cells) for number, cells in rows)
    counts = Counter(item.outcome for item in planned)
    unmapped = tuple(
        columns.BY_NAME[name].title for name in ("system", "model", "task") if name not in places
    )
    return Plan(planned, unmapped, counts)


class _Reader:
    """Reads rows in their order; each is held against what is there and against the rows before it."""

    def __init__(self, heads: Mapping[str, str]) -> None:
        self.heads = heads
        self.systems = {row.name.casefold(): row for row in System.objects.all()}
        self.shapes = {skeleton(row.name): row.name for row in self.systems.values()}
        self.models: dict[UUID, dict[str, str]] = {}
        for system_id, name in AIModel.objects.values_list("system_id", "name"):
            self.models.setdefault(system_id, {})[name.casefold()] = name
        self.fields = {
            f"{prefix}{row.name}": row
            for about, prefix in ((FieldOf.SYSTEM, columns.OF_SYSTEM), (FieldOf.MODEL, columns.OF_MODEL))
            for row in fields_of(about)
        }
        self.begun: dict[str, tuple[int, dict[str, str]]] = {}
        self.named: dict[tuple[str, str], int] = {}
        self.model_shapes: dict[tuple[str, str], str] = {}
        self.people: dict[str, str] = {}

    def look_up(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Find the people of all rows at once."""
        wanted = {normal_email(cells["owner"]) for cells in rows if cells.get("owner")}
        known = User.objects.filter(email__in=wanted, is_active=True).values_list("email", "pseudonym")
        self.people = {normal_email(email): pseudonym for email, pseudonym in known}

    def read(self, number: int, cells: Mapping[str, str]) -> Planned:
        faults: list[tuple[str, str]] = []
        values: dict[str, str] = {}

        def take(target: str, work: Callable[[str, str], str]) -> None:
            given = cells.get(target, "")
            try:
                if given in ERRORS:
                    raise Invalid(f"The cell holds the spreadsheet's error {given}.", field=target)
                values[target] = work(target, given)
            except Invalid as error:
                faults.append((self._head(target), error.message))

        take("system", self._name)
        take("model", self._name)
        take("task", lambda name, text: inputs.line(name, text, limit=60))
        system = self.systems.get(values.get("system", "").casefold())
        earlier = self.begun.get(values.get("system", "").casefold())
        if system is not None:
            take("system", lambda name, text: _active(system))
            for target, there in (("tier", system.risk_tier), ("owner", system.owner)):
                take(target, self._same(there, "an import changes nothing that is there"))
        elif earlier is not None:
            take("system", lambda name, text: earlier[1]["system"])
            for target in _OF_SYSTEM:
                said = earlier[1].get(target)
                same = None if said is None else self._same(said, f"row {earlier[0]} says otherwise")
                take(target, same or self._of_new)
        elif "system" in values:
            take("system", self._unmistakable)
            for target in _OF_SYSTEM:
                take(target, self._of_new)
            if values.get("on_void") == OnVoid.FALLBACK and not values.get("fallback"):
                faults.append((self._head("fallback"), "Say what to fall back to."))
            self.begun[values.get("system", "").casefold()] = (number, dict(values))
        for target in _OF_MODEL:
            take(target, self._of_model)
        for target, row in self.fields.items():
            if target.startswith(columns.OF_MODEL) or (system is None and earlier is None):
                take(target, self._own(row))
        known = self._known(number, system, values, take)
        outcome = ERROR if faults else KNOWN if known else NEW
        return Planned(number, outcome, values, tuple(faults))

    def _head(self, target: str) -> str:
        """What the file calls the column, or what the table does where the file has none."""
        if target in self.heads:
            return self.heads[target]
        return columns.BY_NAME[target].title if target in columns.BY_NAME else self.fields[target].title

    def _known(
        self, number: int, system: System | None, values: Mapping[str, str], take: Callable[..., None]
    ) -> bool:
        place = (values.get("system", "").casefold(), values.get("model", "").casefold())
        if not all(place):
            return False
        if (first := self.named.setdefault(place, number)) != number:
            take("model", _refusing(f"Row {first} names the same model."))
            return False
        siblings = self.models.get(system.pk, {}) if system else {}
        if place[1] in siblings:
            return True
        shape = (place[0], skeleton(values["model"]))
        alike = [name for name in siblings.values() if skeleton(name) == shape[1]]
        other = alike[0] if alike else self.model_shapes.setdefault(shape, values["model"])
        if other != values["model"]:
            take("model", _refusing(f"The name looks like '{other}'."))
        return False

    def _name(self, target: str, text: str) -> str:
        name = inputs.line(target, text, limit=120)
        if fault := name_fault(name):
            raise Invalid(fault, field=target)
        return name

    def _unmistakable(self, target: str, text: str) -> str:
        other = self.shapes.setdefault(skeleton(text), text)
        if other != text:
            raise Invalid(f"The name looks like '{other}'.", field=target)
        return text

    def _of_new(self, target: str, text: str) -> str:
        text = text or columns.BY_NAME[target].default
        if target == "owner":
            return self._person(target, text)
        if target in _CHOICES:
            return inputs.choice(target, text.casefold(), _CHOICES[target])
        limit = 200 if target == "legal_entity" else 300
        if target in ("purpose", "affected_people"):
            return inputs.passage(target, text, limit=10_000)
        return inputs.line(target, text, limit=limit, required=target == "legal_entity")

    def _person(self, target: str, text: str) -> str:
        if not text:
            raise Invalid("The e-mail address of the owner is needed.", field=target)
        if (pseudonym := self.people.get(normal_email(text))) is None:
            raise Invalid("Nobody with this e-mail address may sign in here.", field=target)
        return pseudonym

    def _same(self, there: str, why: str) -> Callable[[str, str], str]:
        def check(target: str, text: str) -> str:
            if text and self._of_new(target, text) != there:
                raise Invalid(f"This differs: {why}.", field=target)
            return there

        return check

    def _of_model(self, target: str, text: str) -> str:
        text = text or columns.BY_NAME[target].default
        if target.endswith("_digest"):
            return inputs.digest(target, text.casefold()) if text else ""
        return inputs.line(target, text, limit=60 if target == "kind" else 2_000, required=False)

    def _own(self, row: CustomField) -> Callable[[str, str], str]:
        def check(target: str, text: str) -> str:
            return clean(row.title, text, kind=row.kind, choices=row.choices, required=row.required)

        return check


_OF_SYSTEM = (
    "owner",
    "tier",
    "purpose",
    "affected_people",
    "legal_entity",
    "ai_act_class",
    "on_void",
    "fallback",
)
_OF_MODEL = ("kind", "vendor", "version", "contract", "probe_set_digest", "image_digest")
_CHOICES = {"tier": RiskTier.values, "ai_act_class": AIActClass.values, "on_void": OnVoid.values}


def _active(system: System) -> str:
    if system.state != "active":
        raise Invalid("This system is retired; nothing new can be registered under it.", field="system")
    return system.name


def _refusing(text: str) -> Callable[[str, str], str]:
    def check(target: str, given: str) -> str:
        raise Invalid(text, field=target)

    return check
