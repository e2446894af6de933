from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import RequestFactory

from ledger.models.governed import governed_models
from registry.models import System, Version
from tests.registry.world import World, make_world, person

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def registered():
    return {
        model: page for model, page in admin.site._registry.items() if model._meta.app_label == "registry"
    }


def test_every_governed_kind_can_be_looked_up_and_none_changed(world: World):
    governed = {model for model in governed_models().values() if model._meta.app_label == "registry"}
    assert set(registered()) == governed
    request = RequestFactory().post("/admin/")
    request.actor = person("owner", "developer", "auditor")
    for model, page in registered().items():
        assert page.has_view_permission(request), model
        assert not page.has_add_permission(request)
        assert not page.has_change_permission(request)
        assert not page.has_delete_permission(request)
        assert page.get_actions(request) == {}
        assert not page.list_editable
        assert page.get_inline_instances(request) == []
        columns = {field.name for field in model._meta.concrete_fields}
        assert set(page.get_readonly_fields(request)) == columns - set(page.exclude or ())


def test_an_operator_sees_what_grants_reach(world: World):
    other = make_world("other")
    version = world.version()
    request = RequestFactory().get("/admin/")
    request.actor = world.developer
    pages = registered()
    assert list(pages[System].get_queryset(request)) == [world.system]
    assert list(pages[Version].get_queryset(request)) == [version]
    assert not pages[System].has_view_permission(request, other.system)
    request.actor = person()
    assert not pages[System].has_module_permission(request)
