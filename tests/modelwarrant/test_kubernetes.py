"""The example admission policy, by the very expressions of its file: what a cluster admits and what it doesn't."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import celpy
import pytest
import yaml

from modelwarrant import keys, status, warrant
from modelwarrant.cli.main import main
from tests.modelwarrant.test_warrant import KEY, LOG_AT, TERMS, leaf_for, proof_of, replace

GOOD, OTHER = "ab" * 32, "cd" * 32
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DATA = {GOOD: "2026-06-06T09:00:00.000000Z"}


@pytest.fixture(scope="module")
def documents(root: Path) -> dict[tuple[str, str], dict[str, Any]]:
    text = (root / "docs" / "examples" / "kubernetes" / "policy.yaml").read_text(encoding="utf-8")
    return {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(text)}


@pytest.fixture(scope="module")
def rules(documents: dict[tuple[str, str], dict[str, Any]]) -> list[tuple[str, Any]]:
    environment = celpy.Environment()
    listed = documents["ValidatingAdmissionPolicy", "modelwarrant"]["spec"]["validations"]
    return [
        (item["message"], environment.program(environment.compile(item["expression"]))) for item in listed
    ]


def pod(image: str, *, created: str = "2026-03-02T09:00:00Z", **more: list[str]) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": "main", "image": image}]}
    for kind, images in more.items():
        spec[kind] = [{"name": f"c{number}", "image": one} for number, one in enumerate(images)]
    return {"metadata": {"name": "p", "creationTimestamp": created}, "spec": spec}


def review(new: Any, old: Any = None, data: Any = DATA) -> dict[str, Any]:
    """What an AdmissionReview gives the expressions: the objects, and the ConfigMap."""
    params = None if data is None else {"metadata": {"name": "modelwarrant-warrants"}, "data": data}
    operation = "CREATE" if old is None else "UPDATE"
    return {"object": new, "oldObject": old, "params": params, "request": {"operation": operation}}


def refused(rules: list[tuple[str, Any]], request: dict[str, Any]) -> list[str]:
    """The messages of the rules that don't hold; an expression that can't be evaluated is one (failurePolicy: Fail)."""
    given = {name: celpy.json_to_cel(value) for name, value in request.items()}
    found = []
    for message, program in rules:
        try:
            holds = bool(program.evaluate(given))
        except celpy.CELEvalError:
            holds = False
        if not holds:
            found.append(message)
    return found


def image(digest: str) -> str:
    return f"registry.example/model@sha256:{digest}"


def test_a_warranted_image_is_admitted_in_every_kind_of_container(rules: Any) -> None:
    assert refused(rules, review(pod(image(GOOD)))) == []
    full = pod(image(GOOD), initContainers=[image(GOOD)], ephemeralContainers=[image(GOOD)])
    assert refused(rules, review(full)) == []


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (review(pod(image(OTHER))), "a container's"),
        (review(pod("registry.example/model:v1")), "a container's"),
        (review(pod(f"registry.example/{GOOD}")), "a container's"),
        (review(pod(f"registry.example/model:sha256-{GOOD}")), "a container's"),
        (review(pod(image(GOOD).upper())), "a container's"),
        (review(pod(image(GOOD), created="2026-06-06T09:00:00Z")), "a container's"),
        (review(pod(image(GOOD), initContainers=[image(GOOD), image(OTHER)])), "an init"),
        (review(pod(image(GOOD), ephemeralContainers=["busybox"]), old=pod(image(GOOD))), "an ephemeral"),
        (review(pod(image(OTHER)), old=pod(image(GOOD))), "a container's"),
        (review(pod(image(GOOD)), data={}), "a container's"),
        (review(pod(image(GOOD)), data=None), "params"),
        (review(pod(image(GOOD)), data={GOOD: "soon"}), "a container's"),
        (review({"metadata": {}, "spec": {"containers": [{"name": "m", "image": image(GOOD)}]}}), "a container's"),
    ],
    ids=[
        "unknown", "tag", "digest as a name", "digest as a tag", "upper case", "expired at this second",
        "init", "ephemeral", "changed", "nothing listed", "no params", "no date", "no creation time",
    ],
)  # fmt: skip
def test_what_no_warrant_names_is_refused(rules: Any, request_: dict[str, Any], word: str) -> None:
    assert any(message.startswith(word) for message in refused(rules, request_))


def test_what_runs_can_be_labelled_after_its_warrant_is_void(rules: Any) -> None:
    assert refused(rules, review(pod(image(GOOD)), old=pod(image(GOOD)), data={OTHER: DATA[GOOD]})) == []


def test_the_policy_fails_closed_and_only_where_it_is_asked_to(documents: Any) -> None:
    policy = documents["ValidatingAdmissionPolicy", "modelwarrant"]["spec"]
    binding = documents["ValidatingAdmissionPolicyBinding", "modelwarrant"]["spec"]
    assert policy["failurePolicy"] == "Fail"
    assert binding["paramRef"]["parameterNotFoundAction"] == "Deny"
    assert "Deny" in binding["validationActions"]
    assert binding["matchResources"]["namespaceSelector"]["matchLabels"] == {
        "modelwarrant.dev/enforce": "true"
    }
    assert set(policy["matchConstraints"]["resourceRules"][0]["resources"]) == {
        "pods",
        "pods/ephemeralcontainers",
    }
    fresh = documents["ValidatingAdmissionPolicyBinding", "modelwarrant-fresh"]["spec"]
    assert "Deny" not in fresh["validationActions"]


def test_the_command_writes_what_the_policy_reads(
    tmp_path: Path, rules: Any, documents: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    day = timedelta(days=1)

    def made(name: str, digest: str, place: str = "champion", binding: Any = "container") -> str:
        subject = warrant.Subject("scoring", binding, digest)
        if binding == "bytes":
            subject = warrant.Subject("scoring", binding, digest, OTHER)
        slot = warrant.Slot("production", "eu", place)
        dates = {
            "issued": now - day,
            "not_before": now - day,
            "due_from": now + day,
            "not_after": now + 2 * day,
        }
        terms = replace(TERMS, id=name, subject=subject, slot=slot, grace_ends=now + 3 * day, **dates)
        leaf = leaf_for(warrant.entry_data(subject, slot))
        path = tmp_path / f"{name}.json"
        path.write_bytes(warrant.make(terms, leaf, proof_of(leaf), KEY))
        return str(path)

    files = [
        made("w-1", GOOD),
        made("w-2", OTHER),
        made("w-3", "ef" * 32, "challenger"),
        made("w-4", "12" * 32, binding="bytes"),
    ]
    void = [status.Void("w-2", "suspended", now)]
    listed = tmp_path / "status.json"
    listed.write_bytes(status.make(void, now, now + day, KEY, log=LOG_AT))
    public = tmp_path / "warrant.pem"
    public.write_bytes(keys.dump_public(KEY.public))
    out = tmp_path / "configmap.json"
    command = [
        "warrants-configmap", "--slot", "production/eu/champion", "--status", str(listed), "--out", str(out),
        "--key", str(public), *files,
    ]  # fmt: skip
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "left out: it is void: suspended" in told
    assert "left out: it is for production/eu/challenger" in told
    assert "left out: it binds bytes" in told
    written = json.loads(out.read_text())
    assert list(written["data"]) == [GOOD]
    created = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    assert refused(rules, review(pod(image(GOOD), created=created), data=written["data"])) == []
    assert refused(rules, review(pod(image(OTHER), created=created), data=written["data"]))
    late = f"{now + 4 * day:%Y-%m-%dT%H:%M:%SZ}"
    assert refused(rules, review(pod(image(GOOD), created=late), data=written["data"]))
    environment = celpy.Environment()
    [fresh] = documents["ValidatingAdmissionPolicy", "modelwarrant-fresh"]["spec"]["validations"]
    program = environment.program(environment.compile(fresh["expression"]))
    for created_at, holds in ((created, True), (late, False)):
        given = {"object": pod("x", created=created_at), "params": written}
        assert bool(program.evaluate({k: celpy.json_to_cel(v) for k, v in given.items()})) is holds
    out.unlink()
    listed.write_bytes(status.make(void, now - 2 * day, now - day, KEY, log=LOG_AT))
    assert main(command) == 3  # stale: nothing is written
    assert not out.exists()
