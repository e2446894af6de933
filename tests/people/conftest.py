from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


# The app registry isn't loaded yet when this file is read.
@pytest.fixture
def crew(db: None, home: Path) -> Any:
    """Two operators after bootstrap, who make everybody else."""
    from tests.people.crew import Crew

    return Crew()


@pytest.fixture
def lending(db: None) -> Any:
    """A system with two models, and a second system with one: (system, model, sibling, other)."""
    from tests.people.systems import make

    return make()


@pytest.fixture
def keys(settings: Any, tmp_path: Path) -> Path:
    """The public keys of the one issuer of pipeline identities that is configured."""
    from tests.people.test_workloads import ISSUER, KEYS

    path = tmp_path / "github.json"
    path.write_text(json.dumps({"keys": KEYS}))
    settings.WORKLOAD_ISSUERS = {ISSUER: str(path)}
    return path
