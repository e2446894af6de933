from people.models.erasures import Erasure
from people.models.grants import Grant
from people.models.identities import ServiceIdentity, Token
from people.models.notices import Notice
from people.models.signin import Attempt
from people.models.users import Recovery, User

__all__ = ["Attempt", "Erasure", "Grant", "Notice", "Recovery", "ServiceIdentity", "Token", "User"]
