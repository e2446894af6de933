"""What is sent to a route, so that nothing but the permission can refuse it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.access.rules import Rule
from tests.access.sample import Sample

FILE = "$file"
FILES = {"file": ("list.csv", b"System,Model\nA,B\n")}
"""Field of a form -> its file; elsewhere a report."""


def body_for(
    sample: Sample, schema: Mapping[str, Any], rule: Rule, method: str, operation: Mapping[str, Any]
) -> dict[str, Any]:
    """What is sent, so that nothing but the permission can refuse it."""
    content = operation.get("requestBody", {}).get("content", {})
    given = rule.bodies.get(method)
    if rule.form and method == "POST":
        return sent(filled(rule.form, sample))
    if isinstance(given, str) or (content and "application/json" not in content):
        kind = next(iter(content))
        return {"data": given or "x", "content_type": kind, "headers": {"Upload-Offset": "0"}}
    if given is None:
        shape = content.get("application/json", {}).get("schema", {})
        given = _value(sample, schema, "", shape) if shape else {}
    return {"data": json.dumps(filled(given, sample)), "content_type": "application/json"}


def _value(sample: Sample, schema: Mapping[str, Any], name: str, shape: Mapping[str, Any]) -> Any:
    """A value of this shape: the sample's row where the name is of a kind, else the first thing that fits."""
    while "$ref" in shape:
        shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    for wider in ("allOf", "oneOf", "anyOf"):
        if wider in shape:
            return _value(sample, schema, name, shape[wider][0])
    if shape.get("enum"):
        return shape["enum"][0]
    kind = shape.get("type")
    if kind == "object":
        wanted = shape.get("required", ())
        return {
            key: _value(sample, schema, key, inner)
            for key, inner in shape.get("properties", {}).items()
            if key in wanted
        }
    if kind == "array":
        return []
    if kind in ("integer", "number"):
        return max(1, shape.get("minimum", 1))
    if kind == "boolean":
        return False
    if shape.get("format") == "uuid":
        return str(sample.of(name) or uuid.uuid4())
    if shape.get("format") == "date-time":
        return "2026-03-02T00:00:00Z"
    return "a" * 64 if "digest" in name else "text"


def every_field(form: forms.Form) -> dict[str, str]:
    """Something in every field."""
    said = {}
    for name, wanted in form.fields.items():
        if isinstance(wanted, forms.FileField):
            said[name] = FILE
        elif isinstance(wanted, forms.UUIDField):
            said[name] = str(uuid.uuid4()) if wanted.required else ""
        elif isinstance(wanted, forms.ChoiceField):
            said[name] = str(next(value for value, _ in wanted.choices if value))  # type: ignore[misc]
        elif isinstance(wanted, forms.DateTimeField):
            said[name] = "2030-01-01T00:00"
        elif isinstance(wanted, forms.DateField):
            said[name] = "2026-01-01"
        elif isinstance(wanted, forms.IntegerField):
            said[name] = "1"
        else:
            said[name] = "text" if wanted.required else ""
    return said


def filled(given: Any, sample: Sample) -> Any:
    """`$version` becomes the id of the sample's version."""
    if isinstance(given, Mapping):
        return {key: filled(value, sample) for key, value in given.items()}
    if isinstance(given, list):
        return [filled(value, sample) for value in given]
    if isinstance(given, str) and given.startswith("$") and given != FILE:
        return str(sample.of(given[1:]))
    return given


def sent(said: Mapping[str, str]) -> dict[str, Any]:
    """A form as a browser sends it; with a file in several parts."""
    if FILE not in said.values():
        return {"data": encoded(said), "content_type": "application/x-www-form-urlencoded"}
    parts = {
        name: SimpleUploadedFile(*FILES.get(name, ("report.pdf", b"%PDF-"))) if text == FILE else text
        for name, text in said.items()
    }
    return {"data": encode_multipart(BOUNDARY, parts), "content_type": MULTIPART_CONTENT}


def encoded(said: Mapping[str, str]) -> str:
    return urlencode(said)
