"""Every event of the registry. Fields are for ever: a new meaning is a new version."""

from __future__ import annotations

from ledger.catalogue import Event, register

_MOVE = ("move", "source", "target")

SYSTEM_REGISTERED = Event("registry.system-registered", "System registered")
SYSTEM_EDITED = Event("registry.system-edited", "System changed", data=("fields",))
SYSTEM_MOVED = Event("registry.system-moved", "System moved", data=_MOVE)
OWNERSHIP_BEGAN = Event("registry.ownership-began", "Ownership began")
OWNERSHIP_ENDED = Event("registry.ownership-ended", "Ownership ended")
MODEL_REGISTERED = Event("registry.model-registered", "Model registered")

VERSION_REGISTERED = Event("registry.version-registered", "Version registered")
VERSION_EDITED = Event("registry.version-edited", "Content changed", data=("what", "voided_round"))
VERSION_MOVED = Event("registry.version-moved", "Version moved", data=(*_MOVE, "gates", "details"))
ARTIFACT_ATTACHED = Event("registry.artifact-attached", "File attached")
ARTIFACT_REMOVED = Event("registry.artifact-removed", "File removed")
ARTIFACT_REHASHED = Event(
    "registry.artifact-rehashed", "Stored files hashed again", data=("manifest_digest", "files", "faults")
)
COMPONENT_SET = Event("registry.component-set", "Bill of materials changed")
LINEAGE_SET = Event("registry.lineage-set", "Data of the version changed")
SIGNATURE_ADDED = Event("registry.signature-added", "Signature checked and recorded")
CONTRIBUTED = Event("registry.contributed", "Took part in making the version")

UPLOAD_STARTED = Event("registry.upload-started", "Upload started")
UPLOAD_MOVED = Event("registry.upload-moved", "Upload moved", data=_MOVE)

DATASET_REGISTERED = Event("registry.dataset-registered", "Dataset registered")
DATASET_VERSION_REGISTERED = Event("registry.dataset-version-registered", "Dataset version registered")
DATASET_VERSION_MOVED = Event("registry.dataset-version-moved", "Dataset version moved", data=_MOVE)

SLOT_REGISTERED = Event("registry.slot-registered", "Deployment slot registered")
DEPLOYMENT_REQUESTED = Event("registry.deployment-requested", "Deployment requested")
DEPLOYMENT_MOVED = Event("registry.deployment-moved", "Deployment moved", data=(*_MOVE, "gates", "details"))
DEPLOYMENT_REPORTED = Event("registry.deployment-reported", "Serving reported what it runs")

register(*(value for value in list(vars().values()) if isinstance(value, Event)))
