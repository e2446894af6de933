from people.admin.credentials import KeyAdmin, TokenAdmin
from people.admin.grants import GrantAdmin, RecoveryAdmin
from people.admin.people import IdentityAdmin, UserAdmin

__all__ = ["GrantAdmin", "IdentityAdmin", "KeyAdmin", "RecoveryAdmin", "TokenAdmin", "UserAdmin"]
