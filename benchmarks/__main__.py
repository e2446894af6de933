"""`make bench`: each benchmark against its plain alternative in the same run, into var/bench/<name>.json.

Ratios count; the absolute figures beside them belong to the machine of the day.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import append, drift, fairness, oms, pages, sequencer, verdicts, verify
from benchmarks.databases import Skipped

BENCHMARKS: dict[str, Callable[[], dict[str, object]]] = {
    "append": append.run,
    "append-sqlite": append.run_sqlite,
    "drift": drift.run,
    "drift-10m": drift.run_large,
    "drift-false-alarms": verdicts.run_false_alarms,
    "drift-power": verdicts.run_power,
    "fair-models": verdicts.run_fair_models,
    "fairness-bootstrap": fairness.run_bootstrap,
    "fairness-frame": fairness.run_frame,
    "oms-large": oms.run_large,
    "oms-small": oms.run_small,
    "pages": pages.run,
    "sequencer": sequencer.run,
    "verify-log": verify.run,
}
TARGET = Path("var/bench")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in names or BENCHMARKS:
        try:
            measured = BENCHMARKS[name]()
        except Skipped as reason:
            print(f"{name}: skipped, {reason}")
            continue
        found = {"machine": platform.platform(), "python": platform.python_version(), **measured}
        (TARGET / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(
            f"{name}: ratio {found['ratio']} ({found['what']}); ours {found['ours']}, plain {found['plain']}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
