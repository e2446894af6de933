from people.admin.credentials import KeyAdmin, TokenAdmin
from people.admin.grants import ErasureAdmin, GrantAdmin, RecoveryAdmin
from people.admin.people import IdentityAdmin, UserAdmin
from people.admin.trust import DelegationAdmin, IdentityLinkAdmin, PasskeyAdmin, WorkloadAdmin

__all__ = [
    "DelegationAdmin",
    "ErasureAdmin",
    "GrantAdmin",
    "IdentityAdmin",
    "IdentityLinkAdmin",
    "KeyAdmin",
    "PasskeyAdmin",
    "RecoveryAdmin",
    "TokenAdmin",
    "UserAdmin",
    "WorkloadAdmin",
]
