"""People with roles, and a small world of registered things."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password

from ledger import clock
from ledger.actors import Actor
from ledger.services import keys as ledger_keys
from ledger.services import records, transactions
from modelwarrant import keys, oms
from people import actors
from people import events as people_events
from people.catalogue import permissions_of
from people.models import Grant, ServiceIdentity, User
from registry.models import AIModel, System, Upload, Version
from registry.services import artifacts, models, signatures, systems, uploads, versions

ROOT_ACTOR = Actor.system("bootstrap", door="test")
_numbers = itertools.count(1)

CARD = {
    "intended_use": "Progression of diabetes, for planning of visits.",
    "not_for": "Dosage.",
    "limitations": "442 people from one study.",
    "human_oversight": "A physician decides.",
    "owner_contact": "models@example.org",
    "training_data": "Diabetes study 2004.",
    "evaluation_data": "A held-out fifth.",
    "residual_risk": "Accepted by the owner.",
}


def in_transaction(work: Callable[[], Any]) -> Any:
    return transactions.in_transaction(work)


def person(*roles: str, on: Any = None, name: str = "") -> Actor:
    """Somebody new, signed in with a second factor, with these roles on a system, a model or everything."""
    number = next(_numbers)
    user = User(email=f"p{number}@example.org", name=name or f"Person {number}", password=make_password(None))
    in_transaction(
        lambda: records.write(
            actor=ROOT_ACTOR, event=people_events.USER_CREATED, row=user, set={"created_at": clock.now()}
        )
    )
    grant(user, *roles, on=on)
    return actors.for_user(user, "test", authenticated_at=clock.now(), interactive=True)


def service(controller: Actor, *roles: str, on: Any = None) -> Actor:
    """A service identity of `controller`, with a token that carries all its roles allow."""
    identity = ServiceIdentity(name=f"ci-{next(_numbers)}", controller=User.objects.get(pk=controller.pk))
    in_transaction(
        lambda: records.write(
            actor=ROOT_ACTOR,
            event=people_events.IDENTITY_CREATED,
            row=identity,
            set={"created_at": clock.now()},
        )
    )
    grant(identity, *roles, on=on)
    scopes = frozenset(name.value for role in roles for name in permissions_of(role))
    return Actor(
        kind="service",
        id=identity.pseudonym,
        door="api",
        pk=str(identity.pk),
        controller=controller.id,
        scopes=scopes,
    )


def grant(holder: User | ServiceIdentity, *roles: str, on: Any = None) -> None:
    kind = {System: "system", AIModel: "model"}.get(type(on), "organisation")
    field = "holder_user" if isinstance(holder, User) else "holder_identity"
    for role in roles:
        row = Grant(**{field: holder})
        fields = {
            "role": role,
            "scope_type": kind,
            "scope_id": on.pk if on is not None else None,
            "starts": clock.now(),
            "state": "active",
            "requested_by": "bootstrap",
            "requested_at": clock.now(),
            "confirmed_by": "bootstrap",
            "confirmed_at": clock.now(),
            "reason": "test",
        }
        in_transaction(
            lambda row=row, fields=fields: records.write(
                actor=ROOT_ACTOR, event=people_events.GRANT_CONFIRMED, row=row, set=fields
            )
        )


@dataclass
class World:
    """One system with one model, its owner and a developer."""

    owner: Actor
    developer: Actor
    system: System
    model: AIModel

    def version(self, **given: Any) -> Version:
        return versions.version_register(actor=self.developer, model_id=self.model.pk, **given)

    def upload(
        self, data: bytes, *, name: str = "model.bin", purpose: str = "artifact", by: Actor | None = None
    ) -> Upload:
        actor = by or self.developer
        upload = uploads.upload_start(
            actor=actor,
            purpose=purpose,
            size=len(data),
            digest=hashlib.sha256(data).hexdigest(),
            name=name,
            model_id=self.model.pk,
        )
        uploads.upload_append(actor=actor, upload_id=upload.pk, offset=0, chunks=[data])
        return uploads.upload_finish(actor=actor, upload_id=upload.pk)

    def attach(self, version: Version, files: dict[str, bytes], *, by: Actor | None = None) -> None:
        actor = by or self.developer
        given = {path: self.upload(data, name=path, by=actor).pk for path, data in files.items()}
        artifacts.artifact_attach(actor=actor, version_id=version.pk, files=given)

    def sign(self, version: Version, directory: Path, key: Any, *, by: Actor | None = None) -> Any:
        bundle = oms.sign_model(directory, keys.LocalSigner(key))
        return signatures.signature_add(actor=by or self.developer, version_id=version.pk, bundle=bundle)


def make_world(slug: str = "visits") -> World:
    owner = person("owner")
    system = systems.system_register(
        actor=owner,
        slug=slug,
        name=f"System {slug}",
        purpose="Plan visits of patients.",
        affected_people="Patients with diabetes.",
        owner=owner.id,
        legal_entity="Example Clinic",
        risk_tier="high",
        on_void="stop",
    )
    model = models.model_register(
        actor=owner, system_id=system.pk, slug="progression", name="Progression", task="regression"
    )
    return World(owner, person("developer", on=system), system, model)


def make_model_key() -> Any:
    """A private key whose public half is an active model key."""
    private = keys.generate("p256")
    pem = keys.dump_public(private.public_key())
    record = ledger_keys.key_import(actor=ROOT_ACTOR, purpose="model", public_pem=pem, label="CI")
    ledger_keys.key_move(actor=ROOT_ACTOR, key_id=record.pk, move="activate")
    return private


def without_scope(actor: Actor) -> Actor:
    return replace(actor, scopes=frozenset())
