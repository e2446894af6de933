"""Pipelines that show their platform's identity: exact claims, exact keys, one answer to everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.management import CommandError, call_command
from django.test import Client

from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, ServiceError
from ledger.models import Entry
from people import platforms
from people.catalogue import P
from people.models import ServiceIdentity, WorkloadTrust
from people.services import workloads
from people.services.identities import identity_change
from people.services.people import user_deactivate
from people.services.workloads import workload_confirm, workload_request, workload_revoke
from tests.people.crew import Crew, acting
from tests.people.test_provider_tokens import EC, RSA, by_public_key, jwk

pytestmark = pytest.mark.django_db
ISSUER = "https://token.actions.githubusercontent.com"
KEYS = [jwk(RSA), jwk(EC, "k2")]
AUDIENCE = "https://warrants.example"
CLAIMS = {
    "repository_id": "1296269",
    "repository_owner_id": "583231",
    "environment": "production",
    "ref_type": "branch",
    "ref": "refs/heads/main",
}


class Pipeline:
    """A service identity, and one pipeline trusted to act as it."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.owner = crew.person("developer")
        self.identity: ServiceIdentity = crew.identity(self.owner, "ci")
        self.trust = workload_confirm(actor=crew.omar, trust_id=self.asked().pk)

    def asked(self, **more: Any) -> WorkloadTrust:
        said: dict[str, Any] = {
            "actor": self.crew.olga,
            "identity_id": self.identity.pk,
            "label": "release of scoring",
            "platform": "github",
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "claims": CLAIMS,
            "permissions": [P.VERSION_VIEW.value, P.GATE_ASK.value],
            "ends": clock.now() + timedelta(days=30),
        }
        return workload_request(**said | more)


@pytest.fixture
def pipeline(crew: Crew, keys: Path) -> Pipeline:
    return Pipeline(crew)


def claims(**more: Any) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    said = {
        **CLAIMS,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "repo:acme/model:environment:production",
        "repository": "acme/model",
        "repository_owner": "acme",
        "event_name": "push",
        "head_ref": "",
        "base_ref": "",
        "iat": now,
        "nbf": now - 5,
        "exp": now + 300,
    }
    return {key: value for key, value in {**said, **more}.items() if value is not None}


def token(said: dict[str, Any], key: Any = RSA, algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": "k1", **header})


def me(text: str, **more: Any) -> Any:
    return Client().get("/api/v1/me", headers={"Authorization": f"Bearer {text}"}, **more)


def test_a_trusted_job_acts_as_its_identity_with_named_rights(pipeline: Pipeline) -> None:
    said = me(token(claims())).json()
    assert (said["kind"], said["id"]) == ("service", pipeline.identity.pseudonym)
    assert said["controller"] == pipeline.owner.pseudonym
    assert said["permissions"] == [P.GATE_ASK.value, P.VERSION_VIEW.value]
    assert me(token(claims(), EC, "ES256", kid="k2")).status_code == 200
    pipeline.trust.refresh_from_db()
    assert pipeline.trust.last_used_at is not None


def other_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def at(**seconds: int) -> Callable[[], str]:
    return lambda: token(claims(**{name: int(clock.now().timestamp()) + by for name, by in seconds.items()}))


def said(**more: Any) -> Callable[[], str]:
    return lambda: token(claims(**more))


REFUSED: dict[str, Callable[[], str]] = {
    # CI-01
    "alg none": lambda: jwt.encode(claims(), None, algorithm="none", headers={"kid": "k1"}),
    "the public key as a secret": lambda: by_public_key(token(claims())),
    "a secret": lambda: token(claims(), "k" * 64, "HS256"),
    "another key": lambda: token(claims(), other_key()),
    "unknown kid": lambda: token(claims(), kid="k9"),
    "kid as a path": lambda: token(claims(), kid="../../../etc/passwd"),
    "kid as SQL": lambda: token(claims(), kid="k1' OR '1'='1"),
    "kid as a list": lambda: token(claims(), kid="[k1]"),
    "where its key is": lambda: token(claims(), other_key(), kid="x", jku="https://evil.example/keys.json"),
    "audience": said(aud="https://warrants.example/"),
    "audiences": said(aud=[AUDIENCE, "https://evil.example"]),
    "no audience": said(aud=None),
    "issuer": said(iss=ISSUER + "/"),
    "an issuer nobody configured": said(iss="https://evil.example"),
    "no issuer": said(iss=None),
    "future nbf": at(nbf=600),
    "expired": at(exp=-120),
    "no end": said(exp=None),
    "issued an hour and more ago": at(iat=-3800, exp=300),
    "issued at true": said(iat=True),
    "end without end": said(exp=float("inf")),
    # CI-03
    "another repository": said(repository_id="1296270"),
    "the number as a number": said(repository_id=1296269),
    "another owner of the same name": said(repository_owner_id="583232"),
    "a name in place of the number": said(repository_id="acme/model"),
    "environment in capitals": said(environment="Production"),
    "another environment": said(environment="production-test"),
    "no environment": said(environment=None),
    "a tag": said(ref_type="tag"),
    "another branch": said(ref="refs/heads/main2"),
    "pull request": said(event_name="pull_request"),
    "pull request of a fork": said(event_name="pull_request_target", head_ref="main"),
    "pull request by its ref": said(ref="refs/pull/1/merge"),
    "started by a comment": said(event_name="issue_comment"),
    "no event": said(event_name=None),
    "a head that is elsewhere": said(head_ref="evil"),
}


@pytest.mark.once
@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_gets_the_one_answer(pipeline: Pipeline, name: str) -> None:
    answer = me(REFUSED[name]())
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The token is not valid."
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.once
def test_a_renamed_repository_is_the_same_and_its_successor_is_not(pipeline: Pipeline) -> None:
    assert me(token(claims(repository="acme/renamed", sub="repo:acme/renamed"))).status_code == 200
    assert me(token(claims(repository_id="999"))).status_code == 401  # took over the old name


@pytest.mark.once
def test_two_headers_are_none(pipeline: Pipeline) -> None:
    sound = token(claims())
    for header in (f"Bearer {sound}, Bearer {sound}", f"Bearer {sound} ", f"bearer {sound}", sound):
        answer = Client().get("/api/v1/me", headers={"Authorization": header})
        assert (answer.status_code, answer.json()["detail"]) == (401, "The token is not valid."), header


@pytest.mark.once
def test_a_token_that_is_no_use_is_no_fall_back_to_a_session(pipeline: Pipeline) -> None:
    client = Client()
    client.force_login(pipeline.crew.first)
    assert client.get("/api/v1/me").status_code == 200
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer a.b.c"}).status_code == 401


@pytest.mark.sampled
@pytest.mark.parametrize("how", ["revoke", "end", "identity", "controller", "keys"])
def test_it_ends_with_the_next_request(
    pipeline: Pipeline, keys: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    sent = token(claims())
    assert me(sent).status_code == 200
    crew = pipeline.crew
    if how == "revoke":
        workload_revoke(actor=crew.omar, trust_id=pipeline.trust.pk)
    elif how == "identity":
        identity_change(actor=crew.olga, identity_id=pipeline.identity.pk, is_active=False)
    elif how == "controller":
        user_deactivate(actor=crew.olga, user_id=pipeline.owner.pk)
    elif how == "keys":
        keys.write_text(json.dumps({"keys": [jwk(EC, "k2")]}))
    else:
        WorkloadTrust.objects.filter(pk=pipeline.trust.pk).update(ends=clock.now())
    assert me(sent).status_code == 401


def test_no_person_s_right_comes_with_it(pipeline: Pipeline) -> None:
    for name in (P.VERSION_APPROVE, P.GRANT_CONFIRM, P.WAIVER_REQUEST):
        with pytest.raises(Invalid, match="takes a person"):
            pipeline.asked(permissions=[name.value], claims={**CLAIMS, "environment": "x"})


def test_it_takes_two_persons_neither_of_whom_answers_for_it(crew: Crew, keys: Path) -> None:
    pipeline = Pipeline(crew)
    own = crew.identity(crew.second)
    row = pipeline.asked(identity_id=own.pk, claims={**CLAIMS, "environment": "staging"})
    assert me(token(claims(environment="staging"))).status_code == 401  # only requested
    for actor, reason in (
        (crew.olga, "requester"),
        (crew.omar, "holder"),
        (acting(pipeline.owner), "no-grant"),
    ):
        with pytest.raises(NotAllowed) as refused:
            workload_confirm(actor=actor, trust_id=row.pk)
        assert refused.value.reason == reason
    with pytest.raises(Conflict):
        pipeline.asked()
    with pytest.raises(NotAllowed):
        pipeline.asked(actor=acting(pipeline.owner))


@pytest.mark.once
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"claims": {"repository": "acme/model"}}, "claims"),
        ({"claims": {**CLAIMS, "repository_id": "acme/model"}}, "claims"),
        ({"claims": {**CLAIMS, "repository": "acme/model"}}, "claims"),
        ({"claims": {**CLAIMS, "ref": "refs/pull/3/head"}}, "claims"),
        ({"claims": {**CLAIMS, "environment": ""}}, "claims"),
        ({"claims": {**CLAIMS, "environment": 7}}, "claims"),
        ({"issuer": "https://evil.example"}, "issuer"),
        ({"audience": ""}, "audience"),
        ({"platform": "jenkins"}, "platform"),
        ({"permissions": []}, "permissions"),
        ({"label": ""}, "label"),
    ],
)
def test_what_names_no_pipeline_for_good_is_not_trusted(
    pipeline: Pipeline, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        pipeline.asked(**wrong)
    assert refused.value.field == field


def test_it_lasts_a_year_at_most(pipeline: Pipeline) -> None:
    for days in (-1, 366):
        with pytest.raises(Invalid):
            pipeline.asked(ends=clock.now() + timedelta(days=days))


@pytest.mark.once
def test_gitlab_has_its_own_names(pipeline: Pipeline) -> None:
    trusted = {"project_id": "7", "namespace_id": "9", "environment": "production", "ref_type": "tag"}
    row = pipeline.asked(platform="gitlab", claims=trusted)
    workload_confirm(actor=pipeline.crew.omar, trust_id=row.pk)
    sent = claims(**trusted, ref="refs/tags/v1", pipeline_source="push", event_name=None)
    assert me(token(sent)).status_code == 200
    assert me(token({**sent, "pipeline_source": "merge_request_event"})).status_code == 401


@pytest.mark.once
def test_a_file_that_holds_a_private_key_is_no_file_of_keys(pipeline: Pipeline, keys: Path) -> None:
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA)) | {"kid": "k1"}
    for text in (json.dumps({"keys": [private]}), "{}", "[]", "", '{"keys": []}'):
        keys.write_text(text)
        assert me(token(claims())).status_code == 401
    keys.unlink()
    assert me(token(claims())).status_code == 401


@pytest.mark.once
def test_an_operator_fetches_keys_at_the_configured_address(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: dict[str, Any] = {
        f"{ISSUER}/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"},
        f"{ISSUER}/jwks": {"keys": [jwk(EC, "new")]},
    }
    monkeypatch.setattr("people.management.commands.workload_keys.fetched", answers.__getitem__)
    call_command("workload_keys", ISSUER)
    assert "new EC" in capsys.readouterr().out
    assert [key["kid"] for key in workloads.keys_in(keys)] == ["new"]
    answers[f"{ISSUER}/jwks"] = {"keys": []}
    with pytest.raises(CommandError, match="no set of"):
        call_command("workload_keys", ISSUER)
    assert [key["kid"] for key in workloads.keys_in(keys)] == ["new"]
    answers[f"{ISSUER}/.well-known/openid-configuration"] = {"issuer": "https://evil.example"}
    with pytest.raises(CommandError, match="another issuer"):
        call_command("workload_keys", ISSUER)
    with pytest.raises(CommandError, match="names no file"):
        call_command("workload_keys", "https://evil.example")


@pytest.mark.once
def test_a_refused_token_is_in_no_entry_and_no_log(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    sent = token(claims(environment="x"))
    with caplog.at_level("INFO"):
        me(sent)
    assert "a workload token was refused" in caplog.text
    assert sent not in caplog.text
    assert not any(sent.encode() in bytes(row.bytes) for row in Entry.objects.all())


@pytest.mark.once
def test_every_platform_refuses_what_strangers_start() -> None:
    for row in platforms.PLATFORMS.values():
        assert not row.triggers & {
            "pull_request",
            "pull_request_target",
            "issue_comment",
            "merge_request_event",
        }
        assert "environment" in row.required
        assert platforms.NUMBERS & set(row.required)


def test_a_second_request_for_the_same_jobs_is_refused_until_the_first_is_over(pipeline: Pipeline) -> None:
    with pytest.raises(ServiceError):
        pipeline.asked()
    workload_revoke(actor=pipeline.crew.omar, trust_id=pipeline.trust.pk)
    assert pipeline.asked().state == "requested"
