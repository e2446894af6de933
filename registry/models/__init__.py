from registry.models.artifacts import Blob, Purpose, Upload
from registry.models.datasets import DataRole, Dataset, DatasetVersion, Lineage
from registry.models.deployments import Deployment, DeploymentReport, Slot
from registry.models.holds import LegalHold
from registry.models.systems import AIActClass, AIModel, OnVoid, Ownership, RiskTier, System
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
    "DataRole",
    "Dataset",
    "DatasetVersion",
    "Deployment",
    "DeploymentReport",
    "LegalHold",
    "Lineage",
    "OnVoid",
    "Ownership",
    "Purpose",
    "RiskTier",
    "Signature",
    "SignatureStatus",
    "Slot",
    "System",
    "Upload",
    "Version",
    "VersionPart",
    "Work",
]
