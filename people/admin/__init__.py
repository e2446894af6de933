from people.admin.credentials import KeyAdmin, TokenAdmin
from people.admin.grants import ErasureAdmin, GrantAdmin, RecoveryAdmin
from people.admin.people import IdentityAdmin, UserAdmin

__all__ = [
    "ErasureAdmin",
    "GrantAdmin",
    "IdentityAdmin",
    "KeyAdmin",
    "RecoveryAdmin",
    "TokenAdmin",
    "UserAdmin",
]
