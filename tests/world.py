"""A small world made through the services: people in every role, a policy, a system, versions with real bytes.

Tests import it inside a database fixture; nothing here is faked but the data, which are made by a seeded generator.
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from governance.gates.context import Context
from governance.models import Decision
from governance.services.acceptances import acceptance_give
from governance.services.checks import checks_request
from governance.services.decisions import decision_record
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.services.readiness import checklist_answer, document_attach
from governance.services.tiering import tiering_confirm
from governance.services.versions import version_start_review, version_submit
from governance.services.waivers import waiver_approve, waiver_request
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Refused
from ledger.models import KeyRecord
from ledger.tasks import sequence
from modelwarrant import keys, oms
from monitoring.services.execution import execute_next
from people.actors import for_token, for_user
from people.catalogue import ROLES
from people.models import User
from people.services.bootstrap import Named, bootstrap
from people.services.grants import grant_confirm, grant_request
from people.services.identities import identity_create
from people.services.keys import key_confirm, key_import_request
from people.services.people import user_create
from people.services.tokens import token_issue
from registry.models import AIModel, DatasetVersion, Upload, Version
from registry.selectors.cards import CARD
from registry.selectors.versions import version_by_id
from registry.services.artifacts import artifact_attach
from registry.services.components import component_set
from registry.services.datasets import dataset_register, dataset_version_register, lineage_set
from registry.services.models import model_register
from registry.services.signatures import signature_add
from registry.services.systems import system_register
from registry.services.tierings import tiering_propose
from registry.services.uploads import upload_append, upload_finish, upload_start
from registry.services.versions import version_register
from tests.remembered import remembered

ROOT = Path(__file__).resolve().parents[1]
WORKER = Actor.system("checks-worker")
PASSWORD = "correct horse 7 battery"
CAST = {
    "owner": "owner",
    "developer": "developer",
    "validator": "independent-validator",
    "reviewer": "risk-reviewer",
    "author": "policy-reviewer",
    "approver": "policy-reviewer",
    "security": "security-reviewer",
    "auditor": "auditor",
}
MILDEST = {
    "impact": "none",
    "autonomy": "informs",
    "reversibility": "at-once",
    "scale": "hundreds",
    "data": "none",
    "complexity": "rules",
    "regulatory": "no",
}
"""Answers to the materiality questionnaire that give the lowest tier."""
COLUMNS: list[dict[str, Any]] = [
    {"name": "age", "dtype": "number", "role": "feature"},
    {"name": "group", "dtype": "text", "role": "sensitive"},
    {"name": "outcome", "dtype": "number", "role": "label", "positive": 1},
    {"name": "score", "dtype": "number", "role": "score", "min": 0, "max": 1},
    {"name": "prediction", "dtype": "number", "role": "prediction", "allowed": [0, 1]},
]


def rows(count: int = 300, *, seed: int = 1, telling: float = 0.35, shift: float = 0.0) -> bytes:
    """A CSV of COLUMNS: scores around 0.5 +- `telling` that come true as often as they say; ages moved by `shift`."""
    made = random.Random(seed)
    lines = ["age,group,outcome,score,prediction"]
    for _ in range(count):
        score = round(min(0.98, max(0.02, 0.5 + made.choice((-1, 1)) * telling + made.uniform(-0.1, 0.1))), 4)
        outcome = int(made.random() < score)
        age = round(made.gauss(50 + shift, 10), 2)
        lines.append(f"{age},{made.choice('ab')},{outcome},{score},{int(score >= 0.5)}")
    return ("\n".join(lines) + "\n").encode()


_version = remembered(lambda version: version.pk, version_by_id)


@dataclass
class World:
    """Who and what there is. `world[key]` is a person in a fresh interactive session."""

    users: dict[str, User]
    ci: Actor
    token: str
    model: AIModel
    private: Any

    def __getitem__(self, key: str) -> Actor:
        return for_user(self.users[key], "test", authenticated_at=clock.now(), interactive=True)

    @property
    def system_id(self) -> Any:
        return self.model.system_id

    def upload(
        self, purpose: str, data: bytes, name: str, *, actor: Actor | None = None, **owner: Any
    ) -> Upload:
        """A finished upload."""
        who = actor or self.ci
        digest = hashlib.sha256(data).hexdigest()
        upload = upload_start(actor=who, purpose=purpose, size=len(data), digest=digest, name=name, **owner)
        upload_append(actor=who, upload_id=upload.pk, offset=0, chunks=[data])
        return upload_finish(actor=who, upload_id=upload.pk)

    def dataset(self, data: bytes, *, columns: list[dict[str, Any]] | None = None) -> DatasetVersion:
        """The next version of the study's dataset, as CI registers it."""
        known = self.model.system.datasets.first()
        dataset = known or dataset_register(
            actor=self.ci, system_id=self.system_id, slug="study", name="Study", source="a seeded generator"
        )
        upload = self.upload("dataset", data, "data.csv", system_id=self.system_id)
        return dataset_version_register(
            actor=self.ci,
            dataset_id=dataset.pk,
            upload_id=upload.pk,
            media_type="text/csv",
            rows=data.count(b"\n") - 1,
            schema={"columns": columns or COLUMNS},
            sensitive=["group"],
            label_column="outcome",
            prediction_column="prediction",
            score_column="score",
        )

    @_version
    def draft(self, *, evaluation: bytes | None = None, weights: bytes = b"weights") -> Version:
        """A signed draft with card, component and data, made by CI."""
        card = {field.name: f"About {field.title.lower()}." for field in CARD}
        version = version_register(actor=self.ci, model_id=self.model.pk, code_ref="git:1", card=card)
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder) / "model"
            directory.mkdir()
            (directory / "weights.bin").write_bytes(weights)
            (directory / "config.json").write_text(json.dumps({"version": version.number}))
            files = {
                path.name: self.upload("artifact", path.read_bytes(), path.name, model_id=self.model.pk).pk
                for path in directory.iterdir()
            }
            artifact_attach(actor=self.ci, version_id=version.pk, files=files)
            bundle = oms.sign_model(directory, keys.LocalSigner(self.private))
        component_set(actor=self.ci, version_id=version.pk, kind="weights", name="weights.bin", licence="MIT")
        signature_add(actor=self.ci, version_id=version.pk, bundle=bundle)
        training = self.dataset(rows(seed=2))
        judged = self.dataset(rows(seed=3) if evaluation is None else evaluation)
        for role, data in (("training", training), ("reference", training), ("evaluation", judged)):
            lineage_set(actor=self.ci, version_id=version.pk, dataset_version_id=data.pk, role=role)
        return version_by_id(version.pk)

    @_version
    def validated(self, **kwargs: Any) -> Version:
        """A submitted version with every check of the policy run."""
        version = self.draft(**kwargs)
        version_submit(actor=self["developer"], version_id=version.pk)
        checks_request(actor=self.ci, version_id=version.pk)
        work()
        return version_by_id(version.pk)

    @_version
    def in_review(self, **kwargs: Any) -> Version:
        """A version in review whose open requirements are lawfully accepted or waived."""
        version = self.validated(**kwargs)
        version_start_review(actor=self["validator"], version_id=version.pk)
        self.cover(version)
        return version_by_id(version.pk)

    def hand_in(self, version: Version) -> None:
        """The documents and answers that the policy asks for, by whom it asks."""
        document = Context(version, clock.now()).document
        assert document is not None
        for move in document.moves:
            for kind in move.documents:
                document_attach(
                    actor=self["validator"], version_id=version.pk, kind=kind, title=kind, name=f"{kind}.txt",
                    data=b"Repeated and found as reported.", attached_as="validator",
                )  # fmt: skip
            who = self["owner"] if move.name == "deploy" else self["validator"]
            for question in move.checklist:
                checklist_answer(
                    actor=who, version_id=version.pk, move=move.name, question=question, answer="yes"
                )

    def cover(self, version: Version) -> list[str]:
        """Accept what is inconclusive, waive what failed, hand in what is asked for; the names of what was covered."""
        covered = []
        self.hand_in(version_by_id(version.pk))
        for state in Context(version_by_id(version.pk), clock.now()).requirements:
            if not state.open:
                continue
            covered.append(state.requirement.name)
            if state.standing == "inconclusive":
                acceptance_give(
                    actor=self["validator"],
                    version_id=version.pk,
                    requirement=state.requirement.name,
                    limitation="Too few people to tell.",
                    compensating_test="Monthly, on production data.",
                    review_by=clock.now() + timedelta(days=60),
                )
            else:
                waiver = waiver_request(
                    actor=self["owner"],
                    version_id=version.pk,
                    requirement=state.requirement.name,
                    reason="Known.",
                    compensating_control="A person looks.",
                    ends=clock.now() + timedelta(days=30),
                )
                waiver_approve(actor=self["reviewer"], waiver_id=waiver.pk)
        return covered

    def decide(
        self, version: Version, who: str, seat: str, outcome: str = "approve", **kwargs: Any
    ) -> Decision:
        """Decide on what stands there now."""
        context = Context(version_by_id(version.pk), clock.now())
        said = {
            "shown": context.shown,
            "shown_digest": context.shown_digest,
            "reason": "Read it all.",
            **kwargs,
        }
        try:
            return decision_record(actor=self[who], version_id=version.pk, outcome=outcome, seat=seat, **said)
        except Refused as error:
            error.add_note(str(error.reasons))  # or a test that fails by it says nothing
            raise

    @_version
    def approved(self, **kwargs: Any) -> Version:
        """An approved version."""
        version = self.in_review(**kwargs)
        self.decide(version, "validator", "independent-validator")
        self.decide(version, "reviewer", "risk-reviewer")
        return version_by_id(version.pk)


def work() -> None:
    """Execute every due run, as the worker does."""
    while execute_next(actor=WORKER):
        pass


def publish() -> None:
    """Integrate and publish the log, as the worker does."""
    sequence()


def facts(world: World) -> tuple[Any, ...]:
    """What `from_facts` makes the world from again, once its rows are there."""
    people = {key: user.pk for key, user in world.users.items()}
    return people, world.ci, world.token, world.model.pk, world.private


def from_facts(kept: tuple[Any, ...]) -> World:
    people, ci, token, model, private = kept
    users = {key: User.objects.get(pk=pk) for key, pk in people.items()}
    return World(users, ci, token, AIModel.objects.select_related("system").get(pk=model), private)


@remembered(facts, from_facts, first=True)
def make_world(*, tier: str = "high") -> World:
    """Everything up to a model without versions."""
    begun = bootstrap(
        actor=Actor.system("bootstrap"),
        first=Named("Operator One", "one@example.org", PASSWORD, temporary=False),
        second=Named("Operator Two", "two@example.org", PASSWORD, temporary=False),
    )
    users = {"one": begun.people[0][0], "two": begun.people[1][0]}

    def session(key: str) -> Actor:
        return for_user(users[key], "test", authenticated_at=clock.now(), interactive=True)

    def grant(role: str, holder: Any) -> None:
        days = ROLES[role].max_days
        ends = clock.now() + timedelta(days=min(days, 90)) if days else None
        asked = grant_request(
            actor=session("one"), role=role, holder_id=holder.pk, reason="The test's cast.", ends=ends
        )
        grant_confirm(actor=session("two"), grant_id=asked.pk)

    for key, role in CAST.items():
        users[key], _ = user_create(
            actor=session("one"),
            email=f"{key}@example.org",
            name=key.title(),
            password=PASSWORD,
            temporary=False,
        )
        grant(role, users[key])
    identity = identity_create(actor=session("one"), name="ci", controller_id=users["developer"].pk)
    grant("ci", identity)
    token, plaintext = token_issue(
        actor=session("one"),
        identity_id=identity.pk,
        label="test",
        permissions=sorted(ROLES["ci"].permissions),
        expires_at=clock.now() + timedelta(days=30),
    )
    text = (ROOT / "fixtures" / "policies" / f"{tier}.yaml").read_text(encoding="utf-8")
    policy = policy_draft(actor=session("author"), text=text)
    policy_submit(actor=session("author"), policy_id=policy.pk)
    policy_approve(actor=session("approver"), policy_id=policy.pk)
    system = system_register(
        actor=session("owner"),
        slug="risk",
        name="Risk",
        purpose="Who may be at risk?",
        affected_people="Patients",
        owner=users["owner"].pseudonym,
        legal_entity="Clinic Ltd",
        risk_tier=tier,
        on_void="stop",
    )
    if tier != "high":
        tiered = tiering_propose(
            actor=session("owner"),
            system_id=system.pk,
            is_model=True,
            why="It scores people.",
            answers=MILDEST,
            tier=tier,
            tier_reason="" if tier == "low" else "The owner would rather be careful.",
        )
        tiering_confirm(actor=session("reviewer"), tiering_id=tiered.pk, note="Read.")
    ci = for_token(token)
    model = model_register(
        actor=ci, system_id=system.pk, slug="risk", name="Risk model", task="classification"
    )
    private = keys.generate("p256")
    public = keys.dump_public(private.public_key())
    key: KeyRecord = key_import_request(actor=session("one"), purpose="model", public_pem=public, label="ci")
    key_confirm(actor=session("two"), key_id=key.pk)
    return World(users, ci, plaintext, model, private)
