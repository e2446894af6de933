"""django-allauth as the client of the identity provider: state, PKCE, the exchange of the code. No more of it is used.

It stores nothing, signs nobody up, links nothing by e-mail and shows no page of its own: as soon as the ID token is here,
`people.services.provider_sessions` decides, and the callback ends before a library could look for an account.
"""

from __future__ import annotations

from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from people.services.provider_settings import Provider, client_secret, sound_address

SECONDS = 10
MAX_ANSWER = 1_000_000


class Unreachable(Exception):
    """The provider gave no answer that can be used."""


class Direct(requests.Session):
    """Asks what the operator configured, and nothing an answer leads to: no redirect, no proxy, bounded."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = settings.OIDC_CA_FILE or True

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if not sound_address(str(url)):
            raise requests.exceptions.InvalidURL("not an address that is asked")
        kwargs |= {"timeout": SECONDS, "allow_redirects": False, "stream": True}
        answer = super().request(method, url, *args, **kwargs)
        body = answer.raw.read(MAX_ANSWER + 1, decode_content=True)
        if len(body) > MAX_ANSWER:
            raise requests.exceptions.InvalidSchema("an answer that is too long")
        answer._content = body  # so that `.json()` and `.text` read what was read here, and no more
        return answer


class NoDoors(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The library's own ways in, all closed."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        raise PermissionDenied

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """None from the database: who could write a row there would be a provider."""
        return []

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        return False

    def get_requests_session(self) -> requests.Session:
        return Direct()

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> None:
        raise ImmediateHttpResponse(HttpResponse(status=502))


class Client(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The library's adapter for the one provider the operator configured."""

    def __init__(self, request: HttpRequest, said: Provider) -> None:
        super().__init__(request, "provider")
        self.said = said
        self.id_token = ""

    def get_provider(self) -> Any:
        app = SocialApp(
            provider="openid_connect",
            provider_id="provider",
            name=self.said.name,
            client_id=self.said.client_id,
            secret=client_secret(),
            settings={"server_url": self.said.discovery, "scope": ["openid"], "oauth_pkce_enabled": True},
        )
        made = OpenIDConnectProvider(self.request, app=app)
        made.get_oauth2_adapter = lambda request: self
        return made

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says about itself; raises Unreachable where that isn't the issuer we asked."""
        if not hasattr(self, "_openid_config"):
            found = fetched(self.said.discovery)
            if found.get("issuer") != self.said.issuer:
                raise Unreachable("it describes another issuer")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not sound_address(str(found.get(name, ""))):
                    raise Unreachable(f"no usable {name}")
            self._openid_config = found
        return self._openid_config

    def keys(self) -> list[dict[str, Any]]:
        """The provider's public keys, from where its own description says."""
        found = fetched(self.openid_config["jwks_uri"]).get("keys")
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return request.build_absolute_uri(reverse("people:provider-callback"))

    def complete_login(self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any) -> Any:
        """Keep the ID token and stop: what follows in the library would look for accounts of its own."""
        said = kwargs["response"].get("id_token")
        if not isinstance(said, str):
            raise OAuth2Error("no ID token")
        self.id_token = said
        raise ImmediateHttpResponse(HttpResponse(status=204))


def fetched(url: str) -> dict[str, Any]:
    """A JSON object from the provider. Raises Unreachable."""
    try:
        with Direct() as session:
            answer = session.get(url)
        found = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, ValueError, OSError) as error:
        raise Unreachable(f"no answer: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise Unreachable(f"status {answer.status_code}, or no JSON object")
    return found
