from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


# The app registry isn't loaded yet when this file is read.
@pytest.fixture
def world(home: Path, transactional_db: None) -> Any:
    """People in every role, the high tier's policy in force, and a model without versions; a home of its own."""
    from tests.world import make_world

    return make_world()


@pytest.fixture
def ruled(world: Any) -> Any:
    """The world under a policy that allows conditions."""
    from tests.governance.warrants import CONDITIONS, policy_text, put_in_force

    put_in_force(world, policy_text(extra=CONDITIONS))
    return world


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what the database's clock says."""
    from ledger import clock

    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)
