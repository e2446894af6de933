"""Evidently's drift preset on two Parquet files, reading included, imports not."""

import json
import re
import sys
import time
from pathlib import Path

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def peak():
    """MB at the most. Not by getrusage, which counts what the process that started this one held."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


began = time.perf_counter()
reference, current = (pd.read_parquet(path) for path in sys.argv[1:3])
Report([DataDriftPreset()]).run(current, reference).dict()
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "mb": peak()}))
