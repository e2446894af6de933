"""Pages for signing in, for one's own account, and for who holds which role."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ledger.errors import NotAllowed, ServiceError
from people import access, actors, catalogue, qr, selectors, sessions
from people.catalogue import P
from people.forms import CodeForm, PasswordForm, SignInForm
from people.models import Grant, User
from people.pages import tell
from people.services import notices, passwords, second_factor, signin

page = require_http_methods(["GET", "HEAD", "POST"])


@page
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """First step. Whoever is signed in already can sign in again, to refresh the proof of who they are."""
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = signin.password_check(**form.cleaned_data, address=sessions.address(request))
        except ServiceError as error:
            tell(form, error)
            return _form(request, "people/sign_in.html", form, error.status)
        return _after_password(request, user)
    return _form(request, "people/sign_in.html", form)


def _after_password(request: HttpRequest, user: User) -> HttpResponse:
    onward = sessions.onward(request)
    if user.second_factor_at is not None:
        sessions.wait(request, user, onward)
        return redirect("people:second-factor")
    if access.needs_second_factor(user):
        sessions.wait(request, user, onward)
        return redirect("people:second-factor-set-up")
    sessions.begin(request, user, second_factor=False)
    signin.signed_in(actor=actors.for_user(user, "portal"), second_factor=False)
    return HttpResponseRedirect(onward)


@page
@never_cache
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Second step, for whoever has a second factor."""
    who = sessions.waiting(request)
    if who is None or who[0].second_factor_at is None:
        return redirect("people:sign-in")
    user, onward = who
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = signin.second_factor_check(
                actor=actors.for_user(user, "portal"),
                code=form.cleaned_data["code"],
                address=sessions.address(request),
            )
        except ServiceError as error:
            tell(form, error)
            return _form(request, "people/second_factor.html", form, error.status)
        sessions.begin(request, user, second_factor=True)
        return HttpResponseRedirect(onward)
    return _form(request, "people/second_factor.html", form)


@page
@never_cache
def second_factor_set_up(request: HttpRequest) -> HttpResponse:
    """Second step, for whoever needs a second factor and has none yet; or from the profile, freshly signed in."""
    who = _setting_up(request)
    if who is None:
        return redirect("people:sign-in")
    user, onward = who
    actor = actors.for_user(user, "portal")
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            user = second_factor.second_factor_confirm(actor=actor, code=form.cleaned_data["code"])
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            sessions.begin(request, user, second_factor=True)
            signin.signed_in(actor=actor, second_factor=True)
            messages.success(request, "Your second factor is set up.")
            return HttpResponseRedirect(onward)
    secret = second_factor.second_factor_begin(actor=actor)
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    context = {"form": form, "secret": groups}
    return render(request, "people/second_factor_set_up.html", context, status=status)


@require_GET
@never_cache
def second_factor_code(request: HttpRequest) -> HttpResponse:
    """The waiting secret as a QR code, for the one person it is for."""
    who = _setting_up(request)
    if who is None:
        return redirect("people:sign-in")
    user, _ = who
    secret = second_factor.second_factor_begin(actor=actors.for_user(user, "portal"))
    image = qr.svg(second_factor.provisioning_uri(user, secret))
    return HttpResponse(image, content_type="image/svg+xml")


def _setting_up(request: HttpRequest) -> tuple[User, str] | None:
    who = sessions.waiting(request)
    if who is None and isinstance(request.user, User):
        try:
            access.require_fresh(actors.of(request))
        except NotAllowed:
            return None
        who = request.user, "/profile/"
    return who if who and who[0].second_factor_at is None else None


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
            return _form(request, "people/password.html", form, error.status)
        update_session_auth_hash(request, user)
        messages.success(request, "Your password is changed. Other sessions of yours have ended.")
        return redirect("people:profile")
    return _form(request, "people/password.html", form)


@require_GET
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """One's own roles with their dates and who confirmed them, services one answers for, notices."""
    actor = actors.of(request)
    grants = list(access.in_force(actor).order_by("role", "starts"))
    context = {
        "rows": _rows(grants),
        "identities": selectors.controlled_by(actor),
        "notices": selectors.notices_for(actor)[:20],
        "unread": selectors.unread_count(actor),
    }
    return render(request, "people/profile.html", context)


@require_POST
@login_required
def notices_read(request: HttpRequest) -> HttpResponse:
    notices.notices_read(actor=actors.of(request))
    return redirect("people:profile")


@require_GET
@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Who holds which role, as far as the caller may see; what waits for a second person."""
    actor = actors.of(request)
    reached = access.reach(actor)
    if not reached.anywhere(P.PEOPLE_VIEW):
        access.require(actor, P.PEOPLE_VIEW)
    role = request.GET.get("role", "")
    grants = access.within(reached, P.PEOPLE_VIEW, selectors.grants_in_force())
    if role in catalogue.ROLES:
        grants = grants.filter(role=role)
    shown = Paginator(grants, 50).get_page(request.GET.get("page"))
    waiting = list(access.within(reached, P.PEOPLE_VIEW, selectors.grants_requested())[:50])
    context = {
        "page": shown,
        "rows": _rows(list(shown.object_list)),
        "waiting": _rows(waiting),
        "roles": catalogue.ROLES.values(),
        "role": role,
        "query": f"role={role}" if role in catalogue.ROLES else "",
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


def _form(request: HttpRequest, template: str, form: object, status: int = 200) -> HttpResponse:
    invalid = bool(getattr(form, "errors", None)) and status == 200
    context = {"form": form, "next": sessions.onward(request)}
    return render(request, template, context, status=400 if invalid else status)
