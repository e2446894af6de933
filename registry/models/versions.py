"""Versions and all they are made of, and who took part. Knows nothing of checks and decisions."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.machines import VERSION
from registry.models.artifacts import Blob, Upload
from registry.models.systems import AIModel


class Binding(models.TextChoices):
    """What a warrant for this version can be held against."""

    BYTES = "bytes", "Files, by signed manifest"
    CONTAINER = "container", "Container image, by digest"
    DECLARED = "declared", "Declared by a vendor, not checkable by digest"


class Version(Governed):
    """One candidate of a model.

    `subject_digest` is what a warrant binds: the digest of the signed payload for `bytes`, of the image for
    `container`, of the canonical declaration for `declared`; empty while there is none.
    `manifest_digest` identifies the stored files with their names; empty without files.
    """

    ledger_kind = "version"
    ledger_columns = (
        "model",
        "number",
        "label",
        "binding",
        "subject_digest",
        "manifest_digest",
        "code_ref",
        "state",
        "registered_by",
        "registered_at",
        "policy_digest",
        "decision_round",
    )
    ledger_hashed = ("declared", "card", "environment")
    scope_paths = {"system": "model__system_id", "model": "model_id"}

    model = models.ForeignKey(AIModel, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=60, blank=True)
    binding = models.CharField(max_length=10, choices=Binding.choices)
    subject_digest = models.CharField(max_length=64, blank=True, db_index=True)
    manifest_digest = models.CharField(max_length=64, blank=True, db_index=True)
    declared = models.JSONField(default=dict, blank=True)
    card = models.JSONField(default=dict, blank=True)
    code_ref = models.CharField(max_length=300, blank=True)
    environment = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=24, default=VERSION.initial.name, db_index=True)
    registered_by = models.CharField(max_length=40)
    registered_at = models.DateTimeField()
    policy_digest = models.CharField(max_length=64, blank=True)
    decision_round = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("model", "-number")
        constraints = [
            models.UniqueConstraint(fields=("model", "number"), name="registry_version_number_in_model"),
        ]
        # What waits longest in a state is what inboxes and sweeps ask for.
        indexes = [models.Index(fields=("state", "registered_at"), name="registry_version_waiting")]

    def __str__(self) -> str:
        return f"{self.model.name} {self.number}"

    @property
    def system_id(self) -> UUID:
        return self.model.system_id

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("model", self.model_id), ("system", self.model.system_id))

    def ledger_system(self) -> UUID:
        return self.model.system_id


class VersionPart(Governed):
    """What hangs on a version inherits its scope."""

    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

    version: models.ForeignKey[Version, Version]

    class Meta:
        abstract = True

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> UUID:
        return self.version.system_id


class ArtifactFile(VersionPart):
    """One file of a `bytes` version under its relative path. A removed file stays, with `present` false."""

    ledger_kind = "artifact-file"
    ledger_columns = ("version", "path", "blob", "upload", "present", "attached_by", "attached_at")

    version = models.ForeignKey(Version, models.PROTECT, related_name="files")
    path = models.CharField(max_length=400)
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="files")
    present = models.BooleanField(default=True)
    upload = models.ForeignKey(Upload, models.PROTECT, related_name="files")
    attached_by = models.CharField(max_length=40)
    attached_at = models.DateTimeField()

    class Meta:
        ordering = ("path",)
        constraints = [models.UniqueConstraint(fields=("version", "path"), name="registry_file_path")]

    def __str__(self) -> str:
        return self.path


class ComponentKind(models.TextChoices):
    WEIGHTS = "weights", "Weights"
    CODE = "code", "Code"
    TOKENIZER = "tokenizer", "Tokenizer"
    PROMPT = "prompt", "Prompt"
    KNOWLEDGE_BASE = "knowledge-base", "Knowledge base"
    EVALUATION_SET = "evaluation-set", "Evaluation set"
    GUARDRAIL = "guardrail", "Guardrail"
    TOOL = "tool", "Tool"


class Component(VersionPart):
    """One line of a version's bill of materials. `digest` is SHA-256, empty if the origin gives none."""

    ledger_kind = "component"
    ledger_columns = ("version", "kind", "name", "digest", "size", "licence", "origin", "present")

    version = models.ForeignKey(Version, models.PROTECT, related_name="components")
    kind = models.CharField(max_length=20, choices=ComponentKind.choices)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(null=True, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    origin = models.CharField(max_length=300, blank=True)
    present = models.BooleanField(default=True)

    class Meta:
        ordering = ("kind", "name")
        constraints = [
            models.UniqueConstraint(fields=("version", "kind", "name"), name="registry_component_name"),
        ]

    def __str__(self) -> str:
        return self.name


class SignatureStatus(models.TextChoices):
    VALID = "valid", "Valid"
    INVALID = "invalid", "Invalid"
    CANNOT_BE_CHECKED = "cannot-be-checked", "Cannot be checked"


class Signature(VersionPart):
    """An OMS bundle given for a version, and what checking it gave on that day.

    `manifest_digest` says which stored files it was held against; the gate checks the bundle anew.
    """

    ledger_kind = "signature"
    ledger_columns = (
        "version",
        "bundle",
        "keyid",
        "status",
        "detail",
        "manifest_digest",
        "subject_digest",
        "added_by",
        "checked_at",
    )

    version = models.ForeignKey(Version, models.PROTECT, related_name="signatures")
    bundle = models.ForeignKey(Blob, models.PROTECT, related_name="signatures")
    keyid = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=20, choices=SignatureStatus.choices)
    detail = models.CharField(max_length=500, blank=True)
    manifest_digest = models.CharField(max_length=64, blank=True)
    subject_digest = models.CharField(max_length=64, blank=True)
    added_by = models.CharField(max_length=40)
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ("-checked_at", "id")

    def __str__(self) -> str:
        return f"{self.status} by {self.keyid or 'unknown key'}"


class Work(models.TextChoices):
    """In what a person took part."""

    REGISTRATION = "registration", "Registered the version"
    UPLOAD = "upload", "Uploaded bytes of it"
    ARTIFACT = "artifact", "Attached or removed files"
    CODE = "code", "Changed code, environment or declaration"
    CARD = "card", "Wrote the model card"
    COMPONENT = "component", "Changed the bill of materials"
    DATA = "data", "Registered or chose its data"
    SIGNATURE = "signature", "Signed it"
    DOCUMENT = "document", "Attached a document"
    SUBMISSION = "submission", "Submitted it"


class Contribution(VersionPart):
    """A person or service identity took part in making a version, which bars them from approving it.

    `principal` and `controller` are pseudonyms; a service identity counts as its controller. Written once
    per version, principal and kind of work, in the transaction of the change.
    """

    ledger_kind = "contribution"
    ledger_columns = ("version", "principal", "controller", "what", "at")

    version = models.ForeignKey(Version, models.PROTECT, related_name="contributions")
    principal = models.CharField(max_length=40, db_index=True)
    controller = models.CharField(max_length=40, blank=True)
    what = models.CharField(max_length=20, choices=Work.choices)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("version", "principal", "controller", "what"), name="registry_contribution_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal}: {self.what}"
