"""Labels that came later, put beside the rows they belong to. Knows tables in memory and nothing of where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from monitoring.statistics.inputs import BadInput
from monitoring.statistics.tables import Table, column_from_strings


def with_labels(
    table: Table, sets: Sequence[Table], *, id_column: str, label_column: str, declared: str | None
) -> Table:
    """`table` with a label column, blank where no set has the row's id; of several sets the later one counts.

    `declared` is the label's kind, `number` or `text`, where that is known. `facts["labels"]` says how many rows have a
    label, how many labels were revised by a later set, and how many belong to no row. Raises BadInput `duplicate-id`,
    `label-conflict` and `unknown-column`.
    """
    names, codes = table[id_column].coded()
    if len(set(codes[codes >= 0].tolist())) < int((codes >= 0).sum()):
        raise BadInput("duplicate-id", f"The rows' ids in {id_column!r} are not unique.", column=id_column)
    labels: dict[str, str] = {}
    revised = 0
    for one in sets:
        found = _labels(one, id_column, label_column)
        revised += sum(1 for key, label in found.items() if key in labels and labels[key] != label)
        labels |= found
    there = [names[code] if code >= 0 else None for code in codes.tolist()]
    values = [labels.get(key, "") if key is not None else "" for key in there]
    column = column_from_strings(label_column, pa.array(values, pa.string()), declared=declared)
    labelled = sum(map(bool, values))
    others = len(labels.keys() - {key for key in there if key is not None})
    facts = {"labelled": labelled, "of": table.rows, "revised": revised, "of_other_rows": others}
    return replace(
        table, columns={**table.columns, label_column: column}, facts={**table.facts, "labels": facts}
    )


def _labels(table: Table, id_column: str, label_column: str) -> dict[str, str]:
    ids, id_codes = table[id_column].coded()
    values, codes = table[label_column].coded()
    found: dict[str, str] = {}
    for key, code in zip(id_codes.tolist(), codes.tolist(), strict=True):
        if key < 0 or code < 0:
            continue
        if found.setdefault(ids[key], values[code]) != values[code]:
            raise BadInput(
                "label-conflict",
                f"Row {ids[key]!r} has two labels in one set of labels.",
                column=label_column,
            )
    return found
