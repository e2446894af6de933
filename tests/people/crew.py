"""People made as people are made: by bootstrap, by operators, by grants that two persons agree on."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp

from ledger import clock
from ledger.actors import Actor
from people import actors
from people.catalogue import ROLES, permissions_of
from people.models import Grant, ServiceIdentity, Token, User
from people.services import second_factor
from people.services.bootstrap import Begun, Named, bootstrap
from people.services.grants import grant_confirm, grant_request
from people.services.identities import identity_create
from people.services.people import user_create
from people.services.tokens import token_issue
from registry.models import AIModel, System

PASSWORD = "correct-horse-battery-9"
_numbers = itertools.count(1)


def begin() -> Begun:
    return bootstrap(
        actor=Actor.system("bootstrap", door="cli"),
        first=Named("Olga First", "olga@example.org", PASSWORD, temporary=False),
        second=Named("Omar Second", "omar@example.org", PASSWORD, temporary=False),
    )


def acting(user: User, *, interactive: bool = True) -> Actor:
    return actors.for_user(user, "test", authenticated_at=clock.now(), interactive=interactive)


class Crew:
    """Two operators, and whoever they add."""

    def __init__(self) -> None:
        self.begun = begin()
        self.first, self.second = (user for user, _ in self.begun.people)
        self.olga, self.omar = acting(self.first), acting(self.second)

    def person(self, *roles: str, on: Any = None, ends: Any = None) -> User:
        number = next(_numbers)
        user, _ = user_create(
            actor=self.olga,
            email=f"person{number}@example.org",
            name=f"Person {number}",
            password=PASSWORD,
            temporary=False,
        )
        for role in roles:
            self.grant(user, role, on=on, ends=ends)
        return user

    def identity(self, controller: User, *roles: str, on: Any = None) -> ServiceIdentity:
        identity = identity_create(
            actor=self.olga, name=f"pipeline {next(_numbers)}", controller_id=controller.pk
        )
        for role in roles:
            self.grant(identity, role, on=on)
        return identity

    def request(self, holder: User | ServiceIdentity, role: str, on: Any = None, **dates: Any) -> Grant:
        if ROLES[role].max_days and not dates.get("ends"):
            dates["ends"] = (dates.get("starts") or clock.now()) + timedelta(days=30)
        return grant_request(
            actor=self.olga,
            role=role,
            holder_id=holder.pk,
            scope_type=scope_type(on),
            scope_id=on.pk if on is not None else None,
            reason="They do this work.",
            **dates,
        )

    def grant(self, holder: User | ServiceIdentity, role: str, on: Any = None, **dates: Any) -> Grant:
        grant = self.request(holder, role, on, **dates)
        return grant_confirm(actor=self.omar, grant_id=grant.pk)

    def token(self, identity: ServiceIdentity, *permissions: str, role: str = "ci") -> tuple[Token, str]:
        return token_issue(
            actor=self.olga,
            identity_id=identity.pk,
            label="build",
            permissions=permissions or [name.value for name in permissions_of(role)],
            expires_at=clock.now() + timedelta(days=30),
        )

    def enrol(self, user: User) -> pyotp.TOTP:
        """A second factor in force for `user`, and the app that shows its codes."""
        return enrol(user)


def enrol(user: User) -> pyotp.TOTP:
    totp = pyotp.TOTP(second_factor.second_factor_begin(actor=acting(user, interactive=False)))
    second_factor.second_factor_confirm(actor=acting(user, interactive=False), code=code(totp))
    # the code that set it up is used; a test's next one would come half a minute later
    User.objects.filter(pk=user.pk).update(totp_step=0)
    return totp


def code(totp: pyotp.TOTP, steps: int = 0) -> str:
    return totp.at(int(clock.now().timestamp()) + 30 * steps)


def scope_type(on: Any) -> str:
    return {System: "system", AIModel: "model"}.get(type(on), "organisation")


def nobody() -> UUID:
    return UUID("00000000-0000-4000-8000-000000000000")
