"""Every machine whose things are rows has a page of one thing, with moves that somebody can be told about."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from governance.selectors.things import MACHINES, kind_of
from people.catalogue import ROLES
from people.models import User
from tests.registry.world import make_world, person
from tests.soak.walking import KNOWN, Ground


@pytest.mark.once
@pytest.mark.django_db
def test_every_machine_has_its_thing(home: Path) -> None:
    KNOWN.update(MACHINES)
    ground, maker = Ground(make_world(), []), person("developer")
    everything = person(*(role.name for role in ROLES.values() if role.kind == "person"))
    reader, stranger = Client(), Client()
    for client, actor in ((reader, everything), (stranger, person())):
        client.force_login(User.objects.get(pk=actor.pk))
    for machine in MACHINES.values():
        row = ground.row(machine, maker)
        kind = kind_of(machine)
        for address in (f"/things/{kind}/{row.pk}/", f"/api/v1/things/{kind}/{row.pk}/moves"):
            assert reader.get(address).status_code == 200, (machine.name, address)
            assert stranger.get(address).status_code == 404, (machine.name, address)
        page = reader.get(f"/things/{kind}/{row.pk}/").content.decode()
        for move in machine.legal(machine.initial.name):
            assert move.title in page, (machine.name, move.name)
