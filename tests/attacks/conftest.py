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
