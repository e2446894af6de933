"""Reading people: their names for pages, their notices, what waits for a second person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import F, QuerySet

from ledger.actors import Actor
from ledger.errors import Invalid
from people import access
from people.catalogue import SCOPES
from people.models import Grant, Notice, Recovery, ServiceIdentity, User
from people.models.users import normal_email

SOMEBODY = "Somebody unknown"


def acting_user(actor: Actor, *, lock: bool = False) -> User | None:
    """The person who acts, if they may still sign in; None for everything that isn't a person."""
    if actor.kind != "user" or actor.pk is None:
        return None
    users = User.objects.select_for_update() if lock else User.objects.all()
    return users.filter(pk=UUID(actor.pk), is_active=True).first()


def names_of(pseudonyms: Iterable[str]) -> Mapping[str, str]:
    """Pseudonym -> name of a person or service identity, or the system actor's own name; every one asked for."""
    wanted = set(pseudonyms)
    found = dict(User.objects.filter(pseudonym__in=wanted).values_list("pseudonym", "name"))
    if left := wanted - found.keys():
        found |= dict(ServiceIdentity.objects.filter(pseudonym__in=left).values_list("pseudonym", "name"))
    unknown = {name: SOMEBODY if name.startswith(("p-", "s-")) else name for name in wanted - found.keys()}
    return {**found, **unknown}


def name_of(pseudonym: str) -> str:
    """What pages call a pseudonym."""
    return names_of([pseudonym])[pseudonym]


def user_by_pseudonym(pseudonym: str) -> User | None:
    return User.objects.filter(pseudonym=pseudonym).first()


def notices_for(actor: Actor) -> QuerySet[Notice]:
    """The acting person's notices, newest first."""
    user = acting_user(actor)
    return Notice.objects.filter(recipient=user) if user else Notice.objects.none()


def unread_count(actor: Actor) -> int:
    return notices_for(actor).filter(read_at=None).count()


def grants_in_force() -> QuerySet[Grant]:
    """Who holds which role now, by role and holder."""
    rows = access.current().select_related("holder_user", "holder_identity__controller")
    return rows.order_by("role", "holder_user__name", "holder_identity__name", "pk")


def grants_requested() -> QuerySet[Grant]:
    """Grants that wait for a second person, oldest first."""
    rows = Grant.objects.filter(state="requested").select_related(
        "holder_user", "holder_identity__controller"
    )
    return rows.order_by("requested_at", "pk")


def recoveries_requested() -> QuerySet[Recovery]:
    """Recoveries that wait for a second person, oldest first."""
    rows = Recovery.objects.filter(state="requested").select_related("user")
    return rows.order_by("requested_at", "pk")


def grants_over(moment: datetime, limit: int = 200) -> list[UUID]:
    """Active grants whose end had passed at `moment` and isn't recorded yet."""
    over = Grant.objects.filter(state="active", ends__lte=moment)
    return list(over.order_by("ends").values_list("pk", flat=True)[:limit])


def holders_begun(moment: datetime) -> list[User]:
    """People with a grant that began, by its date, within the day before `moment`."""
    lately = Grant.objects.filter(starts__lte=moment, starts__gt=moment - timedelta(days=1))
    begun = lately.filter(state="active", starts__gt=F("confirmed_at"))
    return list(User.objects.filter(pk__in=begun.values("holder_user_id")))


def scope_names(grants: Iterable[Grant]) -> Mapping[UUID | None, str]:
    """Scope id -> the name of the system or model, for the grants of one page; None -> the whole organisation."""
    wanted: dict[str, set[UUID]] = {}
    for grant in grants:
        if grant.scope_id is not None:
            wanted.setdefault(grant.scope_type, set()).add(grant.scope_id)
    names: dict[UUID | None, str] = {None: "The whole organisation"}
    for scope_type, ids in wanted.items():
        rows = apps.get_model(SCOPES[scope_type])._default_manager.filter(pk__in=ids)
        names |= {pk: f"{scope_type.capitalize()} {name}" for pk, name in rows.values_list("pk", "name")}
        names |= dict.fromkeys(ids - names.keys(), f"A {scope_type} that isn't there")
    return names


def controlled_by(actor: Actor) -> QuerySet[ServiceIdentity]:
    """The service identities that the acting person answers for."""
    return ServiceIdentity.objects.filter(controller=acting_user(actor)).order_by("name")


def operator_named(email: str, field: str) -> User:
    """The operator in force with this e-mail, for commands of the host. Raises Invalid for `field`."""
    user = access.holders("operator").filter(email=normal_email(email), is_active=True).first()
    if user is None:
        raise Invalid(f"{email} is no operator in force.", field=field)
    return user


def principal_named(written: str, field: str) -> User | ServiceIdentity:
    """The active person with this e-mail, or else the active service identity of this name, for commands of the host.

    Raises Invalid for `field`. What they may do is asked when they do it.
    """
    found: User | ServiceIdentity | None
    if "@" in written:
        found = User.objects.filter(email=normal_email(written), is_active=True).first()
    else:
        found = (
            ServiceIdentity.objects.select_related("controller").filter(name=written, is_active=True).first()
        )
    if found is None:
        raise Invalid(
            f"{written} is no active person (by e-mail) or service identity (by name).", field=field
        )
    return found
