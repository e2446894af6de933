"""Our drift check on two Parquet files: cold, and with the reference's profile stored. Imports not included."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

from monitoring.statistics import drift
from monitoring.statistics.blocks import open_file
from monitoring.statistics.inputs import Columns
from monitoring.statistics.profiles import Profile, read
from monitoring.statistics.profiling import profile_file


def peak() -> float:
    """MB at the most. Not by getrusage, which counts what the process that started this one held."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else float("nan")


def compared(current: str, reference: Profile) -> None:
    drift.run(
        profile_file(open_file(current), like=reference),
        reference,
        columns=Columns(),
        thresholds=(),
        parameters={},
        seed=0,
    )


def main(reference: str, current: str) -> None:
    began = time.perf_counter()
    profile = profile_file(open_file(reference))
    compared(current, profile)
    cold = time.perf_counter() - began
    text = profile.json()
    began = time.perf_counter()
    compared(current, read(text))
    stored = time.perf_counter() - began
    began = time.perf_counter()
    profile_file(open_file(current), like=profile)
    side = time.perf_counter() - began
    mb = peak()
    print(json.dumps({"cold": cold, "stored": stored, "side": side, "mb": mb}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
