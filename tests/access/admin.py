"""Who may see and change what in the admin: one row per model and page. See rules.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from people.catalogue import P


@dataclass(frozen=True)
class Admin:
    """Pages of one model in the admin. Nothing is ever deleted there."""

    view: P
    add: P | None = None
    change: frozenset[P] = frozenset()


ADMIN: Mapping[str, Admin] = {
    "people.user": Admin(P.PEOPLE_VIEW, P.PEOPLE_EDIT, frozenset({P.PEOPLE_EDIT})),
    "people.serviceidentity": Admin(P.PEOPLE_VIEW, P.PEOPLE_EDIT, frozenset({P.PEOPLE_EDIT})),
    "people.token": Admin(P.PEOPLE_VIEW, P.TOKEN_ISSUE, frozenset({P.TOKEN_REVOKE})),
    "people.grant": Admin(P.PEOPLE_VIEW, P.GRANT_REQUEST, frozenset({P.GRANT_CONFIRM, P.GRANT_REVOKE})),
    "people.recovery": Admin(P.PEOPLE_VIEW, None, frozenset({P.GRANT_CONFIRM})),
    "people.erasure": Admin(P.PEOPLE_VIEW, None, frozenset({P.GRANT_CONFIRM})),
    "people.identitylink": Admin(P.PEOPLE_VIEW, P.PEOPLE_EDIT, frozenset({P.GRANT_CONFIRM, P.GRANT_REVOKE})),
    "people.workloadtrust": Admin(P.PEOPLE_VIEW, P.TOKEN_ISSUE, frozenset({P.GRANT_CONFIRM, P.TOKEN_REVOKE})),
    "people.passkey": Admin(P.PEOPLE_VIEW, None, frozenset({P.PEOPLE_EDIT})),
    "people.delegation": Admin(P.PEOPLE_VIEW, None, frozenset({P.GRANT_REVOKE})),
    "ledger.keyrecord": Admin(P.PEOPLE_VIEW, P.KEY_REQUEST, frozenset({P.KEY_CONFIRM, P.KEY_REVOKE})),
    **dict.fromkeys(
        (
            "registry.system",
            "registry.ownership",
            "registry.aimodel",
            "registry.slot",
            "registry.legalhold",
            "registry.tiering",
            "registry.dependency",
            "registry.customfield",
            "registry.customvalue",
            "registry.inventoryimport",
        ),
        Admin(P.SYSTEM_VIEW),
    ),
    **dict.fromkeys(
        (
            "registry.version",
            "registry.artifactfile",
            "registry.component",
            "registry.signature",
            "registry.contribution",
            "registry.lineage",
            "registry.upload",
            "registry.deployment",
            "registry.deploymentreport",
            "registry.importedmodel",
        ),
        Admin(P.VERSION_VIEW),
    ),
    **dict.fromkeys(("registry.dataset", "registry.datasetversion"), Admin(P.DATASET_VIEW)),
}

ADMIN_SITE = frozenset(
    {
        "index",
        "login",
        "logout",
        "password_change",
        "password_change_done",
        "autocomplete",
        "jsi18n",
        "view_on_site",
        "app_list",
    }
)
"""The admin's own pages: for staff in a session with a second factor, and of no use without grants."""
