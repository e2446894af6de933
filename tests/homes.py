"""A MODELWARRANT_HOME on SQLite for processes that a test starts, with every table: migrated once in a run, then copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import ground

ROOT = Path(__file__).resolve().parents[1]


def migrated(home: Path) -> dict[str, str]:
    """Make `home`, as `migrate` leaves an empty one; the environment in which a process finds it."""
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "BROKER_URL")}
    env["DJANGO_SETTINGS_MODULE"] = "config.settings"
    with ground.turn() as made:
        if not (made / "db.sqlite3").exists():
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, cwd=ROOT, env={**env, "MODELWARRANT_HOME": str(made)}, check=True)
    # each copy a key of its own
    shutil.copytree(made, home, ignore=shutil.ignore_patterns("secret-key", "*.lock"))
    return {**env, "MODELWARRANT_HOME": str(home)}
