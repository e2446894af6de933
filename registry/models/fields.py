"""Fields that an organisation adds to its systems and models, and what stands in them."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.machines import CUSTOM_FIELD
from registry.models.systems import AIModel, System


class FieldOf(models.TextChoices):
    SYSTEM = "system", "Systems"
    MODEL = "model", "Models"


class FieldKind(models.TextChoices):
    TEXT = "text", "Text of one line"
    NUMBER = "number", "Number"
    DATE = "date", "Date"
    CHOICE = "choice", "One of a list"
    URL = "url", "Address, shown as text and never fetched"


class SeenBy(models.TextChoices):
    READERS = "readers", "Whoever may see the system"
    RESPONSIBLE = "responsible", "Owners and reviewers"


class CustomField(Governed):
    """One field, for the whole organisation. `name` stands in files and the API and is never used again."""

    ledger_kind = "custom-field"
    ledger_columns = (
        "about",
        "name",
        "title",
        "kind",
        "required",
        "seen_by",
        "state",
        "defined_by",
        "defined_at",
    )
    ledger_hashed = ("choices",)

    about = models.CharField(max_length=10, choices=FieldOf.choices)
    name = models.SlugField(max_length=60)
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=FieldKind.choices)
    choices = models.JSONField(default=list, blank=True)
    required = models.BooleanField(default=False)
    seen_by = models.CharField(max_length=12, choices=SeenBy.choices, default=SeenBy.READERS)
    state = models.CharField(max_length=10, default=CUSTOM_FIELD.initial.name)
    defined_by = models.CharField(max_length=40)
    defined_at = models.DateTimeField()

    class Meta:
        ordering = ("about", "defined_at", "id")
        constraints = [
            models.UniqueConstraint(fields=("about", "name"), name="registry_custom_field_name"),
        ]

    def __str__(self) -> str:
        return self.title

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return ()


class CustomValue(Governed):
    """What stands in one field of one system (`model` empty) or model; an emptied one stays, with no text."""

    ledger_kind = "custom-value"
    ledger_columns = ("field", "system", "model", "set_by", "set_at")
    ledger_personal = ("text",)
    scope_paths = {"system": "system_id", "model": "model_id"}

    field = models.ForeignKey(CustomField, models.PROTECT, related_name="values")
    system = models.ForeignKey(System, models.PROTECT, related_name="custom_values")
    model = models.ForeignKey(AIModel, models.PROTECT, null=True, related_name="custom_values")
    text = models.CharField(max_length=1000, blank=True)
    set_by = models.CharField(max_length=40)
    set_at = models.DateTimeField()

    class Meta:
        ordering = ("field", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("field", "system"), condition=models.Q(model=None), name="registry_value_of_system"
            ),
            models.UniqueConstraint(
                fields=("field", "model"), condition=~models.Q(model=None), name="registry_value_of_model"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.model or self.system}"

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return self.model.scopes() if self.model else (("system", self.system_id),)

    def ledger_system(self) -> UUID:
        return self.system_id
