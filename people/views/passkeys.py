"""Removing one's own passkey, with a page that says what follows."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ledger.errors import NotThere, ServiceError
from people import selectors
from people.machines import PASSKEY
from people.pages import acting, actor_of
from people.services.passkeys import passkey_remove


@acting
def remove(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Ask, then remove. Somebody else's passkey looks like none."""
    actor = actor_of(request)
    user = selectors.acting_user(actor)
    row = selectors.passkeys_of(user).filter(pk=passkey_id).first() if user else None
    if row is None:
        raise NotThere
    error: ServiceError | None = None
    if request.method == "POST":
        try:
            passkey_remove(actor=actor, passkey_id=row.pk)
        except ServiceError as refused:
            error = refused
        else:
            messages.success(request, "The passkey is removed.")
            return redirect("people:profile")
    context = {"passkey": row, "consequence": PASSKEY.transitions[0].consequence, "error": error}
    return render(request, "people/passkey_remove.html", context, status=error.status if error else 200)
