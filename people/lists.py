"""Lists of the portal as tables: which rows, which columns, which filters and orders are allowed.

A page, a saved view and an export all read the same `Listing`, so that none shows more than another. Rows come from the
listing's own function of the actor; filters only take away from them. What an address names and the table doesn't is
refused: nothing a user writes becomes the name of a column.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import F, OrderBy, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from ledger.actors import Actor
from ledger.errors import Invalid
from people.pages import PER_PAGE, actor_of, named
from people.selectors import saved_views

Cell = str | int | float | bool | dt.datetime | None
Kind = Literal["text", "tag", "moment", "digest", "person", "number", "tier"]
Rows = Any
"""A QuerySet, or a list where rows are put together from several tables."""

CHUNK = 500
LONGEST_VALUE = 100
SORT, PAGE = "sort", "page"


@dataclass(frozen=True, slots=True)
class Column:
    """`value` gives the cell of a row, a pseudonym where `kind` is "person". `sort` holds columns of the model; without
    it the column can't be sorted by, but for lists of plain objects, which are sorted by value."""

    name: str
    title: str
    value: Callable[[Any], Cell]
    kind: Kind = "text"
    link: Callable[[Any], str] | None = None
    sort: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """`apply` takes rows away; it raises Invalid or ValueError for what it can't read. Without `choices` it is free
    text."""

    name: str
    title: str
    apply: Callable[[Rows, str], Rows]
    choices: Callable[[], Sequence[tuple[str, str]]] | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One list. `page` is the name of its address, `order` the name of the column it is sorted by at first (`-` before
    it: the other way round; empty: as `rows` gives them), `things` its noun in one and many."""

    name: str
    title: str
    page: str
    rows: Callable[[Actor], Rows]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    order: str = ""
    things: tuple[str, str] = ("row", "rows")
    empty: str = "There is nothing that you may see."
    usual: Mapping[str, str] = field(default_factory=dict)
    """Filters that hold where an address doesn't name them; it lifts one by naming it with nothing."""
    per_page: int = PER_PAGE

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def filter(self, name: str) -> Filter | None:
        return next((one for one in self.filters if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of a listing, after everything in it was found allowed."""

    listing: Listing
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""

    @property
    def query(self) -> str:
        """The same as an address says it, in one order."""
        return urlencode({**self.filters, **({SORT: self.sort} if self.sort else {})})

    def sorted_by(self, column: Column) -> str:
        """The query that sorts by this column, and by it the other way round where that is so already."""
        name = f"-{column.name}" if (self.sort or self.listing.order) == column.name else column.name
        return urlencode({**self.filters, SORT: name})


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell for the page: `value` with the name in a pseudonym's place."""

    column: Column
    value: Cell
    url: str = ""


LISTINGS: dict[str, Listing] = {}
"""Every list of the portal, by name."""


def register(listing: Listing) -> Listing:
    """Make a list known to saved views and exports."""
    if LISTINGS.setdefault(listing.name, listing) is not listing:
        raise ValueError(f"there is a list '{listing.name}' already")
    return listing


def asked(listing: Listing, said: QueryDict) -> Asked:
    """What `said` asks. Raises Invalid, with the field, for a name or value that the table doesn't have."""
    filters = {}
    for name in said:
        if name in (SORT, PAGE):
            continue
        known = listing.filter(name)
        if known is None:
            raise Invalid("This list has no such filter.", field=name[:LONGEST_VALUE])
        value = str(said[name]).strip()
        if len(value) > LONGEST_VALUE or "\x00" in value:
            raise Invalid(f"At most {LONGEST_VALUE} characters of text are expected.", field=name)
        if known.choices is not None and value and value not in dict(known.choices()):
            raise Invalid("This is none of the choices.", field=name)
        if value:
            filters[name] = value
    for name, value in listing.usual.items():
        filters.setdefault(name, "" if name in said else value)
    sort = str(said.get(SORT, ""))
    column = listing.column(sort.removeprefix("-"))
    if sort and (column is None or not _sortable(listing, column)):
        raise Invalid("This list can't be sorted by that.", field=SORT)
    return Asked(listing, filters, sort)


def rows_of(wanted: Asked, actor: Actor, rows: Rows = None) -> Rows:
    """The rows that `actor` may see, filtered and sorted; `rows` where the caller has asked the listing for them."""
    listing = wanted.listing
    rows = listing.rows(actor) if rows is None else rows
    for name, value in wanted.filters.items():
        known = listing.filter(name)
        assert known is not None  # noqa: S101  `asked` has looked
        if not value:
            continue  # a usual one, lifted
        try:
            rows = known.apply(rows, value)
        except ValueError as error:
            raise Invalid("This value can't be read.", field=name) from error
    return _sorted(listing, rows, wanted.sort or listing.order)


def shown_list(request: HttpRequest, listing: Listing, rows: Rows = None) -> dict[str, Any]:
    """What `components/list.html` shows: one page of the list, its filters, saved views and export. `rows` as in
    `rows_of`."""
    actor = actor_of(request)
    wanted = asked(listing, request.GET)
    page: Any = Paginator(rows_of(wanted, actor, rows), listing.per_page).get_page(request.GET.get(PAGE))
    objects = list(page)
    return {
        "listing": listing,
        "asked": wanted,
        "page": page,
        # a page with a table of its own needs none of them
        "rows": SimpleLazyObject(lambda: list(_cells(listing, objects))),
        "objects": objects,
        "heads": [_head(wanted, column) for column in listing.columns],
        "filters": [
            (one, wanted.filters.get(one.name, ""), one.choices() if one.choices else None)
            for one in listing.filters
            if not one.hidden
        ],
        "kept": {
            name: value
            for name, value in wanted.filters.items()
            if (known := listing.filter(name)) is not None and known.hidden
        },
        "query": wanted.query,
        "count": page.paginator.count,
        "noun": listing.things[page.paginator.count != 1],
        "views": [
            (view, f"{reverse(listing.page)}?{view.query}") for view in saved_views(actor, listing.name)
        ],
        "address": reverse(listing.page),
    }


def cells_in_chunks(listing: Listing, rows: Rows, *, most: int) -> Iterator[list[Cell]]:
    """The cells of at most `most` rows, read in chunks, with names in place of pseudonyms."""
    source: Iterable[Any] = rows.iterator(chunk_size=CHUNK) if isinstance(rows, QuerySet) else iter(rows)
    source = islice(source, most)
    while chunk := list(islice(source, CHUNK)):
        for cells in _cells(listing, chunk):
            yield [cell.value for cell in cells]


def choices_of(words: Iterable[str]) -> Callable[[], Sequence[tuple[str, str]]]:
    """Choices whose values are words of a table (states of a machine)."""
    listed = [(word, word.replace("-", " ").capitalize()) for word in words]
    return lambda: listed


def equals(column: str) -> Callable[[Rows, str], Rows]:
    """A filter on one column of the model, which our own code names."""
    return lambda rows, value: rows.filter(**{column: value})


def _head(wanted: Asked, column: Column) -> dict[str, Any]:
    present = wanted.sort or wanted.listing.order
    order = {column.name: "ascending", f"-{column.name}": "descending"}.get(present, "")
    query = wanted.sorted_by(column) if _sortable(wanted.listing, column) else ""
    return {"column": column, "query": query, "order": order}


def _sortable(listing: Listing, column: Column) -> bool:
    plain = not any(one.sort for one in listing.columns)
    return bool(column.sort) or plain


def _sorted(listing: Listing, rows: Rows, order: str) -> Rows:
    column = listing.column(order.removeprefix("-"))
    if column is None:
        return rows
    down = order.startswith("-")
    if isinstance(rows, QuerySet):
        return rows.order_by(*(_ordering(name, down) for name in column.sort), "pk")
    filled = [row for row in rows if column.value(row) is not None]
    return sorted(filled, key=lambda row: _key(column.value(row)), reverse=down) + [
        row for row in rows if column.value(row) is None
    ]


def _ordering(name: str, down: bool) -> OrderBy:
    # What has no value stands last, whichever way the list is sorted and whatever the database thinks of NULL.
    falling = down != name.startswith("-")
    column = F(name.removeprefix("-"))
    return column.desc(nulls_last=True) if falling else column.asc(nulls_last=True)


def _key(value: Cell) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _cells(listing: Listing, rows: Sequence[Any]) -> Iterator[list[ShownCell]]:
    people = [column for column in listing.columns if column.kind == "person"]
    names = named(str(column.value(row) or "") for row in rows for column in people) if people else {}
    for row in rows:
        yield [_cell(column, row, names) for column in listing.columns]


def _cell(column: Column, row: Any, names: Mapping[str, str]) -> ShownCell:
    value = column.value(row)
    if column.kind == "person":
        value = names.get(str(value), value or "")
    return ShownCell(column, value, column.link(row) if column.link else "")
