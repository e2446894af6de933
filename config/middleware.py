"""Errors of the pages: what a service refused, said in a page of the portal, with the right status."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from config.api_errors import as_json, as_service_error
from ledger.errors import Invalid, NotAllowed, NotThere, ServiceError, Unauthenticated, Unavailable

PAGES = frozenset({400, 403, 404, 409, 410, 413, 500, 503})


class ServiceErrorMiddleware:
    """Renders a service's refusal that a view let through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        known = as_service_error(error)
        return None if known is None else answer(request, known)


def answer(request: HttpRequest, error: ServiceError) -> HttpResponseBase:
    """The page for `error`, or the problem document under /api/."""
    if request.path.startswith("/api/"):
        return as_json(error)
    if isinstance(error, Unauthenticated):
        return redirect_to_login(request.get_full_path())
    status = error.status if error.status in PAGES else 400
    context = {"message": error.message, "reasons": error.reasons}
    response = render(request, f"errors/{status}.html", context, status=error.status)
    if isinstance(error, Unavailable):
        response["Retry-After"] = str(error.retry_after)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler400"""
    return answer(request, as_service_error(exception) or Invalid("The request cannot be read."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler403"""
    return answer(request, NotAllowed("You may not do this.", visible=True))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler404"""
    return answer(request, NotThere())


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: no context processors, since whatever failed may fail again."""
    if request.path.startswith("/api/"):
        return as_json(ServiceError("The service failed; the error was logged."))
    return render(None, "errors/500.html", status=500)
