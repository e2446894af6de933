from people.models.delegations import Absence, ActedFor, Delegation
from people.models.desks import CalendarFeed, SavedView
from people.models.erasures import Erasure
from people.models.grants import Grant
from people.models.identities import ServiceIdentity, Token
from people.models.notices import MailDigest, MailMode, MailPreference, Notice, NoticeMail
from people.models.passkeys import Passkey
from people.models.provider import IdentityLink, ProviderSession
from people.models.signin import Attempt
from people.models.users import Recovery, User
from people.models.workloads import WorkloadTrust

__all__ = [
    "Absence",
    "ActedFor",
    "Attempt",
    "CalendarFeed",
    "Delegation",
    "Erasure",
    "Grant",
    "IdentityLink",
    "MailDigest",
    "MailMode",
    "MailPreference",
    "Notice",
    "NoticeMail",
    "Passkey",
    "ProviderSession",
    "Recovery",
    "SavedView",
    "ServiceIdentity",
    "Token",
    "User",
    "WorkloadTrust",
]
