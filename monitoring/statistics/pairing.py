"""Which rows of two tables are the same case: by an identifier, by equal labels in the same order, or none.

What can't be matched is counted on both sides, never silently left out. Knows no metric and no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.statistics.inputs import BadInput
from monitoring.statistics.tables import Column, Table

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Rows of the candidate's and the incumbent's table to compare; paired, they stand in the same order.

    `by` says how they were matched; `candidate_alone` and `incumbent_alone` count what has no counterpart.
    """

    candidate: Rows
    incumbent: Rows
    paired: bool
    by: str
    candidate_alone: int = 0
    incumbent_alone: int = 0

    @property
    def matched(self) -> int:
        """Rows that both versions have answered; 0 where they aren't paired."""
        return len(self.candidate) if self.paired else 0

    @property
    def words(self) -> str:
        if not self.paired:
            return f"Not paired: {len(self.candidate)} rows against {len(self.incumbent)} others."
        return f"Paired by {self.by}: {self.matched} rows matched."

    def hold(self, most: float) -> str:
        """Why nothing may pass, where more than the share `most` of either side has no counterpart."""
        for who, alone in (("candidate", self.candidate_alone), ("incumbent", self.incumbent_alone)):
            if alone > most * (alone + self.matched):
                return (
                    f"{alone} rows of the {who} have no counterpart, more than the share of {most!r} with which anything "
                    "may pass: the rows that matched need not be like the others."
                )
        return ""


def pair(truths: tuple[Floats, Floats], keys: tuple[Column, Column] | None) -> Pairing:
    """Match the rows of two tables by their keys, or else by equal truths (NaN where unknown) row by row.

    Raises BadInput bad-value (a row without a key), duplicate-id, labels-differ.
    """
    first, second = truths
    if keys is not None:
        return _joined(truths, keys)
    # Two samples that were sorted by label may meet this by chance: a paired interval is right for them too, because it
    # measures how much the pairs have in common.
    if len(first) and np.array_equal(first, second, equal_nan=True):
        return Pairing(np.arange(len(first)), np.arange(len(first)), True, "equal labels row by row")
    return Pairing(np.arange(len(first)), np.arange(len(second)), False, "nothing")


def _joined(truths: tuple[Floats, Floats], keys: tuple[Column, Column]) -> Pairing:
    key = keys[0].name
    joined = joint("id", *keys)
    sides = joined.codes[: len(truths[0])], joined.codes[len(truths[0]) :]
    for who, side in zip(("current data", "reference"), sides, strict=True):
        if bare := int((side < 0).sum()):
            raise BadInput("bad-value", f"id: {bare} rows of the {who} have no {key!r}.", column=key)
        times = np.bincount(side, minlength=len(joined.categories))
        if repeated := int((times > 1).sum()):
            raise BadInput(
                "duplicate-id",
                f"id: {repeated} values of {key!r} stand more than once in the {who}.",
                column=key,
            )
    _, mine, theirs = np.intersect1d(*sides, assume_unique=True, return_indices=True)
    order = np.argsort(mine)
    mine, theirs = mine[order].astype(np.int64), theirs[order].astype(np.int64)
    first, second = truths[0][mine], truths[1][theirs]
    differ = int(((first != second) & np.isfinite(first) & np.isfinite(second)).sum())
    if differ:
        raise BadInput(
            "labels-differ",
            f"label: {differ} of {len(mine)} rows with the same {key!r} have another label on the other side.",
            column="label",
        )
    alone = len(truths[0]) - len(mine), len(truths[1]) - len(mine)
    return Pairing(mine, theirs, True, f"the column {key!r}", *alone)


def joint(name: str, first: Column, second: Column) -> Column:
    """Two columns' rows, one after the other, as text under common categories, so that both are read alike."""
    sides = [
        ([value.strip() for value in values], codes) for values, codes in (first.coded(), second.coded())
    ]
    names = tuple(sorted({value for values, _ in sides for value in values}))
    place = {value: number for number, value in enumerate(names)}
    parts = [np.array([*(place[value] for value in values), -1], np.int64)[codes] for values, codes in sides]
    every = np.concatenate(parts)
    return Column(name, "text" if names else "empty", np.empty(0), every, names, null=int((every < 0).sum()))


def stacked(columns: dict[str, tuple[Column, Column]]) -> Table:
    """A table of several columns, each the first side's rows and then the second's."""
    built = {name: joint(name, *sides) for name, sides in columns.items()}
    return Table(built, next(iter(built.values())).rows)
