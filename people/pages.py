"""What portal pages share: who may open them, one page of a list, names for pseudonyms, forms that tell refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ledger.actors import Actor
from ledger.errors import ServiceError
from people import access, actors, selectors

PER_PAGE = 50
Row = TypeVar("Row", bound=Model)
View = Callable[..., HttpResponseBase]


def reading(view: View) -> View:
    """A page for signed-in people that changes nothing."""
    return _door(view, ["GET", "HEAD"])


def acting(view: View) -> View:
    """A page with a form for signed-in people; only its POST changes anything."""
    return _door(view, ["GET", "HEAD", "POST"])


def changing(view: View) -> View:
    """An address without a page of its own: it takes a POST of signed-in people."""
    return _door(view, ["POST"])


def _door(view: View, methods: list[str]) -> View:
    @require_http_methods(methods)
    @never_cache
    @login_required
    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            return view(request, *args, **kwargs)
        with access.one_answer():
            return view(request, *args, **kwargs)

    return door


def actor_of(request: HttpRequest) -> Actor:
    """Who asks. Raises Unauthenticated."""
    return actors.of(request)


def paged(request: HttpRequest, rows: QuerySet[Row]) -> Page[Row]:
    """The page of `rows` that the address names; out of range gives the nearest."""
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def named(pseudonyms: Iterable[str]) -> Mapping[str, str]:
    """Pseudonym -> name, for a whole page with one query; who isn't known keeps the pseudonym."""
    wanted = {item for item in pseudonyms if item}
    found = selectors.names_of(wanted)
    return {item: found.get(item) or item for item in wanted}


def tell(form: forms.BaseForm, error: ServiceError) -> None:
    """Show a service's refusal where it belongs: at its field, or above the form, with every reason."""
    field = error.field if error.field in form.fields else None
    message = error.message if field or not error.field else f"{error.field}: {error.message}"
    form.add_error(field, message)
    for reason in error.reasons:
        form.add_error(None, str(reason["text"]))
