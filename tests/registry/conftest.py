from __future__ import annotations

from typing import Any

import pytest


# The app registry isn't loaded yet when this file is read.
@pytest.fixture
def world(db: None) -> Any:
    """One system with one model, its owner and a developer."""
    from tests.registry.world import make_world

    return make_world()


@pytest.fixture
def model_key(db: None) -> Any:
    """A private key whose public half is an active model key."""
    from tests.registry.world import make_model_key

    return make_model_key()
