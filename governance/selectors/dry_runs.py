"""Dry runs on request: the one that is under way, the last that is done, and of its result what a reader may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from django.db.models import Q, QuerySet, Sum

from governance.models import DryRun, DryRunAnswer, DryRunFigures, Policy
from ledger.actors import Actor
from people import access
from people.catalogue import P

FIGURES = ("looked_at", "differing", "stays", "rejected")
"""What is counted, model by model: versions asked, answers that differ and don't, versions that people rejected."""
COLUMNS = (
    "version",
    "id",
    "what",
    "before",
    "after",
    "would stand in the way",
    "would no longer",
    "cannot be told",
)
Which = Literal["differing", "untold", "all"]
_WHICH: Mapping[Which, Q] = {"differing": Q(differs=True), "untold": Q(untold=True), "all": Q()}


def dry_runs_of(policy: Policy) -> tuple[DryRun | None, DryRun | None]:
    """The newest dry run of a policy, whatever its state, and the newest that is done."""
    rows = DryRun.objects.filter(policy=policy).order_by("-asked_at", "id")
    return rows.first(), rows.filter(state="done").first()


def answers_visible(actor: Actor, run: DryRun, which: Which) -> QuerySet[DryRunAnswer]:
    """Answers on versions that the actor may see, the newest version first."""
    rows = run.answers.filter(_WHICH[which]).select_related("version__model__system")
    seen = access.visible(actor, P.VERSION_VIEW, rows)
    return seen.order_by("-version__registered_at", "version_id", "id")


def figures_visible(actor: Actor, run: DryRun) -> Mapping[str, int]:
    """The sums over what the actor may see."""
    rows = access.visible(actor, P.VERSION_VIEW, DryRunFigures.objects.filter(run=run))
    summed = rows.aggregate(**{name: Sum(name) for name in FIGURES})
    return {name: summed[name] or 0 for name in FIGURES}


def table_of(rows: QuerySet[DryRunAnswer]) -> Iterator[tuple[str, ...]]:
    """The rows of COLUMNS; a cell that a spreadsheet would take for a formula is led by an apostrophe."""
    for item in rows.iterator(chunk_size=500):
        row: tuple[Any, ...] = (
            item.version, item.version_id, item.what, item.before, item.after, " ".join(item.gained),
            " ".join(item.lost), " ".join(item.unknown),
        )  # fmt: skip
        yield tuple(f"'{cell}" if cell[:1] in tuple("=+-@\t\r") else cell for cell in map(str, row))
