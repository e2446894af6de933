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


@pytest.fixture
def idp(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """An identity provider that runs here and is configured."""
    from oidc_provider_mock import run_server_in_thread

    from tests.people.idp import Idp

    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    secret = tmp_path / "client-secret"
    secret.write_text("not-guessed\n")
    settings.OIDC_CLIENT_SECRET_FILE = str(secret)
    with run_server_in_thread(require_nonce=True) as server:
        settings.OIDC_ISSUER = f"http://localhost:{server.server_port}"
        settings.OIDC_NAME, settings.OIDC_CLIENT_ID, settings.LOCAL = "Acme", "modelwarrant", True
        yield Idp(settings.OIDC_ISSUER)
