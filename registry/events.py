"""Every event of the registry. Fields are for ever: a new meaning is a new version."""

from __future__ import annotations

from ledger.catalogue import Event, register

_MOVE = ("move", "from", "to")

SYSTEM_REGISTERED = Event("registry.system_registered", "System registered")
SYSTEM_EDITED = Event("registry.system_edited", "System changed", data=("fields",))
SYSTEM_MOVED = Event("registry.system_moved", "System moved", data=_MOVE)
OWNERSHIP_BEGAN = Event("registry.ownership_began", "Ownership began")
OWNERSHIP_ENDED = Event("registry.ownership_ended", "Ownership ended")
MODEL_REGISTERED = Event("registry.model_registered", "Model registered")

VERSION_REGISTERED = Event("registry.version_registered", "Version registered")
VERSION_EDITED = Event("registry.version_edited", "Content changed", data=("what", "voided_round"))
VERSION_MOVED = Event(
    "registry.version_moved", "Version moved", data=(*_MOVE, "gates", "details"), hidden=("reason",)
)
ARTIFACT_ATTACHED = Event("registry.artifact_attached", "File attached")
ARTIFACT_REMOVED = Event("registry.artifact_removed", "File removed")
ARTIFACT_REHASHED = Event(
    "registry.artifact_rehashed", "Stored files hashed again", data=("manifest_digest", "files", "faults")
)
COMPONENT_SET = Event("registry.component_set", "Bill of materials changed")
LINEAGE_SET = Event("registry.lineage_set", "Data of the version changed")
SIGNATURE_ADDED = Event("registry.signature_added", "Signature checked and recorded")
CONTRIBUTED = Event("registry.contributed", "Took part in making the version")

UPLOAD_STARTED = Event("registry.upload_started", "Upload started")
UPLOAD_MOVED = Event("registry.upload_moved", "Upload moved", data=_MOVE)

DATASET_REGISTERED = Event("registry.dataset_registered", "Dataset registered")
DATASET_VERSION_REGISTERED = Event("registry.dataset_version_registered", "Dataset version registered")
DATASET_VERSION_MOVED = Event("registry.dataset_version_moved", "Dataset version moved", data=_MOVE)

SLOT_REGISTERED = Event("registry.slot_registered", "Deployment slot registered")
DEPLOYMENT_REQUESTED = Event("registry.deployment_requested", "Deployment requested")
DEPLOYMENT_MOVED = Event(
    "registry.deployment_moved", "Deployment moved", data=(*_MOVE, "gates", "details"), hidden=("reason",)
)
DEPLOYMENT_SEEN = Event("registry.deployment_seen", "Serving confirmed what it runs")
DEPLOYMENT_REPORTED = Event("registry.deployment_reported", "Serving reported what it runs")

HOLD_PLACED = Event("registry.hold_placed", "Legal hold placed")
HOLD_MOVED = Event("registry.hold_moved", "Legal hold moved", data=_MOVE)
BODIES_DELETED = Event(
    "registry.bodies_deleted",
    "Bodies deleted at the end of their term",
    data=("rule", "since", "digests", "part", "parts"),
)

TIERING_PROPOSED = Event("registry.tiering_proposed", "Risk tier proposed")
TIERING_MOVED = Event("registry.tiering_moved", "Tiering moved", data=_MOVE)
DEPENDENCY_SET = Event("registry.dependency_set", "Dependency between models changed")
FIELD_DEFINED = Event("registry.field_defined", "Field of the organisation defined")
FIELD_MOVED = Event("registry.field_moved", "Field of the organisation moved", data=_MOVE)
VALUE_SET = Event("registry.value_set", "Value of a field changed")
IMPORT_READ = Event("registry.import_read", "Inventory file read")
IMPORT_MAPPED = Event("registry.import_mapped", "Columns of an inventory file named")
IMPORT_MOVED = Event("registry.import_moved", "Inventory import moved", data=_MOVE)
MODEL_IMPORTED = Event("registry.model_imported", "Model that already runs taken in")

register(*(value for value in list(vars().values()) if isinstance(value, Event)))
