"""Systems and their models: the inventory. Knows nothing of versions, decisions or measurements."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from people.catalogue import DJANGO_PERMISSIONS
from registry.machines import SYSTEM


class RiskTier(models.TextChoices):
    """The organisation's own tier; it chooses the policy."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class AIActClass(models.TextChoices):
    """Class under Regulation (EU) 2024/1689, a question apart from the internal tier."""

    PROHIBITED = "prohibited", "Prohibited practice"
    HIGH = "high", "High risk"
    LIMITED = "limited", "Transparency duties"
    MINIMAL = "minimal", "Minimal risk"
    UNCLASSIFIED = "unclassified", "Not yet classified"


class OnVoid(models.TextChoices):
    """What a system does when its warrant is void."""

    KEEP = "keep", "Keep serving and escalate"
    FALLBACK = "fallback", "Fall back"
    STOP = "stop", "Stop"


class System(Governed):
    """An AI system or use case. `owner` is the pseudonym of a person."""

    ledger_kind = "system"
    ledger_columns = (
        "slug",
        "name",
        "owner",
        "legal_entity",
        "risk_tier",
        "ai_act_class",
        "on_void",
        "fallback",
        "state",
        "created_at",
    )
    ledger_hashed = ("purpose", "affected_people")
    scope_paths = {"system": "id"}

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    purpose = models.TextField()
    affected_people = models.TextField()
    owner = models.CharField(max_length=40, db_index=True)
    legal_entity = models.CharField(max_length=200)
    risk_tier = models.CharField(max_length=10, choices=RiskTier.choices)
    ai_act_class = models.CharField(
        max_length=20, choices=AIActClass.choices, default=AIActClass.UNCLASSIFIED
    )
    on_void = models.CharField(max_length=10, choices=OnVoid.choices)
    fallback = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=20, default=SYSTEM.initial.name)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        permissions = DJANGO_PERMISSIONS

    def __str__(self) -> str:
        return self.name

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("system", self.id),)

    def ledger_system(self) -> UUID:
        return self.id


class Ownership(Governed):
    """Who owned a system from when to when: the ground of the cooling-off period."""

    ledger_kind = "ownership"
    ledger_columns = ("system", "person", "since", "until")
    scope_paths = {"system": "system_id"}

    system = models.ForeignKey(System, models.PROTECT, related_name="ownerships")
    person = models.CharField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("since", "id")

    def __str__(self) -> str:
        return f"{self.person} of {self.system_id}"

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("system", self.system_id),)

    def ledger_system(self) -> UUID:
        return self.system_id


class AIModel(Governed):
    """A model of a system: what its versions have in common."""

    ledger_kind = "model"
    ledger_columns = ("system", "slug", "name", "task", "kind", "created_at")
    scope_paths = {"system": "system_id", "model": "id"}

    system = models.ForeignKey(System, models.PROTECT, related_name="models")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    task = models.CharField(max_length=60)
    kind = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        permissions = DJANGO_PERMISSIONS
        constraints = [
            models.UniqueConstraint(fields=("system", "slug"), name="registry_model_slug_in_system"),
        ]

    def __str__(self) -> str:
        return self.name

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("model", self.id), ("system", self.system_id))

    def ledger_system(self) -> UUID:
        return self.system_id
