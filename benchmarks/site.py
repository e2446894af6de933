"""What `benchmarks.pages` asks: `python -m benchmarks.site MODELS VERSIONS DECISIONS` fills the database it is given.

One world as the tests make it, with a version that earned its warrant and one that waits for its decision, and a seed
around it. Prints one line of JSON: a session of a reviewer, a token, and the addresses.
"""

from __future__ import annotations

import json
import sys
import time

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from config.seed import build, people  # noqa: E402
from config.seed.plan import Plan  # noqa: E402
from governance.services.deployments import deployment_request  # noqa: E402
from governance.services.warrants import issue_due  # noqa: E402
from ledger import clock  # noqa: E402
from ledger.actors import Actor  # noqa: E402
from ledger.models import Entry  # noqa: E402
from people.actors import AUTHENTICATED_AT, SECOND_FACTOR  # noqa: E402
from people.models import User  # noqa: E402
from tests.world import make_world, publish  # noqa: E402

SLOT = {"environment": "production", "region": "eu", "arm": "main"}


def session_of(user: User) -> str:
    """The key of a session as a password and a second factor make it."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store[SECOND_FACTOR] = True
    store[AUTHENTICATED_AT] = clock.now().timestamp()
    store.create()
    return str(store.session_key)


def main(models: int, versions: int, decisions: int) -> None:
    world = make_world()
    version = world.approved()
    deployment_request(actor=world["owner"], version_id=version.pk, **SLOT)
    to_decide = world.in_review(weights=b"those of the next version")
    plan = Plan(models, versions, decisions, seed=1)
    crowd = people.gather(plan, world.users["one"], world.users["two"])
    before, began = Entry.objects.count(), time.monotonic()
    for number in plan.part(0, 1):
        build.system_make(plan, crowd, number)
    seconds = time.monotonic() - began
    entries = Entry.objects.count() - before
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    query = "&".join(f"{name}={value}" for name, value in SLOT.items())
    said = {
        "session": session_of(world.users["reviewer"]),
        "token": world.token,
        "seeded": {"models": models, "versions": versions, "decisions": decisions, "entries": entries},
        "seconds": round(seconds, 1),
        "pages": {
            "inbox": "/",
            "version": f"/versions/{version.pk}/",
            "version in review": f"/versions/{to_decide.pk}/",
            "decision form": f"/versions/{to_decide.pk}/decide/",
            "search": "/search/?q=model",
            "inventory": "/systems/",
            "system": f"/systems/{world.system_id}/",
            "model": f"/models/{world.model.pk}/",
        },
        "gate": f"/api/v1/gate?{query}&version={version.pk}",
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
