"""Pages for one's own account, and for who holds which role."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.actors import Actor
from ledger.errors import ServiceError
from people import access, actors, catalogue, selectors
from people.catalogue import P
from people.forms import PasswordForm
from people.lists import Column, Filter, Listing, equals, register, shown_list
from people.models import Grant, MailMode, User
from people.pages import tell
from people.services import notices, passwords, signin
from people.views.sign_in import form_page

page = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
@never_cache
def sign_out(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        signin.signed_out(actor=actors.of(request))
    logout(request)
    return redirect("people:sign-in")


@page
@never_cache
@sensitive_post_parameters("current", "new", "again")
@login_required
def password(request: HttpRequest) -> HttpResponse:
    """A new password. Other sessions of this person end; this one goes on."""
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = passwords.password_change(
                actor=actors.of(request), current=form.cleaned_data["current"], new=form.cleaned_data["new"]
            )
        except ServiceError as error:
            tell(form, error)
            return form_page(request, "people/password.html", form, error.status)
        update_session_auth_hash(request, user)
        messages.success(request, "Your password is changed. Other sessions of yours have ended.")
        return redirect("people:profile")
    return form_page(request, "people/password.html", form)


@require_safe
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """One's own roles with their dates and who confirmed them, services one answers for, notices."""
    actor = actors.of(request)
    grants = list(access.in_force(actor).order_by("role", "starts"))
    context = {
        "rows": _rows(grants),
        "passkeys": selectors.passkeys_of(request.user) if isinstance(request.user, User) else (),
        "standing_in": selectors.stands_in_for(actor.id),
        "identities": selectors.controlled_by(actor),
        "notices": selectors.notices_for(actor)[:20],
        "unread": selectors.unread_count(actor),
        "mail": {
            "on": notices.mail_is_on(),
            "mode": selectors.mail_mode(actor),
            "modes": MailMode.choices,
        },
        "feed": selectors.calendar_feed(actor),
    }
    return render(request, "people/profile.html", context)


@require_POST
@login_required
def notices_read(request: HttpRequest) -> HttpResponse:
    notices.notices_read(actor=actors.of(request))
    return redirect("people:profile")


def _grants(actor: Actor) -> QuerySet[Grant]:
    return access.visible(actor, P.PEOPLE_VIEW, selectors.grants_in_force())


PEOPLE = register(
    Listing(
        "people", "Who holds which role", "people:people", _grants, order="role",
        columns=(
            Column("holder", "Holder", lambda row: str(row.holder), sort=("holder_user__name", "holder_identity__name")),
            Column("role", "Role", lambda row: _role_title(row.role), sort=("role",)),
            Column("on", "On", lambda row: row.scope_type.capitalize(), sort=("scope_type",)),
            Column("from", "From", lambda row: row.starts, "moment", sort=("starts",)),
            Column("until", "Until", lambda row: row.ends, "moment", sort=("ends",)),
            Column("requested_by", "Requested by", lambda row: row.requested_by, "person"),
            Column("confirmed_by", "Confirmed by", lambda row: row.confirmed_by, "person"),
        ),
        filters=(
            Filter("role", "Role", equals("role"), lambda: [(row.name, row.title) for row in catalogue.ROLES.values()]),
        ),
        things=("grant", "grants"),
        empty="Nobody holds this.",
    )
)  # fmt: skip


def _role_title(name: str) -> str:
    return catalogue.ROLES[name].title if name in catalogue.ROLES else name


@require_safe
@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Who holds which role, as far as the caller may see; what waits for a second person."""
    actor = actors.of(request)
    reached = access.reach(actor)
    if not reached.anywhere(P.PEOPLE_VIEW):
        access.require(actor, P.PEOPLE_VIEW)
    context = shown_list(request, PEOPLE)
    waiting = list(access.within(reached, P.PEOPLE_VIEW, selectors.grants_requested())[:50])
    context |= {
        "shown": _rows(context["objects"]),
        "waiting": _rows(waiting),
        "may_confirm": reached.allows(P.GRANT_CONFIRM),
    }
    return render(request, "people/people.html", context)


def _rows(grants: list[Grant]) -> list[dict[str, object]]:
    scopes = selectors.scope_names(grants)
    names = selectors.names_of(
        {name for row in grants for name in (row.requested_by, row.confirmed_by) if name}
    )
    return [
        {
            "grant": row,
            "holder": row.holder,
            "role": catalogue.ROLES.get(row.role),
            "scope": scopes[row.scope_id],
            "requested_by": names.get(row.requested_by, ""),
            "confirmed_by": names.get(row.confirmed_by, ""),
        }
        for row in grants
    ]
