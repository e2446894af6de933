"""Who may: the one place where a permission question is answered.

The truth is `Grant` as it stands in the database at `clock.now()`, and `Delegation`, which lends a grant to another
for a time. Django's and guardian's permission rows
are a projection of it and are never asked; `is_superuser` counts for nothing. Deny is the answer to
everything unsaid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import NotAllowed
from people import catalogue
from people.catalogue import INTERACTIVE, P, permissions_of
from people.models import Delegation, Grant, User

M = TypeVar("M", bound=Model)
_reached: ContextVar[dict[Actor, Reach] | None] = ContextVar("reached", default=None)


class Scoped(Protocol):
    """Anything a permission question can be about: it says which scopes reach it, nearest first.

    `(("model", <id>), ("system", <id>))` for what is below a model; `()` for what only organisation grants
    reach.
    """

    def scopes(self) -> tuple[tuple[str, UUID], ...]: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope by itself, for questions about things that aren't there yet: `Scope.system(id)`."""

    pairs: tuple[tuple[str, UUID], ...] = ()

    @classmethod
    def system(cls, system_id: UUID) -> Scope:
        return cls((("system", system_id),))

    @classmethod
    def model(cls, model_id: UUID, system_id: UUID) -> Scope:
        return cls((("model", model_id), ("system", system_id)))

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return self.pairs


@dataclass(frozen=True, slots=True)
class Reach:
    """All that an actor may do at one moment, from one query: for pages that ask many questions.

    Never kept beyond the request; a service that writes asks `require`, which reads anew.
    """

    actor: Actor
    organisation: frozenset[P] = frozenset()
    scoped: Mapping[tuple[str, UUID], frozenset[P]] = field(default_factory=dict)
    roles: tuple[tuple[str, str, UUID | None], ...] = ()
    """Role, scope type and scope id of everything held or lent."""

    def allows(self, permission: P, obj: Scoped | None = None) -> bool:
        """Whether `permission` reaches `obj`; without an object, whether it is held for the whole
        organisation."""
        if permission in self.organisation:
            return True
        return any(permission in self.scoped.get(pair, ()) for pair in scopes_of(obj))

    def anywhere(self, permission: P) -> bool:
        """Whether it is held on anything at all: for menus and empty pages, never for a decision."""
        return permission in self.organisation or any(permission in held for held in self.scoped.values())

    def ids(self, permission: P, scope_type: str) -> frozenset[UUID]:
        """Ids of the scopes of one type on which `permission` is held; organisation grants aren't spelt
        out."""
        return frozenset(
            pk for (kind, pk), held in self.scoped.items() if kind == scope_type and permission in held
        )

    def roles_on(self, obj: Scoped | None) -> frozenset[str]:
        """Names of the roles that reach `obj`."""
        reaching = {("organisation", None), *scopes_of(obj)}
        return frozenset(role for role, kind, pk in self.roles if (kind, pk) in reaching)

    @property
    def all(self) -> frozenset[P]:
        """Every permission held anywhere."""
        return self.organisation.union(*self.scoped.values())


@contextmanager
def one_answer() -> Iterator[None]:
    """While one page is made that changes nothing, `reach`, `roles` and `visible` ask once for each actor: a list of twenty
    kinds of work asks twenty times. `require` and `allowed` read anew even then, so that no act goes by it."""
    token = _reached.set({})
    try:
        yield
    finally:
        _reached.reset(token)


def reach(actor: Actor) -> Reach:
    """What `actor` may do now, and where."""
    kept = _reached.get()
    if kept is None:
        return _reach_anew(actor)
    if actor not in kept:
        kept[actor] = _reach_anew(actor)
    return kept[actor]


def _reach_anew(actor: Actor) -> Reach:
    if actor.kind == "system":
        return Reach(actor, catalogue.SYSTEM_PERMISSIONS.get(actor.id, frozenset()))
    organisation: set[P] = set()
    scoped: dict[tuple[str, UUID], frozenset[P]] = {}
    roles_held = tuple(_held(actor))
    for role, scope_type, scope_id in roles_held:
        held = _usable(actor, permissions_of(role))
        if scope_type == "organisation":
            organisation |= held
        elif scope_id is not None:
            scoped[scope_type, scope_id] = scoped.get((scope_type, scope_id), frozenset()) | held
    return Reach(actor, frozenset(organisation), scoped, roles_held)


def allowed(actor: Actor, permission: P, obj: Scoped | None = None) -> bool:
    """Whether `actor` may do `permission` on `obj` now; without an object, in the whole organisation."""
    return _reach_anew(actor).allows(P(permission), obj)


def require(actor: Actor, permission: P, obj: Any = None) -> None:
    """NotAllowed unless `allowed`. It is `visible` where the actor may know that the thing is there.

    `reason`: "no-grant", "not-interactive" (a token, or a session without second factor) or "not-in-token".
    """
    permission = P(permission)
    reached = _reach_anew(actor)
    if reached.allows(permission, obj):
        return
    title = catalogue.PERMISSIONS[permission].title
    reason = _why_not(actor, permission, obj)
    message = {
        "no-grant": f"You hold no role that allows this: {title}.",
        "not-interactive": f"This needs a person signed in with a second factor: {title}.",
        "not-in-token": f"The token doesn't carry this: {title}.",
    }[reason]
    raise NotAllowed(
        message,
        permission=permission.value,
        subject=Subject.of(obj) if hasattr(obj, "ledger_kind") else None,
        reason=reason,
        visible=_sees(reached, obj),
    )


def require_recent(actor: Actor, minutes: int = 15) -> None:
    """NotAllowed ("stale-session") unless a person proved who they are within the last `minutes`."""
    if actor.interactive and _fresh(actor, minutes):
        return
    raise NotAllowed(
        f"This needs a sign-in within the last {minutes} minutes. Sign in again.",
        reason="stale-session",
        visible=True,
    )


def require_fresh(actor: Actor, minutes: int = 15) -> None:
    """`require_recent` for who has no second factor yet and is about to set it up."""
    if actor.kind == "user" and _fresh(actor, minutes):
        return
    raise NotAllowed("Sign in again first.", reason="stale-session", visible=True)


def require_person(actor: Actor) -> None:
    """NotAllowed ("not-interactive") unless a person acts in a session with a second factor."""
    if actor.kind == "user" and actor.interactive:
        return
    raise NotAllowed(
        "This needs a person signed in with a second factor.", reason="not-interactive", visible=True
    )


def visible(actor: Actor, permission: P, queryset: QuerySet[M]) -> QuerySet[M]:
    """The rows of `queryset` that `permission` reaches. The model says how, in `scope_paths`:
    `{"model": "version__model_id", "system": "version__model__system_id"}`; without it only organisation
    grants reach.
    """
    return within(reach(actor), permission, queryset)


def within(reached: Reach, permission: P, queryset: QuerySet[M]) -> QuerySet[M]:
    """`visible` for an actor whose reach is known already."""
    if permission in reached.organisation:
        return queryset
    paths: Mapping[str, str] = getattr(queryset.model, "scope_paths", {})
    condition = Q(pk__in=())
    for scope_type, path in paths.items():
        if ids := reached.ids(permission, scope_type):
            condition |= Q(**{f"{path}__in": ids})
    return queryset.filter(condition)


def in_force(actor: Actor, at: datetime | None = None) -> QuerySet[Grant]:
    """The grants that `actor` holds now (or held, had nothing been revoked since, `at`); `lent` has others'."""
    grants = current(at)
    if actor.kind == "user" and actor.pk:
        return grants.filter(holder_user_id=UUID(actor.pk))
    if actor.kind == "service" and actor.pk:
        return grants.filter(holder_identity_id=UUID(actor.pk))
    return grants.none()


def current(at: datetime | None = None) -> QuerySet[Grant]:
    """All grants in force: active, begun, not ended, the holder not locked out; a service identity falls with
    its controller."""
    moment = at or clock.now()
    return Grant.objects.filter(
        Q(holder_user__is_active=True)
        | Q(holder_identity__is_active=True, holder_identity__controller__is_active=True),
        Q(ends__isnull=True) | Q(ends__gt=moment),
        state="active",
        starts__lte=moment,
    )


def delegations(at: datetime | None = None) -> QuerySet[Delegation]:
    """All delegations in force: begun, not over, of a grant in force, to somebody who isn't locked out."""
    moment = at or clock.now()
    return Delegation.objects.filter(
        state="active",
        starts__lte=moment,
        ends__gt=moment,
        delegate__is_active=True,
        grant__in=current(moment),
    )


def lent(actor: Actor, at: datetime | None = None) -> QuerySet[Delegation]:
    """The delegations that `actor` may use now: only of those for whom the actor counts as standing in, so that no
    right is used without what bars its holder."""
    if actor.kind != "user" or not actor.pk or not actor.stands_in_for:
        return Delegation.objects.none()
    return delegations(at).filter(
        delegate_id=UUID(actor.pk), grant__holder_user__pseudonym__in=actor.stands_in_for
    )


def delegators(user_pk: UUID) -> frozenset[str]:
    """Pseudonyms of those whose rights the person has now by delegation."""
    rows = delegations().filter(delegate_id=user_pk)
    return frozenset(rows.values_list("grant__holder_user__pseudonym", flat=True))


def covering(obj: Scoped | None) -> Q:
    """The condition on grants and delegations that they reach `obj`."""
    condition = Q(scope_type="organisation")
    for scope_type, scope_id in scopes_of(obj):
        condition |= Q(scope_type=scope_type, scope_id=scope_id)
    return condition


def scopes_of(obj: Any) -> tuple[tuple[str, UUID], ...]:
    """The scopes that reach `obj`; none, so that only organisation grants do, for what doesn't say (the
    ledger's own rows, which know no scopes)."""
    say = getattr(obj, "scopes", None)
    return say() if say is not None else ()


def roles(actor: Actor, obj: Scoped | None = None) -> frozenset[str]:
    """Names of the roles that `actor` has now on `obj`: held, or lent by delegation."""
    return reach(actor).roles_on(obj)


def holds(pseudonym: str, role: str, obj: Scoped | None = None, *, lent_by: str = "") -> bool:
    """Whether the person holds `role` on `obj` now (or has it from `lent_by`): for counting seats again at the
    moment of a move."""
    if lent_by:
        return (
            delegations()
            .filter(covering(obj), delegate__pseudonym=pseudonym)
            .filter(grant__holder_user__pseudonym=lent_by, grant__role=role)
            .exists()
        )
    return current().filter(covering(obj), holder_user__pseudonym=pseudonym, role=role).exists()


def lenders(actor: Actor, role: str, obj: Scoped | None = None) -> tuple[str, ...]:
    """Whose `role` the actor has on `obj` by delegation, longest lent first; nobody's where they hold it
    themselves."""
    if in_force(actor).filter(covering(obj), role=role).exists():
        return ()
    rows = lent(actor).filter(covering(obj), grant__role=role).order_by("starts", "pk")
    return tuple(dict.fromkeys(rows.values_list("grant__holder_user__pseudonym", flat=True)))


def holders(role: str | Iterable[str], obj: Scoped | None = None) -> QuerySet[User]:
    """The people who hold `role` (or one of several) on `obj` now, by name; delegates aren't among them."""
    names = [role] if isinstance(role, str) else list(role)
    grants = current().filter(covering(obj), role__in=names, holder_user__isnull=False)
    return User.objects.filter(pk__in=grants.values("holder_user_id")).order_by("name", "pk")


def needs_second_factor(user: User) -> bool:
    """Staff, and whoever holds or is about to hold a role with rights that only an interactive session
    carries."""
    if user.is_staff or user.is_superuser:
        return True
    supervised = Q(role__in=catalogue.SUPERVISED)
    if Grant.objects.filter(supervised, holder_user=user, state__in=("requested", "active")).exists():
        return True
    return Delegation.objects.filter(
        delegate=user, state="active", ends__gt=clock.now(), grant__role__in=catalogue.SUPERVISED
    ).exists()


def _held(actor: Actor) -> Iterable[tuple[str, str, UUID | None]]:
    """Role, scope type and scope id of every grant held and of every one lent."""
    own = in_force(actor).values_list("role", "scope_type", "scope_id")
    return chain(own, lent(actor).values_list("grant__role", "scope_type", "scope_id"))


def _fresh(actor: Actor, minutes: int) -> bool:
    since = actor.authenticated_at
    return since is not None and clock.now() - since <= timedelta(minutes=minutes)


def _usable(actor: Actor, held: frozenset[P]) -> frozenset[P]:
    if actor.kind == "service":
        return frozenset(name for name in held if name.value in actor.scopes) - INTERACTIVE
    return held if actor.interactive else held - INTERACTIVE


def _why_not(actor: Actor, permission: P, obj: Scoped | None) -> str:
    if actor.kind == "system" or permission not in frozenset().union(
        *(permissions_of(role) for role in roles(actor, obj))
    ):
        return "no-grant"
    return "not-interactive" if permission in INTERACTIVE else "not-in-token"


def _sees(reached: Reach, obj: Any) -> bool:
    if obj is None or obj == Scope():
        return True
    if isinstance(obj, Scope):
        return reached.allows(P.SYSTEM_VIEW, obj)
    view = catalogue.viewed_by(getattr(obj, "ledger_kind", ""))
    return view is not None and reached.allows(view, obj)
