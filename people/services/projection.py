"""Django's and guardian's permission rows as an image of the grants in force.

Libraries that know nothing of `Grant` (an admin page, a filter of guardian's) read them; `people.access`
never does. The image is computed whole for one person at a time, so it can't drift by a forgotten step.
"""

from __future__ import annotations

from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from guardian.models import UserObjectPermission

from people import access
from people.catalogue import PERMISSIONS, SCOPES, P, codename, permissions_of
from people.models import User

Row = tuple[int, str]
"""Permission id and object id as text: one row of guardian's for a person."""


def project(user: User) -> None:
    """Make the person's permission rows equal to their grants in force. Runs in the transaction of what
    changed."""
    organisation, objects = expected(user)
    user.user_permissions.set(organisation)
    there = {
        (row.permission_id, row.object_pk): row.pk for row in UserObjectPermission.objects.filter(user=user)
    }
    gone = [pk for row, pk in there.items() if row not in objects]
    UserObjectPermission.objects.filter(pk__in=gone).delete()
    UserObjectPermission.objects.bulk_create(
        UserObjectPermission(
            user=user, permission_id=permission_id, object_pk=object_pk, content_type_id=content_type_id
        )
        for (permission_id, object_pk), content_type_id in sorted(objects.items())
        if (permission_id, object_pk) not in there
    )


def expected(user: User) -> tuple[set[int], dict[Row, int]]:
    """Permission ids held for the organisation, and guardian's rows with their content type ids."""
    grants = access.current().filter(holder_user=user).values_list("role", "scope_type", "scope_id")
    organisation: set[P] = set()
    scoped: dict[tuple[str, UUID], set[P]] = {}
    for role, scope_type, scope_id in grants:
        if scope_type == "organisation":
            organisation |= permissions_of(role)
        elif scope_id is not None:
            scoped.setdefault((scope_type, scope_id), set()).update(permissions_of(role))
    whole: set[int] = set()
    if organisation:
        whole = {row.pk for name, row in _rows("system").items() if name in organisation}
    objects: dict[Row, int] = {}
    for (scope_type, scope_id), held in scoped.items():
        rows = _rows(scope_type)
        for name in held:
            objects[rows[name].pk, str(scope_id)] = rows[name].content_type_id
    return whole, objects


def _rows(scope_type: str) -> dict[P, Permission]:
    """Django's rows for the catalogue, on the content type of a scope; those that `migrate` hasn't made are
    made."""
    content_type = ContentType.objects.get_for_model(apps.get_model(SCOPES[scope_type]))
    known = {
        row.codename: row
        for row in Permission.objects.filter(
            content_type=content_type, codename__in=[codename(name) for name in P]
        )
    }
    for name in P:
        if codename(name) not in known:
            known[codename(name)], _ = Permission.objects.get_or_create(
                content_type=content_type,
                codename=codename(name),
                defaults={"name": PERMISSIONS[name].title},
            )
    return {name: known[codename(name)] for name in P}
