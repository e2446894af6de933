"""What a seed makes, as numbers and names only: the same seed gives the same plan. Knows no database.

Ids, times and keys are the installation's own and differ from run to run; slugs, names, texts, who decides what and in
which order do not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

MODELS_PER_SYSTEM = 10
PURPOSES = (
    "Plan visits",
    "Sort requests",
    "Forecast demand",
    "Find duplicates",
    "Rank offers",
    "Estimate delays",
)
PLACES = ("north", "south", "east", "west", "harbour", "valley", "station", "market")


@dataclass(frozen=True, slots=True)
class VersionPlan:
    """One version: how many decisions are taken on it, and whether the last one closes it."""

    number: int
    decisions: int
    rejected: bool


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """One model of the seed, and who makes and judges it (places in the lists of people)."""

    number: int
    slug: str
    name: str
    maker: int
    reviewers: tuple[int, ...]
    versions: tuple[VersionPlan, ...]

    @property
    def system(self) -> int:
        return self.number // MODELS_PER_SYSTEM


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole seed. `models`, `versions` and `decisions` are totals."""

    models: int
    versions: int
    decisions: int
    seed: int
    people: int = 40

    @property
    def systems(self) -> int:
        return -(-self.models // MODELS_PER_SYSTEM)

    def dice(self, *about: object) -> random.Random:
        """What is thrown about one thing, the same at each run."""
        return random.Random(":".join(map(str, (self.seed, *about))))  # noqa: S311  nothing here is secret

    def purpose(self, system: int) -> str:
        made = self.dice("system", system)
        return f"{made.choice(PURPOSES)}, {made.choice(PLACES)}"

    def model(self, number: int) -> ModelPlan:
        """The model of this number, from 0; shares that don't divide evenly go to the first."""
        made = self.dice("model", number)
        first = _before(self.versions, self.models, number)
        count = _share(self.versions, self.models, number)
        versions = tuple(
            VersionPlan(
                number=index + 1,
                decisions=_share(self.decisions, self.versions, first + index),
                rejected=index + 1 < count and made.random() < 0.3,
            )
            for index in range(count)
        )
        return ModelPlan(
            number=number,
            slug=f"seed-{self.seed}-{number:06}",
            name=f"{made.choice(PURPOSES)} {made.choice(PLACES)} {number}",
            maker=made.randrange(self.people),
            reviewers=tuple(made.sample(range(self.people), min(5, self.people))),
            versions=versions,
        )

    def part(self, part: int, parts: int) -> Iterator[int]:
        """Numbers of the systems that process `part` (from 0) of `parts` makes."""
        yield from range(part, self.systems, parts)

    def models_of(self, system: int) -> range:
        start = system * MODELS_PER_SYSTEM
        return range(start, min(self.models, start + MODELS_PER_SYSTEM))


def _share(total: int, among: int, index: int) -> int:
    return total // among + (index < total % among)


def _before(total: int, among: int, index: int) -> int:
    return (total // among) * index + min(index, total % among)
