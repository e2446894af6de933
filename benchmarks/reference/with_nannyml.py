"""NannyML's univariate drift with its default methods on two Parquet files, reading included, imports not."""

import json
import re
import sys
import time
from pathlib import Path

import nannyml
import pandas as pd


def peak():
    """MB at the most. Not by getrusage, which counts what the process that started this one held."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


began = time.perf_counter()
reference, current = (pd.read_parquet(path) for path in sys.argv[1:3])
words = [name for name in reference if reference[name].dtype == object]
calculator = nannyml.UnivariateDriftCalculator(column_names=list(reference), treat_as_categorical=words)
calculator.fit(reference)
calculator.calculate(current)
seconds = time.perf_counter() - began
print(
    json.dumps(
        {
            "seconds": seconds,
            "mb": peak(),
        }
    )
)
