"""Errors of the API as problem documents (RFC 9457), one shape for every refusal.

`type` is a URN of the problem's code, `code` the same as a plain word for programs, `field` the input that was
wrong, `errors` one item per wrong field, `reasons` every reason of a refused gate. What a caller may not see looks
exactly like what isn't there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from ledger.errors import Invalid, NotAllowed, NotThere, ServiceError, TooLarge, Unauthenticated, Unavailable

CONTENT_TYPE = "application/problem+json"
BUSY = "The database is busy; nothing was written. Try again."


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    reasons: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The members of a problem document; `field`, `errors` and `reasons` only where there are any."""
    code = code.replace("_", "-")
    body: dict[str, Any] = {
        "type": f"urn:modelwarrant:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if field:
        body["field"] = field
    if errors:
        body["errors"] = list(errors)
    if reasons:
        body["reasons"] = list(reasons)
    return body


def as_service_error(error: BaseException) -> ServiceError | None:
    """What `error` is in our words; None for a fault of ours, which is an honest 500.

    A NotAllowed that must not be visible becomes the NotThere it would be for something that doesn't exist.
    """
    match error:
        case NotAllowed() if not error.visible:
            return NotThere()
        case ServiceError():
            return error
        case Http404():
            return NotThere()
        case RequestDataTooBig() | TooManyFieldsSent() | TooManyFilesSent():
            return TooLarge(str(error))
        case SuspiciousOperation():
            return Invalid("The request cannot be read.")
        case PermissionDenied():
            return NotAllowed("You may not do this.", visible=True)
        case OperationalError():
            return Unavailable(BUSY, retry_after=2)
    return None


def handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's EXCEPTION_HANDLER."""
    known = as_service_error(error)
    if known is None and not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    if known is not None:
        return Response(_body(known), known.status, content_type=CONTENT_TYPE, headers=_headers(known))
    assert isinstance(error, exceptions.APIException)  # noqa: S101
    response = Response(_api_body(error), error.status_code, content_type=CONTENT_TYPE)
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait) + 1)
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    return response


def as_json(error: ServiceError) -> JsonResponse:
    """The same answer outside REST framework: unknown addresses and errors before a view is reached."""
    return JsonResponse(_body(error), status=error.status, content_type=CONTENT_TYPE, headers=_headers(error))


def _body(error: ServiceError) -> dict[str, Any]:
    return problem(error.status, error.code, error.message, field=error.field, reasons=error.reasons)


def _headers(error: ServiceError) -> dict[str, str]:
    match error:
        case Unavailable():
            return {"Retry-After": str(error.retry_after)}
        case Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
    return {}


def _api_body(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = list(_fields(error.detail))
        first = errors[0]
        detail = f"{first['field']}: {first['detail']}" if first["field"] else first["detail"]
        return problem(error.status_code, "invalid", detail, field=first["field"], errors=errors)
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "invalid"
    return problem(error.status_code, code, str(error.detail))


def _fields(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """REST framework's nested error detail as a flat list; `field` is a dotted path, empty for the whole body."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            whole = name == "non_field_errors"
            yield from _fields(inner, path if whole else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _fields(inner, f"{path}.{index}".lstrip(".") if nested else path)
    else:
        yield {"field": path, "detail": str(detail)}
