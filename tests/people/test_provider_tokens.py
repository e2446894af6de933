"""What an identity provider's tokens prove and what forged ones don't (CI-01 where it concerns people), and the sign-outs
it sends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.cache import cache
from django.test import Client

from ledger import clock
from ledger.errors import ServiceError, Unauthenticated
from ledger.models import Entry
from people import provider
from people.models import ProviderSession, User
from people.services import provider_sessions
from people.services.provider_settings import Provider
from tests.people.crew import Crew
from tests.people.idp import Idp
from tests.people.test_provider import linked

pytestmark = [pytest.mark.django_db, pytest.mark.once]
NONCE = "n-0S6_WzA2Mj"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def jwk(key: Any, kid: str = "k1", **more: Any) -> dict[str, Any]:
    algorithm = jwt.algorithms.ECAlgorithm if hasattr(key, "curve") else jwt.algorithms.RSAAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}


SAID = Provider("https://idp.example", "Acme", "modelwarrant", frozenset({"strong"}), frozenset({"mfa"}))
KEYS = [jwk(RSA), jwk(EC, "k2")]


def claims(**more: Any) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    said = {"iss": SAID.issuer, "aud": SAID.client_id, "sub": "sub-1", "nonce": NONCE, "iat": now}
    return {key: value for key, value in {**said, "exp": now + 300, **more}.items() if value is not None}


def token(said: dict[str, Any], key: Any = RSA, algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": "k1", **header})


def arrives(text: str, *, recent: bool = False, keys: Any = None) -> provider_sessions.Arrived:
    return provider_sessions.arrive(
        provider=SAID, id_token=text, keys=keys or KEYS, nonce=NONCE, recent=recent, address="192.0.2.1"
    )


@pytest.fixture
def known(crew: Crew, settings: Any) -> User:
    settings.OIDC_ISSUER = SAID.issuer
    user = crew.person("risk-reviewer")
    linked(crew, user, "sub-1")
    return user


def by_public_key(sound: str) -> str:
    """Signed with the public key as if it were a secret, which PyJWT itself refuses to make."""
    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _head, body, _ = sound.split(".")
    header = jwt.utils.base64url_encode(json.dumps({"alg": "HS256", "kid": "k1"}).encode())
    signed = header + b"." + body.encode()
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(signed, pem)
    return (signed + b"." + jwt.utils.base64url_encode(mac)).decode()


def none_alg() -> str:
    return jwt.encode(claims(), None, algorithm="none", headers={"kid": "k1"})


def tampered() -> str:
    head, _body, mac = token(claims()).split(".")
    other = token(claims(sub="sub-2")).split(".")[1]
    return f"{head}.{other}.{mac}"


def at(**seconds: int) -> Callable[[], str]:
    return lambda: token(claims(**{key: int(clock.now().timestamp()) + by for key, by in seconds.items()}))


FORGED: dict[str, Callable[[], str]] = {
    "alg none": none_alg,
    "HS256 with the public key": lambda: by_public_key(token(claims())),
    "another body": tampered,
    "another key": lambda: token(claims(), rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "unknown kid": lambda: token(claims(), kid="k9"),
    "kid as a path": lambda: token(claims(), kid="../../dev/null"),
    "kid as SQL": lambda: token(claims(), kid="' OR 1=1 --"),
    "no kid, two keys": lambda: jwt.encode(claims(), RSA, algorithm="RS256"),
    "key of another kind": lambda: token(claims(), kid="k2"),
    "RS512": lambda: token(claims(), algorithm="RS512"),
    "a key of its own": lambda: token(claims(), EC, "ES256", kid="mine", jwk=jwk(EC, "mine")),
    "critical header": lambda: token(claims(), crit=["exp"]),
    "issuer": lambda: token(claims(iss="https://idp.example.evil")),
    "issuer with a slash": lambda: token(claims(iss="https://idp.example/")),
    "audience": lambda: token(claims(aud="another")),
    "two audiences": lambda: token(claims(aud=["modelwarrant", "another"])),
    "no audience": lambda: token(claims(aud=None)),
    "authorised party": lambda: token(claims(azp="another")),
    "nonce": lambda: token(claims(nonce="another")),
    "no nonce": lambda: token(claims(nonce=None)),
    "no subject": lambda: token(claims(sub="")),
    "no end": lambda: token(claims(exp=None)),
    "expired": at(exp=-120),
    "not yet": at(nbf=300),
    "issued in the future": at(iat=300),
    "issued long ago": at(iat=-3600),
    "auth_time in the future": at(auth_time=300),
    "no token": lambda: "x",
    "deep": lambda: token(claims())[:-2] + ".e30.e30",
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_tokens_prove_nothing(known: User, name: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        arrives(FORGED[name]())
    assert refused.value.message == provider_sessions.NOT_RIGHT
    assert not ProviderSession.objects.exists()


def test_sound_tokens_of_both_algorithms_do(known: User) -> None:
    assert arrives(token(claims(amr=["mfa"]))).second_factor is True
    arrived = arrives(token(claims(acr="STRONG", amr="mfa"), EC, "ES256", kid="k2"))
    assert arrived.user == known
    assert arrived.second_factor is False
    assert arrived.at is None


def test_the_only_key_needs_no_name(known: User) -> None:
    assert arrives(jwt.encode(claims(), RSA, algorithm="RS256"), keys=KEYS[:1]).user == known


def test_weak_and_doubled_keys_are_no_keys(known: User) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for keys in ([jwk(weak)], [jwk(RSA), jwk(EC, "k1")], [jwk(RSA, use="enc")], [jwk(RSA, alg="PS256")]):
        with pytest.raises(Unauthenticated):
            arrives(token(claims(), weak if keys == [jwk(weak)] else RSA), keys=keys)


def test_a_recent_proof_is_at_most_15_minutes_old(known: User) -> None:
    now = int(clock.now().timestamp())
    assert arrives(token(claims(auth_time=now - 890)), recent=True).at is not None
    for old in (now - 910, None):
        with pytest.raises(Unauthenticated):
            arrives(token(claims(auth_time=old)), recent=True)


def logout(**more: Any) -> str:
    said = {
        "events": {provider_sessions.LOGOUT_EVENT: {}},
        "jti": "j1",
        "nonce": None,
        "exp": None,
        "sub": None,
    }
    return token(claims(**{**said, **more}))


def ends(text: str) -> int:
    return provider_sessions.end_by_provider(provider=SAID, logout_token=text, keys=KEYS)


def test_the_provider_ends_one_session_or_all_of_somebody(known: User, crew: Crew) -> None:
    linked(crew, crew.first, "sub-2")
    first, second = (arrives(token(claims(sid=sid))).session for sid in ("a", "b"))
    other = arrives(token(claims(sub="sub-2", sid="a2"))).session
    assert ends(logout(sid="a")) == 1
    first.refresh_from_db()
    assert first.ended_at is not None
    assert ends(logout(sid="a", sub="sub-2")) == 0  # not that person's
    assert ends(logout(sub="sub-1")) == 1
    second.refresh_from_db()
    other.refresh_from_db()
    assert second.ended_at is not None
    assert other.ended_at is None
    assert Entry.objects.filter(event="people.provider_logout").count() == 2


def test_what_is_no_logout_token_ends_nothing(known: User) -> None:
    arrives(token(claims(sid="a")))
    now = int(clock.now().timestamp())
    wrong = [
        token(claims(sid="a")),  # an ID token
        logout(sid="a", nonce=NONCE),
        logout(sid="a", events={}),
        logout(sid="a", events="x"),
        logout(),
        logout(sid="a", jti=None),
        logout(sid="a", aud="another"),
        logout(sid="a", iat=now - 3600),
        token(claims(sid="a"), rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        none_alg(),
    ]
    for text in wrong:
        with pytest.raises(ServiceError):
            ends(text)
    assert not ProviderSession.objects.exclude(ended_at=None).exists()


def test_a_logout_token_that_comes_again_ends_nothing_newer(known: User) -> None:
    now = int(clock.now().timestamp())
    sent = logout(sub="sub-1", iat=now - 200)
    arrives(token(claims(sid="a")))
    assert ends(sent) == 0


def test_many_ended_at_once_are_all_let_through(
    crew: Crew, idp: Idp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what fails is limited, or a provider could not end more sessions than one address may try."""
    asked: list[str] = []
    monkeypatch.setattr(provider.Client, "keys", lambda client: asked.append("keys") or KEYS)
    cache.clear()
    now = int(clock.now().timestamp())
    said = {"iss": idp.url, "aud": "modelwarrant", "iat": now, "jti": "j", "sub": "sub-1"}
    sent = token({**said, "events": {provider_sessions.LOGOUT_EVENT: {}}})
    client = Client()
    codes = {client.post("/sign-in/provider/logout/", {"logout_token": sent}).status_code for _ in range(65)}
    assert codes == {200}
    assert asked == ["keys"]
    bad = [client.post("/sign-in/provider/logout/", {"logout_token": "x.y.z"}).status_code for _ in range(61)]
    assert (bad[0], bad[-1]) == (400, 429)
    cache.clear()


def test_the_logout_door_reads_no_cookie_and_tells_nothing(crew: Crew, idp: Idp) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-in/provider/logout/", {"logout_token": none_alg()})
    assert answer.status_code == 400
    assert answer.content == b""
    assert "no-store" in answer["Cache-Control"]
    assert client.get("/sign-in/provider/logout/").status_code == 405
