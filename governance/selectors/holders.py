"""People by what they may do on a thing: for choosing somebody, and for telling those whom it concerns."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from ledger.errors import Invalid
from people import access
from people.access import Scoped
from people.catalogue import P, roles_with
from people.models import User


def holders_of(permission: P, obj: Scoped) -> QuerySet[User]:
    """The people who hold a role with `permission` on `obj` now, by name."""
    return access.holders(roles_with(permission), obj)


def holder_named(written: str, permission: P, obj: Scoped, field: str) -> User:
    """Who is meant by a pseudonym or an e-mail address, among those who hold `permission` on `obj`. Raises Invalid,
    the same whether there is no such person or they hold no such role."""
    said = written.strip()
    found = holders_of(permission, obj).filter(Q(pseudonym=said) | Q(email__iexact=said)).first()
    if found is None:
        raise Invalid("Nobody of this name holds a role here that allows it.", field=field)
    return found


def seeing(pseudonyms: Iterable[str], obj: Scoped) -> list[User]:
    """Those of `pseudonyms` who may still see `obj`: nobody is told of what they may no longer know."""
    return list(holders_of(P.VERSION_VIEW, obj).filter(pseudonym__in=set(pseudonyms)))
