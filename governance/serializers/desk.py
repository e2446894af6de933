"""Comparisons and what a search finds, as the API gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

WAYS = ["better", "worse", "no telling", "same", "new", "gone", "not comparable"]


class ChangeOutput(serializers.Serializer[Any]):
    what = serializers.ChoiceField(["added", "removed", "changed"])
    name = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class MovedOutput(serializers.Serializer[Any]):
    """One requirement in both: `before` and `after` hold standing, value, low, high, n and run, or null."""

    name = serializers.CharField()
    title = serializers.CharField()
    metric = serializers.CharField(allow_blank=True)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    op = serializers.CharField(allow_blank=True)
    bound = serializers.CharField(allow_blank=True)
    way = serializers.ChoiceField(WAYS)
    fell = serializers.BooleanField()


class RuleOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["looser", "stricter", "changed"])
    text = serializers.CharField()


class PieceOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["same", "gone", "new", "skipped"])
    text = serializers.CharField(trim_whitespace=False)


class RewrittenOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    pieces = PieceOutput(many=True)


class ComparisonOutput(serializers.Serializer[Any]):
    """What differs from the first version to the second. Parts without a difference are empty, but `metrics`, which lists
    every requirement."""

    before = serializers.CharField()
    after = serializers.CharField()
    subject = ChangeOutput(many=True)
    components = ChangeOutput(many=True)
    data = ChangeOutput(many=True)  # type: ignore[assignment]
    metrics = MovedOutput(many=True)
    policy = RuleOutput(many=True)
    policies = serializers.ListField(child=serializers.CharField())
    card = RewrittenOutput(many=True)
    exceptions = ChangeOutput(many=True)


class SearchInput(serializers.Serializer[Any]):
    q = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class HitOutput(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.UUIDField()
    title = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    state = serializers.CharField(allow_blank=True)
    url = serializers.CharField()


class SearchOutput(serializers.Serializer[Any]):
    """`more` names the kinds of which more fit than are listed."""

    q = serializers.CharField(allow_blank=True)
    results = HitOutput(many=True)
    more = serializers.ListField(child=serializers.CharField())
