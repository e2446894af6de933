"""Signing in: password or passkey, then a second factor where the first was none."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, NotAllowed, ServiceError
from people import access, actors, qr, selectors, sessions
from people.forms import CodeForm, PasskeyForm, SignInForm
from people.models import User
from people.pages import tell
from people.services import passkeys, second_factor, signin

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
            return form_page(request, "people/sign_in.html", form, error.status)
        return _after_password(request, user)
    return form_page(request, "people/sign_in.html", form)


def _after_password(request: HttpRequest, user: User) -> HttpResponse:
    return after_first_proof(request, user, sessions.onward(request))


def after_first_proof(
    request: HttpRequest,
    user: User,
    onward: str,
    credentials: dict[str, str] | None = None,
    at: datetime | None = None,
) -> HttpResponse:
    """On to the second factor, to its set-up, or in. `credentials` is what the session will rest on, `at` when the
    first proof was given, where that was not just now."""
    if selectors.has_second_factor(user):
        sessions.wait(request, user, onward, credentials)
        return redirect("people:second-factor")
    if access.needs_second_factor(user):
        sessions.wait(request, user, onward, credentials)
        return redirect("people:second-factor-set-up")
    sessions.begin(request, user, second_factor=False, credentials=credentials, at=at)
    signin.signed_in(actor=actors.for_user(user, "portal"), second_factor=False)
    return HttpResponseRedirect(onward)


@page
@never_cache
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Second step, for whoever has a second factor: a code of the app, or a passkey."""
    who = sessions.waiting(request)
    if who is None or not selectors.has_second_factor(who[0]):
        return redirect("people:sign-in")
    user, onward = who
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and user.second_factor_at is not None and form.is_valid():
        try:
            user = signin.second_factor_check(
                actor=actors.for_user(user, "portal"),
                code=form.cleaned_data["code"],
                address=sessions.address(request),
            )
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            sessions.begin(request, user, second_factor=True)
            return HttpResponseRedirect(onward)
    elif request.method == "POST":
        status = 400
    options = ""
    if selectors.passkeys_of(user).exists():
        asked, state = passkeys.using_begin(place=sessions.place(request), user=user)
        sessions.challenge(request, state)
        options = json.dumps(asked["publicKey"])
    context = {"form": form, "by_code": user.second_factor_at is not None, "options": options}
    return render(request, "people/second_factor.html", context, status=status)


@page
@never_cache
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Signing in by a passkey alone, or by one as second factor: the browser's answer comes as a form."""
    who = sessions.waiting(request)
    user = who[0] if who else None
    onward = who[1] if who else sessions.onward(request)
    place = sessions.place(request)
    form = PasskeyForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        state = sessions.challenged(request)
        try:
            found = passkeys.passkey_check(
                place=place,
                state=state,
                answer=_answer(form),
                address=sessions.address(request),
                user=user,
            )
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            sessions.begin(request, found.user, second_factor=True, credentials={"passkey": str(found.pk)})
            return HttpResponseRedirect(onward)
    asked, state = passkeys.using_begin(place=place, user=user)
    sessions.challenge(request, state)
    context = {"form": form, "options": json.dumps(asked["publicKey"]), "next": onward}
    return render(request, "people/passkey_sign_in.html", context, status=status)


@page
@never_cache
def passkey_add(request: HttpRequest) -> HttpResponse:
    """A new passkey: from the profile, freshly signed in, or as the second factor somebody needs to get in."""
    who = _enrolling(request)
    if who is None:
        return redirect("people:sign-in")
    user, onward = who
    actor = _enroller(request, user)
    place = sessions.place(request)
    form = PasskeyForm(request.POST if request.method == "POST" else None, named=True)
    status = 200
    if request.method == "POST":
        state = sessions.challenged(request)
        status = 400
        if form.is_valid():
            try:
                row = passkeys.passkey_add(
                    actor=actor,
                    place=place,
                    state=state,
                    answer=_answer(form),
                    label=form.cleaned_data["label"],
                )
            except ServiceError as error:
                tell(form, error)
                status = error.status
            else:
                messages.success(request, "Your passkey is added.")
                if sessions.waiting(request):
                    sessions.begin(request, user, second_factor=True, credentials={"passkey": str(row.pk)})
                    signin.signed_in(actor=actor, second_factor=True)
                return HttpResponseRedirect(onward)
    asked, state = passkeys.adding_begin(actor=actor, place=place)
    sessions.challenge(request, state)
    context = {"form": form, "options": json.dumps(asked["publicKey"])}
    return render(request, "people/passkey_add.html", context, status=status)


def _answer(form: PasskeyForm) -> dict[str, Any]:
    """What the browser's script put into the form. Invalid for everything that is no JSON object."""
    if not form.is_valid():
        raise Invalid("Your browser gave no passkey.", field="answer")
    try:
        said = json.loads(form.cleaned_data["answer"])
    except (ValueError, RecursionError) as error:
        raise Invalid(passkeys.NOT_RIGHT, field="answer") from error
    if not isinstance(said, dict):
        raise Invalid(passkeys.NOT_RIGHT, field="answer")
    return said


def _enrolling(request: HttpRequest) -> tuple[User, str] | None:
    """Who may add a second factor here now, and where they go then: whoever showed a first proof and has none, or is
    signed in freshly (with the second factor they have)."""
    who = sessions.waiting(request)
    if who is not None:
        return None if selectors.has_second_factor(who[0]) else who
    if not isinstance(request.user, User):
        return None
    try:
        passkeys.require_may_add(actors.of(request))
    except NotAllowed:
        return None
    return request.user, "/profile/"


def _enroller(request: HttpRequest, user: User) -> Actor:
    """The actor who adds it: of the session, or of the first proof shown within the last minutes."""
    if sessions.waiting(request) is None:
        return actors.of(request)
    return actors.for_user(user, "portal", authenticated_at=clock.now())


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
    context = {"form": form, "secret": groups, "or_passkey": True}
    return render(request, "people/second_factor_set_up.html", context, status=status)


@require_safe
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
    who = _enrolling(request)
    return who if who and who[0].second_factor_at is None else None


def form_page(request: HttpRequest, template: str, form: object, status: int = 200) -> HttpResponse:
    """A page that is a form; 400 where the form itself found a fault."""
    invalid = bool(getattr(form, "errors", None)) and status == 200
    context = {"form": form, "next": sessions.onward(request), "provider": settings.OIDC_NAME}
    return render(request, template, context, status=400 if invalid else status)
