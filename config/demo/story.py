"""The story `make demo` tells, in six chapters, over the real API, services, worker and command line.

What CI does goes over HTTP with its token; what people do goes through the services that the portal calls, as
themselves. Nothing is written here but through those doors.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.demo.cast import Cast
from config.demo.stage import command, until
from config.demo.told import Told
from governance.gates.context import Context
from governance.models import RetrainingRequest, Warrant
from governance.selectors.requirements import Standing
from governance.services.acceptances import acceptance_give
from governance.services.decisions import decision_record
from governance.services.deployments import deployment_request
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.services.readiness import checklist_answer, document_attach
from governance.services.versions import version_start_review, version_submit, version_suspend
from governance.services.waivers import waiver_approve, waiver_request
from ledger import clock
from ledger.errors import ServiceError
from modelwarrant.client import Client
from monitoring.models import Breach, Paging
from people.services.keys import key_confirm, key_import_request
from registry.models import Version
from registry.selectors.versions import version_by_id
from registry.services.systems import system_register

REPORT = (
    "The headline results were repeated from the stored data and agree; the limits are those of the card.\n"
)
PLACE = {"environment": "production", "region": "eu-central", "arm": "main"}
CARD_FIELDS = (
    "intended_use", "not_for", "limitations", "human_oversight", "owner_contact", "training_data", "evaluation_data",
    "residual_risk", "users", "affected_people", "assumptions", "failure_modes", "alternatives",
)  # fmt: skip


class Story:
    """One telling. `target` is var/demo, `study` what `config.demo.study` prepared, `url` the running service."""

    def __init__(
        self, told: Told, cast: Cast, study: Any, trained: Any, *, target: Path, url: str, policy: str
    ) -> None:
        self.told, self.cast, self.study, self.trained = told, cast, study, trained
        self.target, self.url, self.policy_text = target, url, policy
        self.logs = target / "home" / "logs"
        self.client = Client(url, cast.token)
        self.env = {"MODELWARRANT_URL": url, "MODELWARRANT_TOKEN": cast.token}
        self.system_id = self.model_id = self.dataset_id = ""

    # -- before: the house -----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """The policy in force, the system and its model, CI's signing key and the registered study."""
        cast = self.cast
        policy = policy_draft(actor=cast["policy-author"], text=self.policy_text)
        policy_submit(actor=cast["policy-author"], policy_id=policy.pk)
        policy_approve(actor=cast["policy-approver"], policy_id=policy.pk)
        self.told.happened(
            "Policy for the high tier", "in force, drafted by one person and approved by another"
        )
        system = system_register(
            actor=cast["owner"],
            slug="demo",
            name=self.study.name,
            purpose=self.study.question,
            affected_people="The people in the data, and those who come after them.",
            owner=cast.members["owner"].user.pseudonym,
            legal_entity="Demo Clinic Ltd",
            risk_tier="high",
            ai_act_class="high",
            on_void="stop",
        )
        self.system_id = str(system.pk)
        self._signing_key()
        model = self.client.post(
            f"/systems/{system.pk}/models",
            {"slug": "classifier", "name": f"{self.study.name} classifier", "task": "classification"},
            key="demo-model",
        )
        self.model_id = model["id"]
        dataset = self.client.post(
            f"/systems/{system.pk}/datasets", {"slug": "study", "name": "Study", "source": self.study.source}
        )
        self.dataset_id = dataset["id"]

    def _signing_key(self) -> None:
        private = self.target / "home" / "ci" / "model.pem"
        private.parent.mkdir(mode=0o700)
        self._run("keygen", str(private), "--no-passphrase")
        public = private.with_name("model.pub.pem").read_bytes()
        (self.target / "keys" / "model.pub.pem").write_bytes(public)
        key = key_import_request(
            actor=self.cast["operator-1"], purpose="model", public_pem=public, label="the training pipeline"
        )
        key_confirm(actor=self.cast["operator-2"], key_id=key.pk)

    # -- 1: two versions -------------------------------------------------------------------------------------------

    def register(self, number: int) -> Version:
        """Sign and register one candidate with its data, as CI; a person submits it; CI asks for the checks."""
        candidate = self.trained[number - 1]
        home = candidate.directory.parent
        bundle = home / "model.bundle.json"
        private = self.target / "home" / "ci" / "model.pem"
        card, components = home / "card.json", home / "components.json"
        card.write_text(json.dumps(self._card(candidate)), encoding="utf-8")
        components.write_text(json.dumps([self._weights(candidate.directory)]), encoding="utf-8")
        self._run(
            "sign-model", str(candidate.directory), "--key", str(private), "--bundle", str(bundle),
            "--card", str(card), "--components", str(components),
        )  # fmt: skip
        training = self._dataset(candidate.training, candidate.rows["training"])
        evaluation = self._dataset(candidate.evaluation, candidate.rows["evaluation"])
        answer = self._run(
            "register", str(candidate.directory), "--model", self.model_id, "--bundle", str(bundle),
            "--label", f"candidate {number}", "--code-ref", "git:config/demo/study.py",
            "--data", f"training={training}", "--data", f"reference={training}", "--data", f"evaluation={evaluation}",
        )  # fmt: skip
        version = version_by_id(answer["version"]["id"])
        version_submit(actor=self.cast["developer"], version_id=version.pk)
        self.told.happened(
            f"Version {version.number}", "signed, registered by CI, submitted by the developer"
        )
        self._run("check", "--version", str(version.pk), "--wait", "120", expected=(0, 1))
        for state in self._requirements(version):
            self.told.verdicts.append(
                {"version": version.number, "requirement": state["name"], "standing": state["standing"],
                 "why": state["why"]}
            )  # fmt: skip
            self.told.line(f"  {state['title']}: {state['standing']}")
        return version_by_id(version.pk)

    # -- 2: the first is refused -----------------------------------------------------------------------------------

    def refuse(self, version: Version) -> None:
        """The first misses its gates: every reason is said; and whoever submitted it can't decide on it anyway."""
        version_start_review(actor=self.cast["validator"], version_id=version.pk)
        self._attempt(
            "Approval of version 1",
            "validator",
            lambda: self._approve(version, "validator", "independent-validator"),
        )
        self._attempt(
            "Submitter approves version 1",
            "developer",
            lambda: self._approve(version, "developer", "risk-reviewer"),
        )

    # -- 3: the second is approved ---------------------------------------------------------------------------------

    def approve(self, version: Version) -> None:
        """Inconclusive results are accepted, failed ones waived, and two people approve what they were shown."""
        version_start_review(actor=self.cast["validator"], version_id=version.pk)
        version = version_by_id(version.pk)
        before = Context(version, clock.now())
        shown, digest = before.shown, before.shown_digest
        for state in before.requirements:
            if not state.open:
                continue
            if state.standing is Standing.INCONCLUSIVE:
                self._accept(version, state.requirement.name)
            else:
                self._waive(version, state.requirement.name)
        self._hand_in(version, before)
        self._attempt(
            "Decision on what had changed",
            "reviewer",
            lambda: self._decide(version, "reviewer", "risk-reviewer", shown, digest),
        )
        for who, seat in (("validator", "independent-validator"), ("reviewer", "risk-reviewer")):
            self._approve(version, who, seat)
            now = version_by_id(version.pk).state
            self.told.happened(f"Approval by the {seat.replace('-', ' ')}", f"recorded, version is {now}")

    # -- 4: the warrant --------------------------------------------------------------------------------------------

    def deploy(self, version: Version) -> Warrant:
        """A warrant for production; the gate passes; what runs is reported."""
        asked = deployment_request(actor=self.cast["owner"], version_id=version.pk, **PLACE)
        self.told.warrant_status("granted")
        warrant = until(
            "the signed warrant",
            lambda: (
                Warrant.objects.filter(pk=asked.pk, state="issued")
                .select_related("slot", "deployment")
                .first()
            ),
            seconds=30,
            logs=self.logs,
        )
        self.told.warrant_status("active")
        self.told.happened("Warrant for production", f"issued until {warrant.not_after:%Y-%m-%d}")
        self.gate(version, expected=0)
        report = self.client.post(
            f"/slots/{warrant.slot_id}/reports",
            {"digest": version_by_id(version.pk).subject_digest, "state": "canary"},
        )
        self.told.happened(
            "Deployment reported",
            "unexpected" if report["unexpected"] else "a canary, as the policy asks first",
        )
        return warrant

    def gate(self, version: Version, *, expected: int) -> None:
        """Ask the gate as CI does."""
        slot = [part for name, value in PLACE.items() for part in (f"--{name}", value)]
        answer = self._run("gate", "--version", str(version.pk), *slot, expected=(expected,))
        self.told.happened("Gate", f"exit {expected}: {answer['headline']}")

    # -- 5: production drifts --------------------------------------------------------------------------------------

    def drift(self, version: Version, warrant: Warrant, batch: Path) -> None:
        """A shifted batch: breach, alert, restriction; a person suspends and the warrant is void."""
        upload = self.client.upload(batch, purpose="batch", system=self.system_id)
        now = clock.now()
        reported = self.client.post(
            f"/deployments/{warrant.deployment_id}/batches",
            {
                "label": "first batch",
                "upload": upload["id"],
                "period_start": clock.text(now - timedelta(days=1)),
                "period_end": clock.text(now),
            },
            key="demo-batch",
        )
        checked = until(
            "the checked batch",
            lambda: self._if_checked(reported["id"]),
            seconds=60,
            logs=self.logs,
        )
        for run in checked["runs"]:
            told = {"version": version.number, "batch": "first batch"}
            self.told.verdicts.append({**told, "check": run["check_name"], "standing": run["verdict"]})
        breach = Breach.objects.filter(batch_id=reported["id"]).first()
        if breach is None:
            self.told.happened(
                "Production batch", "no breach: the shift was too small to be told from chance"
            )
            return
        self.told.happened("Production batch", f"breach: {breach.summary['text']}")
        paging = until(
            "the decision whether people are told",
            lambda: Paging.objects.filter(breach=breach).first(),
            seconds=60,
            logs=self.logs,
        )
        self.told.happened("People told" if paging.paged else "Nobody told", paging.why)
        if not paging.paged:
            return
        state = version_by_id(version.pk).state
        self.told.happened("Policy's response", f"version {state}, alert to the owner")
        other = PLACE | {"arm": "second"}
        self._attempt(
            "New deployment while restricted",
            "owner",
            lambda: deployment_request(actor=self.cast["owner"], version_id=version.pk, **other),
        )

    def suspend(self, version: Version) -> None:
        """A named person takes the warrant away."""
        version_suspend(
            actor=self.cast["security"],
            version_id=version.pk,
            reason="Production no longer resembles the people the model was tested on.",
        )
        warrant = Warrant.objects.get(version=version)
        self.told.warrant_status(warrant.state, warrant.void_ground)
        self.told.happened(
            "Suspension by the security reviewer", f"warrant {warrant.state}: {warrant.void_ground}"
        )
        self.gate(version, expected=1)
        waiting = RetrainingRequest.objects.filter(version=version, state="requested").count()
        self.told.happened("Retraining request", f"{waiting} waiting for a person")

    # -- pieces ----------------------------------------------------------------------------------------------------

    def _if_checked(self, batch_id: str) -> dict[str, Any] | None:
        batch: dict[str, Any] = self.client.get(f"/batches/{batch_id}")
        return batch if batch["state"] != "received" else None

    def _accept(self, version: Version, requirement: str) -> None:
        acceptance_give(
            actor=self.cast["validator"],
            version_id=version.pk,
            requirement=requirement,
            limitation="Some groups are too small to tell; the interval reaches both sides of the bound.",
            compensating_test="The same figure on production data, every month, by the validation team.",
            review_by=clock.now() + timedelta(days=60),
        )
        self.told.happened(
            f"Inconclusive: {requirement}", "accepted by the validator, with a limitation and a review date"
        )

    def _waive(self, version: Version, requirement: str) -> None:
        waiver = waiver_request(
            actor=self.cast["owner"],
            version_id=version.pk,
            requirement=requirement,
            reason="The groups differ in their true rates; the difference is known and explained in the card.",
            compensating_control="A clinician sees every case of the smaller group.",
            ends=clock.now() + timedelta(days=45),
        )
        waiver_approve(actor=self.cast["reviewer"], waiver_id=waiver.pk)
        self.told.happened(
            f"Failed: {requirement}", f"waived until {waiver.ends:%Y-%m-%d} by the risk reviewer"
        )

    def _hand_in(self, version: Version, context: Context) -> None:
        """The validator's report and answers before the decision, the owner's on readiness for production."""
        for move in context.document.moves if context.document else ():
            for kind in move.documents:
                document_attach(
                    actor=self.cast["validator"], version_id=version.pk, kind=kind, title="Independent validation",
                    name=f"{kind}.txt", data=REPORT.encode(), attached_as="validator",
                )  # fmt: skip
            who = self.cast["owner" if move.name == "deploy" else "validator"]
            for question in move.checklist:
                checklist_answer(
                    actor=who, version_id=version.pk, move=move.name, question=question, answer="yes"
                )
        self.told.happened("Documents and checklists", "handed in by the validator and the owner")

    def _approve(self, version: Version, who: str, seat: str) -> None:
        context = Context(version_by_id(version.pk), clock.now())
        self._decide(version, who, seat, context.shown, context.shown_digest)

    def _decide(self, version: Version, who: str, seat: str, shown: dict[str, str], digest: str) -> None:
        decision_record(
            actor=self.cast[who],
            version_id=version.pk,
            outcome="approve",
            seat=seat,
            shown=shown,
            shown_digest=digest,
            reason="Read the card, the results and their limits; fit for the use that is named.",
        )

    def _attempt(self, what: str, who: str, act: Callable[[], object]) -> None:
        """Something that must be refused. A story in which it isn't has no ending."""
        try:
            act()
        except ServiceError as error:
            self.told.refused(what, who, error)
            return
        raise AssertionError(f"{what} by {who} was not refused")

    def _requirements(self, version: Version) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.client.get(f"/versions/{version.pk}/requirements")
        return rows

    def _dataset(self, path: Path, rows: int) -> str:
        upload = self.client.upload(path, purpose="dataset", system=self.system_id)
        made = self.client.post(
            f"/datasets/{self.dataset_id}/versions",
            {
                "upload": upload["id"],
                "media_type": "text/csv",
                "rows": rows,
                "schema": {"columns": self.trained.schema},
                "sensitive": list(self.study.sensitive),
                "label_column": "outcome",
                "prediction_column": "prediction",
                "score_column": "score",
            },
        )
        return str(made["id"])

    def _weights(self, directory: Path) -> dict[str, Any]:
        path = directory / "model.joblib"
        return {
            "kind": "weights",
            "name": path.name,
            "digest": self.trained.digest(path),
            "size": path.stat().st_size,
            "licence": "proprietary",
            "origin": "trained by the pipeline",
        }

    def _card(self, candidate: Any) -> dict[str, str]:
        said = {
            "intended_use": self.study.question,
            "not_for": "Any decision without a person, and any people unlike those of the study.",
            "training_data": f"{candidate.rows['training']} rows of {self.study.source}.",
            "evaluation_data": f"{candidate.rows['evaluation']} rows of the same source, held back by a fixed seed.",
            "limitations": f"Uses {len(candidate.features)} features; small groups can't be judged apart.",
        }
        plain = "Written for the demo; a real card says this for the use at hand."
        return {name: said.get(name, plain) for name in CARD_FIELDS}

    def _run(self, *arguments: str, expected: tuple[int, ...] = (0,)) -> dict[str, Any]:
        done = command(*arguments, "--json", env=self.env)
        if done.returncode not in expected:
            raise AssertionError(
                f"modelwarrant {arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}"
            )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
