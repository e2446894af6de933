"""Generated from the doors themselves: every API route refuses nobody and strangers, every admin page changes nothing
for a superuser who holds no grant. A new route or page is covered by being there."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from ledger import clock
from ledger.models import Entry
from people.catalogue import ROLES
from people.models import User
from people.services.identities import identity_create
from people.services.tokens import token_issue
from tests.world import World, make_world

PUBLIC = ("/api/v1/ledger/", "/api/v1/schema/")
"""The log's proofs and receipts and the schema are for everybody."""
OWN = ("/api/v1/me",)
"""Says who one is, and nothing else."""


@pytest.fixture
def world(home: Path, db: None) -> World:
    return make_world()


def routes() -> list[tuple[str, str]]:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    methods = ("get", "post", "put", "patch", "delete")
    return [(path, method) for path, said in schema["paths"].items() for method in methods if method in said]


def written() -> int:
    """Entries, denials apart."""
    return Entry.objects.exclude(event__startswith="ledger.denied").count()


def test_every_api_route_refuses_nobody_and_strangers(world: World) -> None:
    identity = identity_create(actor=world["one"], name="stranger", controller_id=world.users["auditor"].pk)
    _, token = token_issue(
        actor=world["one"],
        identity_id=identity.pk,
        label="no grants",
        permissions=sorted(ROLES["ci"].permissions),
        expires_at=clock.now() + timedelta(days=1),
    )
    found = routes()
    assert len(found) > 40
    client, before = Client(), written()
    for path, method in found:
        if path.startswith(PUBLIC):
            continue
        address = re.sub(r"\{[^}]+\}", str(uuid.uuid4()), path)
        call = getattr(client, method)
        body = {} if method == "get" else {"data": "{}", "content_type": "application/json"}
        nobody = call(address, **body)
        assert nobody.status_code == 401, (method, path)
        if path in OWN:
            continue
        stranger = call(address, **body, headers={"Authorization": f"Bearer {token}"})
        if method == "get" and "{" not in path and path != "/api/v1/gate":
            assert stranger.json()["results"] == [], (method, path)
        else:
            assert stranger.status_code in (400, 403, 404, 415), (method, path, stranger.status_code)
    assert written() == before


def test_no_admin_page_changes_anything_for_a_superuser_without_grants(world: World) -> None:
    root: Any = User(email="root@example.org", name="Root", created_at=clock.now())
    root.is_staff = root.is_superuser = True
    root.save()
    client = Client()
    client.force_login(root)
    session = client.session
    session["people.second_factor"] = True
    session["people.authenticated_at"] = clock.now().timestamp()
    session.save()
    registered = admin.site._registry
    assert len(registered) > 15
    world.draft()
    before = written()
    for model in registered:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        count = model._default_manager.count()
        row = model._default_manager.first()
        pages = [reverse(f"admin:{name}_add"), reverse(f"admin:{name}_changelist")]
        if row is not None:
            pages += [reverse(f"admin:{name}_{page}", args=[row.pk]) for page in ("change", "delete")]
        for page in pages:
            form = {
                "post": "yes",
                "action": "delete_selected",
                "_selected_action": str(row.pk) if row else "",
                "_save": "1",
            }
            answer = client.post(page, form)
            assert answer.status_code in (200, 302, 403, 404, 405), (page, answer.status_code)
        assert model._default_manager.count() == count, name
    assert written() == before
