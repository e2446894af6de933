"""Appending in the business transaction: against an ORM insert of the same row, and against a hash chain in line."""

from __future__ import annotations

import statistics

from benchmarks import databases

SECONDS = 2.0
ROUNDS = 3


def run() -> dict[str, object]:
    """PostgreSQL: ratios of rows per second at 1, 4 and 8 writers, the median of rounds taken in turn."""
    with databases.postgresql() as ground:
        found: dict[str, object] = {"database": ground.told}
        for writers in (1, 4, 8):
            rates = _rates(ground, ("plain", "ours", "chain"), writers)
            found[f"writers_{writers}"] = {
                "ours_per_plain": round(rates["ours"] / rates["plain"], 2),
                "chain_in_line_per_plain": round(rates["chain"] / rates["plain"], 2),
                "rows_per_second": {name: round(rate) for name, rate in rates.items()},
            }
            if writers == 1:
                headline = rates
        with_all = _rates(ground, ("plain", "committed"), 4, sequencer=True)
        found["writers_4_with_commitments_and_sequencer"] = round(
            with_all["committed"] / with_all["plain"], 2
        )
        held = _rates(ground, ("ours", "chain"), 8, hold_ms=10)
        found["writers_8_transactions_of_10_ms_per_chain_in_line"] = round(held["ours"] / held["chain"], 1)
    return {
        "what": "governed row with its entry per the same two rows by the ORM, 1 writer",
        "ratio": round(headline["ours"] / headline["plain"], 2),
        "ours": f"{headline['ours']:.0f} rows/s",
        "plain": f"{headline['plain']:.0f} rows/s",
        **found,
    }


def run_sqlite() -> dict[str, object]:
    """SQLite: eight processes write as fast as they can; the median wait of the one that waits longest."""
    with databases.sqlite() as ground:
        alone = ground.together([("ours", "alone", str(SECONDS), "0")])
        crowd = ground.together([("ours", f"crowd-{number}", str(SECONDS * 2), "0") for number in range(8)])
    waits = [found["median_ms"] for found in crowd]
    return {
        "what": "worst writer's median wait of 8 per that of a writer alone, SQLite",
        "ratio": round(max(waits) / alone[0]["median_ms"], 1),
        "ours": f"{max(waits):.0f} ms",
        "plain": f"{alone[0]['median_ms']:.1f} ms",
        "rows_per_second": round(sum(found["rows"] for found in crowd) / SECONDS / 2),
    }


_turn = 0


def _rates(
    ground: databases.Ground,
    modes: tuple[str, ...],
    writers: int,
    *,
    hold_ms: int = 0,
    sequencer: bool = False,
) -> dict[str, float]:
    global _turn
    found: dict[str, list[float]] = {mode: [] for mode in modes}
    for _ in range(ROUNDS):
        for mode in modes:
            _turn += 1
            runs = [
                (mode, f"{mode}-{_turn}-{number}", str(SECONDS), str(hold_ms)) for number in range(writers)
            ]
            beside = [("sequencer", "sequencer", str(SECONDS), "0")] if sequencer and mode != "plain" else []
            outcome = ground.together([*runs, *beside])[:writers]
            found[mode].append(sum(one["rows"] for one in outcome) / SECONDS)
    return {mode: statistics.median(rates) for mode, rates in found.items()}
