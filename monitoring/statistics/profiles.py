"""A dataset as counts: what drift and its history are computed from. Knows no file and no verdict.

A profile holds, for each column, counts on fixed edges (numbers) or by value (text), with everything that is no
ordinary value counted apart. Counts add: a week is the sum of its days, a file the sum of its parts, in any order and
to the same digits (sums are combined exactly, by `math.fsum`). Edges belong to the reference and are stored with it;
whatever is compared with it is counted on them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 2
_NEAR_THE_END = 1e290
_SMALLER = 2.0**-100
_CELLS = 16_384
_MOST_IN_A_CELL = 8
_PIECE = 65_536

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

MAXIMUM_EDGES = 1000
"""Most edges of one column. A binned Kolmogorov-Smirnov distance is at most 1 / quantiles below the exact one."""
QUANTILES = 800
"""Quantiles of a sample that become edges where it has more distinct values than `EXACT`."""
EXACT = 500
"""Up to so many distinct values every value has a bin of its own, and figures equal those of the rows."""
MAXIMUM_VALUES = 10_000
"""More distinct values of a text column than this are an identifier: they are counted together."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Counts of what is no ordinary value. `overflow`: numbers too large for a double, such as 1e999."""

    null: int = 0
    nan: int = 0
    plus_infinity: int = 0
    minus_infinity: int = 0
    overflow: int = 0

    def __add__(self, other: Apart) -> Apart:
        return Apart(
            self.null + other.null,
            self.nan + other.nan,
            self.plus_infinity + other.plus_infinity,
            self.minus_infinity + other.minus_infinity,
            self.overflow + other.overflow,
        )

    @property
    def missing(self) -> int:
        """NULL and NaN together."""
        return self.null + self.nan

    @property
    def infinite(self) -> int:
        return self.plus_infinity + self.minus_infinity + self.overflow

    def counts(self) -> dict[str, int]:
        return {
            "null": self.null,
            "nan": self.nan,
            "plus_infinity": self.plus_infinity,
            "minus_infinity": self.minus_infinity,
            "overflow": self.overflow,
        }


@dataclass(frozen=True, slots=True)
class Edges:
    """Where one number column is cut: value v lies in bin k if edges[k-1] < v <= edges[k].

    A value that is common is a bin of its own: the double just below it is an edge, and so is the value. Ascending,
    finite, at most MAXIMUM_EDGES. `centre` is where squares are taken from, so that they lose no digits.
    """

    at: Floats
    centre: float = 0.0

    @classmethod
    def of(cls, sample: Floats) -> Edges:
        """Edges from a sample of finite values, in any order; none from an empty one."""
        if not len(sample):
            return cls(np.empty(0), 0.0)
        values = np.sort(sample) + 0.0
        distinct = values[np.concatenate([[True], values[1:] != values[:-1]])]
        centre = float(values[len(values) // 2])
        if len(distinct) <= EXACT:
            at = np.concatenate([distinct, _just_below(distinct)])
        else:
            ranks = np.ceil(np.arange(1, QUANTILES) * len(values) / QUANTILES).astype(np.int64) - 1
            cuts, times = np.unique(values[ranks], return_counts=True)
            # Two cuts on one value leave one unused, so that the edges below common values make them no more.
            at = np.concatenate([cuts, _just_below(cuts[times >= 2])])
        at = np.unique(at)
        return cls(at[np.isfinite(at)], centre)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where to look for a value among many edges: cells of equal width, each with the edges that come before it.

    A value is compared with the edges of its own cell alone. Rounding moves no value past an edge: cells are a monotone
    function of the value, and the edges were put into them by the same arithmetic.
    """

    first: float
    scale: float
    before: NDArray[np.int16]
    most: int
    edges: Floats

    def bins(self, values: Floats) -> NDArray[np.int64]:
        """The bin of each finite value."""
        cells = np.clip((values - self.first) * self.scale, 0, _CELLS - 1).astype(np.int32)
        before = self.before[cells].astype(np.int64)
        found = before.copy()
        for place in range(self.most):
            found += self.edges[before + place] < values
        return found


@lru_cache(maxsize=512)
def _grid_of(packed: bytes) -> _Grid | None:
    """The grid for some edges; None where they lie so unevenly that sorting is faster."""
    at = np.frombuffer(packed, np.float64)
    if len(at) < 2:
        return None
    with np.errstate(over="ignore"):
        scale = _CELLS / (at[-1] - at[0])
    if not 0 < scale < math.inf:
        return None
    cells = np.clip((at - at[0]) * scale, 0, _CELLS - 1).astype(np.int32)
    most = int(np.bincount(cells).max())
    if most > _MOST_IN_A_CELL:
        return None
    before = np.searchsorted(cells, np.arange(_CELLS)).astype(np.int16)
    return _Grid(float(at[0]), float(scale), before, most, np.concatenate([at, np.full(most, np.inf)]))


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number column: `counts` by bin (one more than edges), and the sums of the values in each bin.

    `sums` and `squares` are summands that are added exactly when somebody asks; squares are of value - centre.
    `least` and `greatest` are finite, NaN where there is no finite value.
    """

    edges: Edges
    counts: Counts
    sums: tuple[Floats, ...]
    squares: tuple[float, ...]
    least: float
    greatest: float
    apart: Apart

    kind = "number"

    @classmethod
    def of(cls, edges: Edges, values: Floats, *, null: int = 0, overflow: int = 0) -> Numbers:
        """Count values: NaN stands for NULL (`null` of them) or "not a number", infinities as they are."""
        plus, minus = int((values == np.inf).sum()), int((values == -np.inf).sum())
        finite = values[np.isfinite(values)]
        counts, sums, square = _counted(edges, finite)
        taken = min(overflow, plus)
        nan = len(values) - len(finite) - plus - minus
        apart = Apart(null, nan - null, plus - taken, minus - (overflow - taken), overflow)
        least, greatest = (finite.min() + 0.0, finite.max() + 0.0) if len(finite) else (math.nan, math.nan)
        return cls(edges, counts, (sums,), (square,), float(least), float(greatest), apart)

    def __add__(self, other: Numbers) -> Numbers:
        if not np.array_equal(self.edges.at, other.edges.at):
            raise ValueError("counts on different edges do not add")
        return Numbers(
            self.edges,
            self.counts + other.counts,
            self.sums + other.sums,
            self.squares + other.squares,
            float(np.fmin(self.least, other.least)),
            float(np.fmax(self.greatest, other.greatest)),
            self.apart + other.apart,
        )

    def settled(self) -> Numbers:
        """The same with one summand each: the correctly rounded sums."""
        if len(self.sums) == 1:
            return self
        (square,) = exact_sum([np.array([value]) for value in self.squares]).tolist()
        return replace(self, sums=(exact_sum(self.sums),), squares=(square,))

    @property
    def n(self) -> int:
        """Finite values."""
        return int(self.counts.sum())

    @property
    def rows(self) -> int:
        return self.n + self.apart.missing + self.apart.infinite

    @property
    def means(self) -> Floats:
        """Mean of each bin's values, NaN where it holds none."""
        (sums,) = self.settled().sums
        with np.errstate(invalid="ignore"):
            found: Floats = np.where(self.counts > 0, sums / np.maximum(self.counts, 1), np.nan)
        return found

    @property
    def spread(self) -> float:
        """Standard deviation (divisor n) of the finite values."""
        if not self.n:
            return math.nan
        settled = self.settled()
        total = float(exact_sum(settled.sums[0].reshape(-1, 1))[0])
        mean = total / self.n - self.edges.centre
        variance = settled.squares[0] / self.n - mean * mean
        return math.sqrt(max(0.0, variance)) if math.isfinite(variance) else math.nan

    @property
    def constant(self) -> bool:
        """Whether there is at most one distinct finite value."""
        return not self.n or self.least == self.greatest

    def as_dict(self) -> dict[str, Any]:
        settled = self.settled()
        return {
            "kind": "number",
            "edges": _packed(self.edges.at),
            "centre": self.edges.centre.hex(),
            "counts": self.counts.tolist(),
            "sums": _packed(settled.sums[0]),
            "square": settled.squares[0].hex(),
            "least": self.least.hex(),
            "greatest": self.greatest.hex(),
            "apart": self.apart.counts(),
        }


@dataclass(frozen=True, slots=True)
class Texts:
    """A text column: rows of each value; `counts` is empty and `many` true beyond MAXIMUM_VALUES distinct ones."""

    counts: Mapping[str, int]
    n: int
    apart: Apart
    many: bool = False

    @property
    def kind(self) -> str:
        return "text" if self.n else "empty"

    @property
    def rows(self) -> int:
        return self.n + self.apart.missing

    def __add__(self, other: Texts) -> Texts:
        n, apart = self.n + other.n, self.apart + other.apart
        if not (self.many or other.many):
            counts = dict(self.counts)
            for value, count in other.counts.items():
                counts[value] = counts.get(value, 0) + count
            if len(counts) <= MAXIMUM_VALUES:
                return Texts(counts, n, apart)
        return Texts({}, n, apart, many=True)

    def settled(self) -> Texts:
        return self

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": "text",
            "counts": dict(sorted(self.counts.items())),
            "n": self.n,
            "many": self.many,
            "apart": self.apart.counts(),
        }


ColumnProfile = Numbers | Texts


@dataclass(frozen=True, slots=True)
class Profile:
    """Columns in the file's order. `facts` is what the caller knows of the data (format, digest, name)."""

    columns: Mapping[str, ColumnProfile]
    rows: int
    warnings: tuple[str, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def __getitem__(self, name: str) -> ColumnProfile:
        return self.columns[name]

    def __add__(self, other: Profile) -> Profile:
        """Both together. ValueError unless they have the same columns, on the same edges."""
        if self.names != other.names:
            raise ValueError("profiles of different columns do not add")
        columns = {name: _added(self[name], other[name]) for name in self.columns}
        warnings = (*self.warnings, *(text for text in other.warnings if text not in self.warnings))
        return Profile(columns, self.rows + other.rows, warnings, self.facts)

    def summary(self) -> dict[str, object]:
        """Rows, columns with their kind, and what the caller knows of the data."""
        return {
            "rows": self.rows,
            "columns": {name: column.kind for name, column in self.columns.items()},
            "profile": self.digest,
            **self.facts,
        }

    def json(self) -> str:
        """The counts as the only text there is for them: sorted keys, no facts.

        Single doubles are in hexadecimal, arrays of them base64 of little-endian IEEE 754.
        """
        value = {
            "version": VERSION,
            "rows": self.rows,
            "columns": [[name, column.as_dict()] for name, column in self.columns.items()],
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def digest(self) -> str:
        """`sha256:` and the hex digest of the text in UTF-8."""
        return "sha256:" + hashlib.sha256(self.json().encode("utf-8", "surrogatepass")).hexdigest()


def _counted(edges: Edges, finite: Floats) -> tuple[Counts, Floats, float]:
    """Count and sum by bin, and the sum of squares of value - centre, of finite values."""
    grid = _grid_of(edges.at.tobytes())
    size = len(edges.at) + 1
    counts, sums, square = np.zeros(size, np.int64), np.zeros(size), 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        # In pieces that stay in the processor's cache.
        for start in range(0, len(finite), _PIECE):
            piece = finite[start : start + _PIECE]
            bins = grid.bins(piece) if grid is not None else np.searchsorted(edges.at, piece)
            counts += np.bincount(bins, minlength=size)
            sums += np.bincount(bins, weights=piece, minlength=size)
            away = piece - edges.centre
            square += float((away * away).sum())
    return counts, sums, square


def added(parts: Iterable[Profile]) -> Profile:
    """The sum of at least one profile, settled."""
    first, *rest = parts
    total = first
    for part in rest:
        total += part
    return replace(total, columns={name: column.settled() for name, column in total.columns.items()})


def read(text: str) -> Profile:
    """A profile from its text. ValueError for any other text than `json` writes."""
    try:
        value = json.loads(text)
        columns = {str(name): _column(said) for name, said in value["columns"]}
        found = Profile(columns, int(value["rows"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a profile: {error}") from error
    if found.json() != text:
        raise ValueError("not a profile in its only form")
    return found


def exact_sum(parts: Sequence[Floats] | Floats) -> Floats:
    """The correctly rounded sum of equally long arrays, place by place; the same in any order.

    Infinite where doubles end, NaN where infinities of both signs meet.
    """
    stacked = np.stack(list(parts))
    with np.errstate(invalid="ignore"):
        near_the_end = bool((np.abs(stacked) >= _NEAR_THE_END).any())
    scale = _SMALLER if near_the_end else 1.0
    with np.errstate(over="ignore"):
        found: Floats = np.array([_one_sum(row) for row in (stacked * scale).T.tolist()]) / scale
    return found


def _one_sum(values: list[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return math.nan


def _just_below(values: Floats) -> Floats:
    with np.errstate(over="ignore"):
        below: Floats = np.nextafter(values, -np.inf)
    return below


def _added(first: ColumnProfile, second: ColumnProfile) -> ColumnProfile:
    if isinstance(first, Numbers) and isinstance(second, Numbers):
        return first + second
    if isinstance(first, Texts) and isinstance(second, Texts):
        return first + second
    # A part in which a number column has no value at all cannot know that it is one.
    for one, other in ((first, second), (second, first)):
        if isinstance(one, Numbers) and isinstance(other, Texts) and not other.n:
            return replace(one, apart=one.apart + other.apart)
    raise ValueError("a column of numbers and one of text do not add")


def _packed(values: Floats) -> str:
    return base64.b64encode(values.astype("<f8").tobytes()).decode("ascii")


def _unpacked(text: str) -> Floats:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f8").astype(np.float64)


def _column(said: Mapping[str, Any]) -> ColumnProfile:
    apart = Apart(**said["apart"])
    if said["kind"] == "text":
        return Texts(dict(said["counts"]), said["n"], apart, said["many"])
    edges = Edges(_unpacked(said["edges"]), float.fromhex(said["centre"]))
    return Numbers(
        edges,
        np.array(said["counts"], np.int64),
        (_unpacked(said["sums"]),),
        (float.fromhex(said["square"]),),
        float.fromhex(said["least"]),
        float.fromhex(said["greatest"]),
        apart,
    )
