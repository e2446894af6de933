"""Reading people: their names for pages, their notices, what waits for a second person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import F, Q, QuerySet

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid
from people import access
from people.access import Scoped
from people.catalogue import SCOPES, P
from people.models import (
    Absence,
    ActedFor,
    CalendarFeed,
    Delegation,
    Grant,
    MailMode,
    MailPreference,
    Notice,
    Passkey,
    ProviderSession,
    SavedView,
    ServiceIdentity,
    User,
)
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


def notices_for(actor: Actor) -> QuerySet[Notice]:
    """The acting person's notices, newest first."""
    user = acting_user(actor)
    return Notice.objects.filter(recipient=user) if user else Notice.objects.none()


def unread_count(actor: Actor) -> int:
    return notices_for(actor).filter(read_at=None).count()


def saved_views(actor: Actor, listing: str) -> QuerySet[SavedView]:
    """The acting person's own views of a list, by name."""
    user = acting_user(actor)
    return SavedView.objects.filter(owner=user, listing=listing) if user else SavedView.objects.none()


def mail_mode(actor: Actor) -> str:
    """How the acting person's notices are mailed."""
    row = MailPreference.objects.filter(user=acting_user(actor)).first()
    return row.mode if row else MailMode.AT_ONCE.value


def calendar_feed(actor: Actor) -> CalendarFeed | None:
    """The acting person's private calendar address, if there is one; the address itself can't be shown again."""
    return CalendarFeed.objects.filter(user=acting_user(actor)).first()


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


def grants_over(moment: datetime, limit: int = 200) -> list[UUID]:
    """Active grants whose end had passed at `moment` and isn't recorded yet."""
    over = Grant.objects.filter(state="active", ends__lte=moment)
    return list(over.order_by("ends").values_list("pk", flat=True)[:limit])


def holders_begun(moment: datetime) -> list[User]:
    """People with a grant that began, by its date, within the day before `moment`."""
    lately = Grant.objects.filter(starts__lte=moment, starts__gt=moment - timedelta(days=1))
    begun = lately.filter(state="active", starts__gt=F("confirmed_at"))
    return list(User.objects.filter(pk__in=begun.values("holder_user_id")))


def delegations_over(moment: datetime, limit: int = 200) -> list[UUID]:
    """Active delegations whose end had passed at `moment` and isn't recorded yet."""
    over = Delegation.objects.filter(state="active", ends__lte=moment)
    return list(over.order_by("ends").values_list("pk", flat=True)[:limit])


def stands_in_for(pseudonym: str) -> list[Delegation]:
    """The delegations by which this person has rights of others now, soonest over first."""
    rows = access.delegations().filter(delegate__pseudonym=pseudonym)
    return list(rows.select_related("grant__holder_user").order_by("ends", "pk"))


def delegations_of(user: User) -> QuerySet[Delegation]:
    """What a person lent or was lent, whatever became of it, newest first."""
    rows = Delegation.objects.filter(Q(grant__holder_user=user) | Q(delegate=user))
    return rows.select_related("grant__holder_user", "delegate").order_by("-starts", "pk")


def delegations_in_force(rows: Iterable[Delegation]) -> QuerySet[Delegation]:
    """Those of `rows` that are in force now."""
    return access.delegations().filter(pk__in=[row.pk for row in rows])


def absences_of(user: User) -> QuerySet[Absence]:
    """When a person is or will be away, next first."""
    rows = Absence.objects.filter(user=user, state="active", ends__gt=clock.now())
    return rows.select_related("deputy").order_by("starts", "pk")


def person_at(email: str, field: str) -> User:
    """The person with this address who isn't locked out. Raises Invalid for `field`."""
    found = User.objects.filter(email=normal_email(email), is_active=True).first()
    if found is None:
        raise Invalid("There is nobody here with this address, or they are locked out.", field=field)
    return found


def systems_seen(actor: Actor, limit: int = 500) -> list[tuple[str, str]]:
    """Id and name of the systems the actor sees, by name: for choosing one."""
    rows = apps.get_model(SCOPES["system"])._default_manager.order_by("name", "pk")
    found = access.visible(actor, P.SYSTEM_VIEW, rows)[:limit]
    return [(str(row.pk), str(row)) for row in found]


def deputies_of(pseudonyms: Iterable[str], moment: datetime) -> set[str]:
    """Who gets the notices of these people as well: their delegates, and the deputies of those who are away."""
    wanted = set(pseudonyms)
    lent = access.delegations(moment).filter(grant__holder_user__pseudonym__in=wanted)
    away = Absence.objects.filter(
        user__pseudonym__in=wanted,
        deputy__isnull=False,
        state="active",
        starts__lte=moment,
        ends__gt=moment,
    )
    delegates = set(lent.values_list("delegate__pseudonym", flat=True))
    return delegates | set(away.values_list("deputy__pseudonym", flat=True))


def acted_for(kind: str, ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Id of a row of this kind in the log -> whose right its maker used as delegate; absent: their own."""
    rows = ActedFor.objects.filter(subject_kind=kind, subject_id__in=list(ids))
    return dict(rows.values_list("subject_id", "delegator"))


def fillable(role: str, scope: Scoped | None, excluding: Iterable[str] = ()) -> list[User]:
    """The people who could fill a seat of `role` on `scope` now, by name, without those (pseudonyms) who are barred.

    Delegates aren't among them: a seat that is lent is still its holder's, and counts once.
    """
    return list(access.holders(role, scope).exclude(pseudonym__in=set(excluding)))


def passkeys_of(user: User) -> QuerySet[Passkey]:
    """The passkeys in force of one person, oldest first."""
    return Passkey.objects.filter(user=user, state="active").order_by("added_at", "pk")


def credentials_stand(user: User, rests_on: Mapping[str, str]) -> bool:
    """Whether everything a session of `user` rests on besides the password is in force still."""
    if (passkey := rests_on.get("passkey")) and not passkeys_of(user).filter(pk=passkey).exists():
        return False
    provider = rests_on.get("provider")
    begun = ProviderSession.objects.filter(link__user=user, link__state="active", ended_at=None)
    return not provider or begun.filter(pk=provider).exists()


def has_second_factor(user: User) -> bool:
    """Whether anything but the password proves who this person is: an authenticator app, or a passkey."""
    return user.second_factor_at is not None or passkeys_of(user).exists()


def scope_names(grants: Iterable[Grant | Delegation]) -> Mapping[UUID | None, str]:
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


def models_of(system_id: UUID) -> list[UUID]:
    """Ids of a system's models, which grants may name."""
    rows = apps.get_model(SCOPES["model"])._default_manager.filter(system_id=system_id)
    return list(rows.values_list("pk", flat=True))


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
