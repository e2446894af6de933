"""Signing in by an identity provider that runs here, and what its tokens are not trusted for."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from oidc_provider_mock import run_server_in_thread

from config.startup import verify_settings
from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, ServiceError, Unauthenticated
from ledger.models import Entry
from people import actors, provider
from people.models import IdentityLink, ProviderSession, User
from people.services import provider_sessions
from people.services.people import user_deactivate
from people.services.provider_links import link_confirm, link_end, link_refuse, link_request
from people.services.provider_settings import Provider, provider_problems
from tests.people.crew import Crew, acting, code
from tests.people.test_sign_in import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]
NONCE = "n-0S6_WzA2Mj"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Idp:
    """The provider that runs here, as a person's browser meets it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(_NoRedirect())

    def knows(self, subject: str, **claims: Any) -> None:
        request = urllib.request.Request(
            f"{self.url}/users/{subject}",
            json.dumps(claims).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        self.opener.open(request, timeout=10).close()

    def asked(self, client: Client, onward: str = "/profile/") -> str:
        """Where the portal sends the browser."""
        answer = client.get("/sign-in/provider/", {"next": onward})
        assert answer.status_code == 302, answer.content
        return str(answer["Location"])

    def consent(self, address: str, subject: str) -> str:
        """Where the provider sends the browser back to."""
        body = urllib.parse.urlencode({"sub": subject}).encode()
        with pytest.raises(urllib.error.HTTPError) as sent:  # what isn't followed is an error to urllib
            self.opener.open(urllib.request.Request(address, body, method="POST"), timeout=10)
        assert sent.value.code == 302, sent.value.read()
        return str(sent.value.headers["Location"])

    def enter(self, client: Client, subject: str, onward: str = "/profile/") -> Any:
        back = urllib.parse.urlsplit(self.consent(self.asked(client, onward), subject))
        return client.get(back.path + "?" + back.query)


@pytest.fixture
def idp(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Idp]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    secret = tmp_path / "client-secret"
    secret.write_text("not-guessed\n")
    settings.OIDC_CLIENT_SECRET_FILE = str(secret)
    with run_server_in_thread(require_nonce=True) as server:
        settings.OIDC_ISSUER = f"http://localhost:{server.server_port}"
        settings.OIDC_NAME, settings.OIDC_CLIENT_ID, settings.LOCAL = "Acme", "modelwarrant", True
        yield Idp(settings.OIDC_ISSUER)


def linked(crew: Crew, user: User, subject: str) -> IdentityLink:
    row = link_request(actor=crew.olga, user_id=user.pk, subject=subject, reason="Seen in the directory.")
    return link_confirm(actor=crew.omar, link_id=row.pk)


def query(address: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


def nothing_of_the_library() -> bool:
    return not any(model.objects.exists() for model in (EmailAddress, SocialAccount, SocialApp, SocialToken))


def test_a_linked_person_comes_in_with_what_the_provider_says(crew: Crew, idp: Idp) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["pwd", "mfa"], sid="s-1")
    address = idp.asked(client, "/people/")
    said = query(address)
    assert said["code_challenge_method"] == "S256"
    assert len(said["nonce"]) > 20
    assert len(said["state"]) > 10
    assert said["scope"] == "openid"
    assert "prompt" not in said
    answer = idp.enter(client, "sub-1", "/people/")
    assert (answer.status_code, answer["Location"]) == (302, "/people/")
    said = client.get("/api/v1/me").json()
    assert said["id"] == user.pseudonym
    assert said["second_factor"] is True
    assert nothing_of_the_library()
    assert Entry.objects.filter(event="people.signed_in").count() == 1


def test_without_a_second_factor_there_our_own_is_asked(crew: Crew, idp: Idp) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    totp = crew.enrol(user)
    linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["pwd"], acr="urn:basic")
    assert idp.enter(client, "sub-1")["Location"] == "/second-factor/"
    assert client.get("/profile/").status_code == 302
    assert client.post("/second-factor/", {"code": code(totp)}).status_code == 302
    assert client.session[actors.SECOND_FACTOR] is True
    plain = crew.person("auditor")
    linked(crew, plain, "sub-2")
    other = Client()
    assert idp.enter(other, "sub-2")["Location"] == "/profile/"
    assert other.session[actors.SECOND_FACTOR] is False


def test_acr_counts_where_the_operator_named_it(crew: Crew, idp: Idp, settings: Any) -> None:
    settings.OIDC_SECOND_FACTOR_ACR, settings.OIDC_SECOND_FACTOR_AMR = ["urn:strong"], []
    user, client = crew.person("risk-reviewer"), Client()
    linked(crew, user, "sub-1")
    idp.knows("sub-1", acr="urn:stron", amr=["mfa"])
    assert idp.enter(client, "sub-1")["Location"] == "/second-factor/set-up/"
    idp.knows("sub-1", acr="urn:strong")
    assert idp.enter(client, "sub-1")["Location"] == "/profile/"
    assert client.session[actors.SECOND_FACTOR] is True


def test_nobody_registers_themselves_and_no_address_links(crew: Crew, idp: Idp) -> None:
    user = crew.person("risk-reviewer")
    before = User.objects.count()
    idp.knows("stranger", email=user.email, email_verified=True, amr=["mfa"], name=user.name)
    client = Client()
    answer = idp.enter(client, "stranger")
    assert answer.status_code == 401
    assert b"Ask an operator" in answer.content
    assert client.get("/profile/").status_code == 302
    assert User.objects.count() == before
    assert nothing_of_the_library()
    idp.knows("Sub-1", amr=["mfa"])
    linked(crew, user, "sub-1")
    assert idp.enter(Client(), "Sub-1").status_code == 401  # another subject than sub-1


def test_a_planted_row_of_the_library_signs_nobody_in(crew: Crew, idp: Idp) -> None:
    SocialAccount.objects.create(user=crew.first, provider="provider", uid="planted")
    SocialAccount.objects.create(user=crew.first, provider="openid_connect", uid="planted")
    EmailAddress.objects.create(user=crew.first, email=crew.first.email, verified=True, primary=True)
    SocialApp.objects.create(provider="openid_connect", provider_id="evil", client_id="x", name="Evil")
    idp.knows("planted", email=crew.first.email, email_verified=True, amr=["mfa"])
    assert idp.enter(Client(), "planted").status_code == 401


def test_the_library_opens_no_door_of_its_own() -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert not any(name.startswith(("account_", "socialaccount_", "openid_connect")) for name in names)
    for name in ("account_login", "account_signup", "account_reset_password", "socialaccount_connections"):
        with pytest.raises(NoReverseMatch):
            reverse(name)
    door = provider.NoDoors()
    assert door.list_apps(None) == []
    assert not door.is_open_for_signup(None, SocialLogin())
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/social/connections/"):
        assert Client().get(path).status_code == 404


def test_while_no_provider_is_configured_there_is_none(crew: Crew) -> None:
    client = Client()
    for path in ("/sign-in/provider/", "/sign-in/provider/callback/"):
        assert client.get(path).status_code == 404
    assert client.post("/sign-in/provider/logout/").status_code == 404
    assert b"Sign in with Acme" not in client.get("/sign-in/").content
    with pytest.raises(Conflict, match="No identity provider"):
        link_request(actor=crew.olga, user_id=crew.second.pk, subject="x", reason="Seen.")


def test_an_answer_nobody_asked_for_is_refused(crew: Crew, idp: Idp) -> None:
    user, mine, theirs = crew.person("risk-reviewer"), Client(), Client()
    linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["mfa"])
    back = urllib.parse.urlsplit(idp.consent(idp.asked(mine), "sub-1"))
    address = back.path + "?" + back.query
    assert theirs.get(address).status_code == 400  # somebody's code, pushed on another browser
    idp.asked(theirs)
    assert theirs.get(address).status_code == 400
    forged = back.path + "?" + urllib.parse.urlencode({**query(address), "state": "x"})
    assert mine.get(forged).status_code == 400
    assert mine.get(address).status_code == 400  # the question was used up
    assert mine.get("/profile/").status_code == 302


def test_signing_in_again_asks_the_provider_for_a_recent_proof(crew: Crew, idp: Idp) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["mfa"])
    idp.enter(client, "sub-1")
    said = query(idp.asked(client))
    assert (said["prompt"], said["max_age"]) == ("login", "900")
    idp.knows("sub-1", amr=["mfa"], auth_time=int(time.time()) - 3600)
    if idp.enter(client, "sub-1").status_code == 302:  # the mock writes its own time: then that is recent
        assert clock.now().timestamp() - client.session[actors.AUTHENTICATED_AT] < 60


@pytest.mark.parametrize("how", ["end", "logout", "lock"])
def test_a_session_ends_with_its_link(crew: Crew, idp: Idp, how: str) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    row = linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["mfa"])
    by_code = signed_in(crew, user)
    idp.enter(client, "sub-1")
    assert client.get("/profile/").status_code == 200
    if how == "end":
        link_end(actor=crew.omar, link_id=row.pk)
    elif how == "lock":
        user_deactivate(actor=crew.olga, user_id=user.pk)
    else:
        ProviderSession.objects.update(ended_at=clock.now())
    assert client.get("/profile/").status_code == 302
    assert client.get("/api/v1/me").status_code == 401
    assert by_code.get("/profile/").status_code == (302 if how == "lock" else 200)


def test_a_link_takes_two_persons(crew: Crew, idp: Idp) -> None:
    user = crew.person("risk-reviewer")
    row = link_request(actor=crew.olga, user_id=user.pk, subject="sub-1", reason="Seen.")
    client = Client()
    idp.knows("sub-1", amr=["mfa"])
    assert idp.enter(client, "sub-1").status_code == 401  # only requested
    for actor, reason in ((crew.olga, "requester"), (acting(user), "no-grant")):
        with pytest.raises(NotAllowed) as refused:
            link_confirm(actor=actor, link_id=row.pk)
        assert refused.value.reason == reason
    own = link_request(actor=crew.olga, user_id=crew.second.pk, subject="sub-omar", reason="Seen.")
    with pytest.raises(NotAllowed) as refused:
        link_confirm(actor=crew.omar, link_id=own.pk)
    assert refused.value.reason == "holder"
    with pytest.raises(Conflict):
        link_request(actor=crew.omar, user_id=crew.first.pk, subject="sub-1", reason="Seen.")
    link_refuse(actor=crew.omar, link_id=row.pk)
    assert idp.enter(client, "sub-1").status_code == 401
    stored = bytes(Entry.objects.get(event="people.link_requested", subject_id=str(row.pk)).bytes).decode()
    assert "sub-1" not in stored


@pytest.mark.parametrize("subject", ["", "a" * 256, "sub\n", "ünicode", "\u202esub"])
def test_a_subject_is_taken_as_it_is_or_not_at_all(crew: Crew, idp: Idp, subject: str) -> None:
    with pytest.raises(Invalid):
        link_request(actor=crew.olga, user_id=crew.person().pk, subject=subject, reason="Seen.")


# -- forged tokens: CI-01 where it concerns people ----------------------------------------------------------------


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


def hs256() -> str:
    """Signed with the public key as if it were a secret, which PyJWT itself refuses to make."""
    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _head, body, _ = token(claims()).split(".")
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
    "HS256 with the public key": hs256,
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


# -- back-channel logout --------------------------------------------------------------------------------------------


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


# -- settings and network -------------------------------------------------------------------------------------------


def test_settings_that_cannot_be_meant_are_refused(settings: Any) -> None:
    verify_settings()
    settings.OIDC_ISSUER, settings.LOCAL = "http://idp.example", False
    settings.OIDC_CLIENT_SECRET_FILE = "/nowhere"
    settings.WORKLOAD_ISSUERS = {"http://ci.example": "/x"}
    said = " ".join(provider_problems())
    for word in ("OIDC_ISSUER is no https", "OIDC_CLIENT_ID", "/nowhere", "http://ci.example"):
        assert word in said


def test_a_provider_that_is_away_or_another_is_told_plainly(crew: Crew, settings: Any, idp: Idp) -> None:
    settings.OIDC_ISSUER = idp.url.replace("localhost", "127.0.0.1")  # it says it is somebody else
    answer = Client().get("/sign-in/provider/")
    assert answer.status_code in (302, 502)
    settings.OIDC_ISSUER = "http://localhost:9"
    answer = Client().get("/sign-in/provider/")
    assert answer.status_code == 502
    assert b"reached" in answer.content


@pytest.mark.parametrize(
    "url", ["http://idp.example/", "file:///etc/passwd", "https://u@idp.example/", "gopher://x"]
)
def test_only_sound_addresses_are_asked(url: str, settings: Any) -> None:
    settings.LOCAL = True
    with pytest.raises(provider.Unreachable):
        provider.fetched(url)
