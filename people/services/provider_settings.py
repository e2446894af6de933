"""What the operator says about the identity provider, and what can't be meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Provider:
    """The one provider that signs people in."""

    issuer: str
    name: str
    client_id: str
    acr: frozenset[str]
    amr: frozenset[str]

    @property
    def discovery(self) -> str:
        """Where it describes itself (OpenID Connect Discovery, section 4)."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"

    def second_factor(self, acr: object, amr: object) -> bool:
        """Whether these claims say, in words that the operator named, that a second factor was shown."""
        words = [item for item in amr if isinstance(item, str)] if isinstance(amr, list) else []
        return (isinstance(acr, str) and acr in self.acr) or not self.amr.isdisjoint(words)


def provider() -> Provider | None:
    """None while the operator configured none."""
    if not settings.OIDC_ISSUER:
        return None
    return Provider(
        issuer=settings.OIDC_ISSUER,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        acr=frozenset(settings.OIDC_SECOND_FACTOR_ACR),
        amr=frozenset(settings.OIDC_SECOND_FACTOR_AMR),
    )


def client_secret() -> str:
    """From its file, at every use: a rotated secret needs no restart. "" for a public client with PKCE."""
    path = settings.OIDC_CLIENT_SECRET_FILE
    return Path(path).read_text().strip() if path else ""


def sound_address(url: str) -> bool:
    """https, or plain http to this machine while the portal itself is local; no user, no fragment."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.fragment:
        return False
    local = settings.LOCAL and parts.hostname in ("localhost", "127.0.0.1", "::1")
    return parts.scheme == "https" or (parts.scheme == "http" and local)


def provider_problems() -> Iterator[str]:
    """One sentence for each setting about identities that can't be meant."""
    if settings.OIDC_ISSUER:
        if not sound_address(settings.OIDC_ISSUER) or urlsplit(settings.OIDC_ISSUER).query:
            yield "OIDC_ISSUER is no https address."
        if not settings.OIDC_CLIENT_ID:
            yield "OIDC_ISSUER is set without OIDC_CLIENT_ID."
        for name in ("OIDC_CLIENT_SECRET_FILE", "OIDC_CA_FILE"):
            path = getattr(settings, name)
            if path and not Path(path).is_file():
                yield f"{name}: there is no file {path}."
    for issuer in settings.WORKLOAD_ISSUERS:
        if urlsplit(issuer).scheme != "https":
            yield f"WORKLOAD_ISSUERS: {issuer} is no https address."
