"""The people of the demo: made through the same services as anywhere, each with a password and a second factor."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyotp

from ledger import clock
from ledger.actors import Actor
from people.actors import for_token, for_user
from people.catalogue import ROLES
from people.models import User
from people.services.bootstrap import Named, bootstrap
from people.services.grants import grant_confirm, grant_request
from people.services.identities import identity_create
from people.services.people import user_create
from people.services.second_factor import second_factor_begin, second_factor_confirm
from people.services.tokens import token_issue

PEOPLE = (
    ("owner", "Olivia Owens", ("owner",)),
    ("developer", "Dev Patel", ("developer",)),
    ("validator", "Vera Novak", ("independent-validator",)),
    ("reviewer", "Ravi Rao", ("risk-reviewer",)),
    ("policy-author", "Paula Quist", ("policy-reviewer",)),
    ("policy-approver", "Peter Lund", ("policy-reviewer",)),
    ("security", "Sena Aydin", ("security-reviewer",)),
    ("executive", "Erik Vale", ("accountable-executive",)),
    ("auditor", "Ada Moreau", ("auditor",)),
)
OPERATORS = (("operator-1", "Otto Berg"), ("operator-2", "Ines Costa"))


@dataclass(frozen=True)
class Member:
    """One person: how they sign in, and who they are in the log."""

    key: str
    name: str
    email: str
    roles: tuple[str, ...]
    password: str
    secret: str
    user: User

    def actor(self) -> Actor:
        """This person in a session begun just now."""
        return for_user(self.user, "portal", authenticated_at=clock.now(), interactive=True)


@dataclass(frozen=True)
class Cast:
    """Everybody, and the pipeline's identity with its token."""

    members: dict[str, Member]
    pipeline: Actor
    token: str

    def __getitem__(self, key: str) -> Actor:
        return self.members[key].actor()


def assemble() -> Cast:
    """Begin with two operators; everybody else gets their roles from one and confirmed by the other."""
    passwords = {key: secrets.token_urlsafe(12) for key, *_ in (*PEOPLE, *OPERATORS)}
    named = [Named(name, _email(key), passwords[key], temporary=False) for key, name in OPERATORS]
    begun = bootstrap(actor=Actor.system("bootstrap", door="cli"), first=named[0], second=named[1])
    members = {}
    for (key, name), (user, _) in zip(OPERATORS, begun.people, strict=True):
        members[key] = _member(key, name, ("operator",), passwords[key], user)
    one, two = (members[key].actor() for key, _ in OPERATORS)
    for key, name, roles in PEOPLE:
        user, _ = user_create(
            actor=one, email=_email(key), name=name, password=passwords[key], temporary=False
        )
        for role in roles:
            _grant(one, two, role, user)
        members[key] = _member(key, name, roles, passwords[key], user)
    identity = identity_create(
        actor=one, name="training-pipeline", controller_id=members["developer"].user.pk
    )
    _grant(one, two, "ci", identity)
    token, plaintext = token_issue(
        actor=one,
        identity_id=identity.pk,
        label="demo",
        permissions=sorted(ROLES["ci"].permissions),
        expires_at=clock.now() + timedelta(days=30),
    )
    return Cast(members, for_token(token), plaintext)


def write_sign_ins(cast: Cast, target: Path) -> None:
    """What `make serve` prints: readable by this machine's user alone."""
    rows = [
        {"name": m.name, "email": m.email, "roles": m.roles, "password": m.password, "secret": m.secret}
        for m in cast.members.values()
    ]
    target.touch(mode=0o600)
    target.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _grant(one: Actor, two: Actor, role: str, holder: object) -> None:
    days = ROLES[role].max_days
    grant = grant_request(
        actor=one,
        role=role,
        holder_id=holder.pk,  # type: ignore[attr-defined]
        reason="The demo's cast.",
        ends=clock.now() + timedelta(days=min(days, 90)) if days else None,
    )
    grant_confirm(actor=two, grant_id=grant.pk)


def _member(key: str, name: str, roles: tuple[str, ...], password: str, user: User) -> Member:
    alone = for_user(user, "portal", authenticated_at=clock.now())
    secret = second_factor_begin(actor=alone)
    second_factor_confirm(actor=alone, code=pyotp.TOTP(secret).now())
    user.refresh_from_db()
    return Member(key, name, _email(key), roles, password, secret, user)


def _email(key: str) -> str:
    return f"{key}@demo.example"
