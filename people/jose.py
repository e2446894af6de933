"""Signed tokens of others (JWT), read strictly: our list of algorithms, keys we were given, claims we asked for.

Knows no issuer, no network and no clock: keys, names and the time come in as arguments. What a token's header says about
where its key is (`jku`, `x5u`, `jwk`) is never followed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ALGORITHMS: Mapping[str, str] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
"""What we accept, and the kind of key it takes. Nothing symmetric, so no public key is ever taken for a secret."""

LONGEST = 12_000
LEEWAY = 60
"""Seconds by which the issuer's clock may differ from ours."""

_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class BadToken(Exception):
    """The token proves nothing. Its text is for our own log, never for whoever sent it."""


def looks_like_one(text: str) -> bool:
    """Whether this has the form of a signed token at all."""
    return len(text) <= LONGEST and _FORM.fullmatch(text) is not None


def issuer_of(token: str) -> str:
    """Who the token says issued it: only to look up which keys it must be checked with. Raises BadToken."""
    if not looks_like_one(token):
        raise BadToken("no signed token")
    try:
        said = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise BadToken("unreadable") from error
    issuer = said.get("iss")
    if not isinstance(issuer, str):
        raise BadToken("no issuer")
    return issuer


def checked(
    token: str,
    *,
    keys: Sequence[Mapping[str, Any]],
    issuer: str,
    audience: str,
    now: float,
    longest: int,
    need: Sequence[str] = ("exp",),
) -> dict[str, Any]:
    """The claims of a token signed by one of `keys` (JWKs), from `issuer`, for `audience` alone, in force at `now`
    (seconds since 1970) and at most `longest` seconds after it was issued. `need` names further claims that must be
    there. Raises BadToken.
    """
    if not looks_like_one(token):
        raise BadToken("no signed token")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or "crit" in header:
            raise BadToken("algorithm or critical header")
        claims = jwt.decode(
            token,
            key=_key(keys, header.get("kid"), algorithm),
            algorithms=[algorithm],
            # times and audience are checked below, against the database's clock and without lists
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise BadToken(f"signature: {type(error).__name__}") from error
    if claims.get("iss") != issuer:
        raise BadToken("issuer")
    if claims.get("aud") not in (audience, [audience]):
        raise BadToken("audience")
    if missing := [name for name in ("iat", *need) if name not in claims]:
        raise BadToken(f"without {', '.join(missing)}")
    _require_times(claims, now, longest)
    return claims


def _require_times(claims: Mapping[str, Any], now: float, longest: int) -> None:
    for name in ("iat", "exp", "nbf"):
        value = claims.get(name, now)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadToken(f"{name} is no time")
    if "exp" in claims and claims["exp"] + LEEWAY <= now:
        raise BadToken("expired")
    if claims["iat"] > now + LEEWAY or claims.get("nbf", now) > now + LEEWAY:
        raise BadToken("not yet")
    if now - claims["iat"] > longest + LEEWAY:
        raise BadToken("too old")


def _key(keys: Sequence[Mapping[str, Any]], kid: object, algorithm: str) -> Any:
    """The one key of this id, if it is of the right kind and strong enough. A token without an id may mean the only key
    there is (OpenID Connect Core, section 10.1)."""
    found = [row for row in keys if kid is None or (isinstance(kid, str) and row.get("kid") == kid)]
    if len(found) != 1:
        raise BadToken("unknown key")
    row = found[0]
    if row.get("kty") != ALGORITHMS[algorithm] or row.get("alg", algorithm) != algorithm:
        raise BadToken("key of another kind")
    if row.get("use", "sig") != "sig":
        raise BadToken("key for something else")
    key = jwt.PyJWK(dict(row), algorithm=algorithm).key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise BadToken("weak or private key")
