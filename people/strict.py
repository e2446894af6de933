"""Input that says only what it may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class Strict(serializers.Serializer[Any]):
    """Refuses members it doesn't know, naming each: nobody sets a state by adding it to a request."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := sorted(str(name) for name in data if name not in known):
                raise serializers.ValidationError(dict.fromkeys(unknown, "There is no such member here."))
        return super().to_internal_value(data)


class Empty(Strict):
    """A request whose path says everything."""
