"""Starting the service stays light: what weighs seconds is imported by the task that needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = (
    "pandas",
    "numpy",
    "scipy",
    "sklearn",
    "fairlearn",
    "pyarrow",
    "weasyprint",
    "duckdb",
    "ibis",
    "pyspark",
    "pyhanko",
    "matplotlib",
)


def test_setup_imports_nothing_heavy(root: Path, tmp_path: Path) -> None:
    program = f"""
import sys, django
from django.urls import get_resolver
django.setup()
get_resolver().url_patterns  # also all views
from config.celery import app
app.loader.import_default_modules()  # also all tasks
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MODELWARRANT_HOME": str(tmp_path),
        "PATH": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
