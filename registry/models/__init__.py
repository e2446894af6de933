from registry.models.artifacts import Blob, Purpose, Upload
from registry.models.datasets import DataRole, Dataset, DatasetVersion, Lineage
from registry.models.dependencies import Dependency, DependencyKind
from registry.models.deployments import Deployment, DeploymentReport, Slot
from registry.models.fields import CustomField, CustomValue, FieldKind, FieldOf, SeenBy
from registry.models.holds import LegalHold
from registry.models.imports import ImportedModel, ImportRow, InventoryImport
from registry.models.systems import AIActClass, AIModel, OnVoid, Ownership, RiskTier, System
from registry.models.tierings import Tiering
from registry.models.versions import (
    ArtifactFile,
    Binding,
    Component,
    ComponentKind,
    Contribution,
    Signature,
    SignatureStatus,
    Version,
    VersionPart,
    Work,
)

__all__ = [
    "AIActClass",
    "AIModel",
    "ArtifactFile",
    "Binding",
    "Blob",
    "Component",
    "ComponentKind",
    "Contribution",
    "CustomField",
    "CustomValue",
    "DataRole",
    "Dataset",
    "DatasetVersion",
    "Dependency",
    "DependencyKind",
    "Deployment",
    "DeploymentReport",
    "FieldKind",
    "FieldOf",
    "ImportRow",
    "ImportedModel",
    "InventoryImport",
    "LegalHold",
    "Lineage",
    "OnVoid",
    "Ownership",
    "Purpose",
    "RiskTier",
    "SeenBy",
    "Signature",
    "SignatureStatus",
    "Slot",
    "System",
    "Tiering",
    "Upload",
    "Version",
    "VersionPart",
    "Work",
]
