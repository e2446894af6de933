"""`make bench`: each benchmark against its plain alternative in the same run, into var/bench/<name>.json.

Ratios count; the absolute figures beside them belong to the machine of the day.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import append, verify

BENCHMARKS: dict[str, Callable[[], dict[str, object]]] = {"append": append.run, "verify-log": verify.run}
TARGET = Path("var/bench")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in names or BENCHMARKS:
        found = {"machine": platform.platform(), "python": platform.python_version(), **BENCHMARKS[name]()}
        (TARGET / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(
            f"{name}: ratio {found['ratio']} ({found['what']}); ours {found['ours']}, plain {found['plain']}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
