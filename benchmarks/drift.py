"""Drift on files of 30 columns, against the tools people use: time, memory, and a plain scan."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import reference
from benchmarks.databases import Skipped

ROWS = 1_000_000
LARGE = 10_000_000


def run() -> dict[str, object]:
    """1M rows against 1M rows: ours cold and with a stored reference, Evidently's preset, NannyML's default."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [_data(Path(folder, f"{seed}.parquet"), ROWS, seed) for seed in (1, 2)]
        ours = reference.ours(*paths)
        found: dict[str, object] = {}
        for tool in ("evidently", "nannyml"):
            try:
                theirs = reference.measured(tool, *paths)
            except Skipped as reason:
                found[tool] = f"skipped: {reason}"
                continue
            found[tool] = {
                "seconds": round(theirs["seconds"], 1),
                "cold": round(theirs["seconds"] / ours["cold"], 1),
                "stored": round(theirs["seconds"] / ours["stored"], 1),
                "memory": round(theirs["mb"] / ours["mb"], 1),
            }
    if all(isinstance(said, str) for said in found.values()):
        raise Skipped("; ".join(map(str, found.values())))
    first = next(said for said in found.values() if isinstance(said, dict))
    return {
        "what": "drift of 30 columns, 1M v 1M rows: times that the first of the tools takes as long as ours, cold",
        "ratio": first["cold"],
        "ours": f"cold {ours['cold']:.2f} s, reference stored {ours['stored']:.2f} s, {ours['mb']:.0f} MB",
        "plain": "; ".join(f"{tool} {said}" for tool, said in found.items()),
        "tools": found,
    }


def run_large() -> dict[str, object]:
    """10M rows against 10M rows (attack case DT-01): memory, and one side against DuckDB's scan of the same columns."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [_data(Path(folder, f"{seed}.parquet"), LARGE, seed) for seed in (1, 2)]
        ours = reference.ours(*paths)
        scan = reference.measured("duckdb", paths[1])
    return {
        "what": "profile of 10M rows, 30 columns: time per DuckDB scan of the same columns, two threads each",
        "ratio": round(ours["side"] / scan["seconds"], 2),
        "ours": f"one side {ours['side']:.1f} s, both cold {ours['cold']:.1f} s, peak {ours['mb']:.0f} MB",
        "plain": f"{scan['seconds']:.1f} s",
        "mb": round(ours["mb"]),
    }


def _data(path: Path, rows: int, seed: int) -> str:
    """22 columns of doubles, four of integers, four of text, in row groups of a million."""
    rng = np.random.default_rng(seed)
    writer = None
    for start in range(0, rows, 1_000_000):
        count = min(1_000_000, rows - start)
        columns: dict[str, object] = {f"normal_{n}": rng.standard_normal(count) for n in range(18)}
        columns |= {f"skewed_{n}": rng.exponential(size=count) for n in range(4)}
        columns |= {f"whole_{most}": rng.integers(0, most, count) for most in (2, 10, 100, 1_000_000)}
        for most in (3, 10, 30, 200):
            words = pa.array([f"v{n}" for n in range(most)])
            columns[f"word_{most}"] = words.take(pa.array(rng.integers(0, most, count)))
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=1_000_000)
    if writer is not None:
        writer.close()
    return str(path)
