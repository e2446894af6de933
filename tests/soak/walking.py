"""Who walks along which machine: a row of its kind, and the service that makes each of its moves.

A machine without a line in DRIVERS fails tests/soak/test_walks.py by its name. Most lines need no more than the row's
model: a row is made of what its columns are, and moved by `people.services.moves.move_row`, which the services share.
Where a service of its own takes a row's id and an actor, it is named and called instead.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from django.db import models

from governance.challenge import FINDING
from governance.models import Finding, FindingExtension, FindingLink, WideWaiver
from governance.selectors.drills import OUTCOMES
from governance.services.acceptances import acceptance_revoke
from governance.services.attestations import attestation_withdraw
from governance.services.candidates import path_take_full
from governance.services.comments import comment_move
from governance.services.conditions import condition_meet
from governance.services.drills import drill_cancel, drill_perform
from governance.services.emergencies import emergency_refuse, emergency_withdraw
from governance.services.extensions import extension_decide
from governance.services.findings import finding_move
from governance.services.policies import policy_submit, policy_withdraw
from governance.services.recertifications import recertification_refuse, recertification_withdraw
from governance.services.retraining import retraining_decide
from governance.services.rollbacks import drill_cancel as back_cancel
from governance.services.rollbacks import drill_perform as back_perform
from governance.services.tiering import tiering_confirm, tiering_send_back
from governance.services.validations import (
    validation_ask_response,
    validation_begin,
    validation_cancel,
    validation_rework,
)
from governance.services.wide_waivers import wide_waiver_approve, wide_waiver_refuse, wide_waiver_revoke
from ledger import clock
from ledger.actors import Actor
from ledger.catalogue import catalogue
from ledger.models import Governed
from ledger.models.governed import governed_models, recorded
from ledger.services import records
from modelwarrant.machine import Machine
from monitoring.services.breaches import alert_acknowledge, breach_close
from monitoring.services.incidents import incident_close
from monitoring.services.monitors import monitor_move
from people.models import User
from people.services.absences import absence_cancel
from people.services.delegations import delegation_end, delegation_revoke
from people.services.moves import move_row
from people.services.passkeys import passkey_remove
from people.services.provider_links import link_confirm, link_end, link_refuse
from people.services.tokens import token_revoke
from people.services.workloads import workload_confirm, workload_refuse, workload_revoke
from registry import events
from registry.models import System, Version
from registry.models.versions import Contribution
from registry.services.datasets import dataset_version_move
from registry.services.deployments import deployment_apply_move
from registry.services.fields import field_retire
from registry.services.imports import import_discard
from registry.services.retention import hold_lift
from registry.services.tierings import tiering_withdraw
from registry.services.versions import version_apply_move
from tests.registry.world import ROOT_ACTOR, World, in_transaction, person

Move = Callable[[Actor, Any, str, bool], Any]
"""(who, the row, the move's name, whether the oracle opens every gate) -> whatever the service answers."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Driver:
    """`services`: the move's name -> the service; "*" for all. `relations`: a word of `not_by` -> the row's column that
    names whom it bars."""

    services: Mapping[str, Move] = field(default_factory=dict)
    relations: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)
    """A column's value, or what makes it from the ground and the maker."""
    signed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The move's name -> columns that take who made it, and when."""
    only: Mapping[str, str] = field(default_factory=dict)
    """The move's name -> the row's column that names the one person who makes it."""
    own: Mapping[str, Callable[[Any], frozenset[str]]] = field(default_factory=dict)
    """The move's name -> who makes it without its permission."""
    after: Callable[[Any, Any, Actor], None] | None = None
    """What a row needs beside itself: (ground, row, maker)."""


def _named(service: Callable[..., Any], argument: str, **more: Any) -> Move:
    return lambda actor, row, move, opened: service(actor=actor, **{argument: row.pk}, **more)


def _version(actor: Actor, row: Any, move: str, opened: bool) -> Any:
    answers = dict.fromkeys(_gates("version", move), opened)
    return version_apply_move(actor=actor, version_id=row.pk, move=move, answers=answers)


def _deployment(actor: Actor, row: Any, move: str, opened: bool) -> Any:
    answers = dict.fromkeys(_gates("deployment", move), opened)
    return deployment_apply_move(actor=actor, deployment_id=row.pk, move=move, answers=answers)


def _dataset(actor: Actor, row: Any, move: str, opened: bool) -> Any:
    faults = [{"code": "x"}] if move == "refuse" else []
    return dataset_version_move(actor=actor, dataset_version_id=row.pk, move=move, faults=faults)


def _gates(machine: str, move: str) -> frozenset[str]:
    table = KNOWN[machine]
    return frozenset(gate for item in table.transitions if item.name == move for gate in item.gates)


def _apart(ground: Any, maker: Actor) -> Any:
    """Somebody who walks nowhere."""
    return User.objects.get(pk=person().pk)


def _system(ground: Any, maker: Actor) -> System:
    columns = {"state": "active", "risk_tier": "low", "on_void": "stop"}
    found: System = ground.made(System, maker, columns)
    return found


def _linked(ground: Any, finding: Any, maker: Actor) -> None:
    ground.made(
        FindingLink,
        maker,
        {"finding": finding, "system": ground.world.system, "version": ground.world.version()},
    )


def _finding(ground: Any, maker: Actor) -> Any:
    columns = {"state": "open", "severity": "low", "found_by": maker.id, "about": "version"}
    finding = ground.made(Finding, maker, columns)
    _linked(ground, finding, maker)
    return finding


def _in_days(days: int) -> Callable[[Any, Actor], Any]:
    return lambda ground, maker: clock.now() + timedelta(days=days)


def _finding_move(actor: Actor, row: Any, move: str, opened: bool) -> Any:
    until = clock.now() + timedelta(days=9)
    return finding_move(actor=actor, finding_id=row.pk, move=move, reason="Said.", until=until)


def _answered(row: Any) -> frozenset[str]:
    said = row.statements.filter(kind__in=("respond", "dispute", "report-remedied"))
    return frozenset(said.values_list("person", flat=True))


def _two(row: Any) -> frozenset[str]:
    return frozenset({row.delegate.pseudonym, row.grant.holder.pseudonym})


FOUND = ("accept-response", "return-response", "uphold", "withdraw", "reopen", "close", "resume")
KNOWN: dict[str, Machine] = {}
"""Every machine by name; test_walks fills it from start-up's own list."""

DRIVERS: Mapping[str, Driver] = {
    "key": Driver(
        relations={"requester": ""}, columns={"purpose": "model", "algorithm": "p256", "revoked_from": None}
    ),
    "grant": Driver(
        relations={"requester": "requested_by", "holder": ""},
        columns={"role": "auditor", "scope_type": "organisation", "holder_identity": None},
        signed={
            "confirm": ("confirmed_by", "confirmed_at"),
            **dict.fromkeys(("refuse", "revoke", "end"), ("ended_by", "ended_at")),
        },
    ),
    "token": Driver({"revoke": _named(token_revoke, "token_id")}, columns={"scopes_granted": []}),
    "recovery": Driver(relations={"requester": "requested_by", "holder": ""}, columns={"what": "password"}),
    "erasure": Driver(
        relations={"requester": "requested_by", "holder": ""},
        # somebody of their own: a person is erased once, however often somebody asks for it
        columns={"ground": "request", "user": _apart},
    ),
    "version": Driver({"*": _version}, {"contributor": "", "owner": ""}),
    "deployment": Driver({"*": _deployment}),
    "dataset-version": Driver({"*": _dataset}),
    "legal-hold": Driver({"lift": _named(hold_lift, "hold_id")}, {"placer": "placed_by"}),
    "system": Driver(columns={"risk_tier": "low", "on_void": "stop"}),
    "run": Driver(),
    "monitor": Driver(
        {"*": lambda actor, row, move, opened: monitor_move(actor=actor, monitor_id=row.pk, move=move)}
    ),
    "batch": Driver(),
    "breach": Driver({"close": _named(breach_close, "breach_id", note="Seen.")}),
    "baseline": Driver(),
    "alert": Driver({"acknowledge": _named(alert_acknowledge, "alert_id")}),
    "incident": Driver({"close": _named(incident_close, "incident_id", note="Mended.")}),
    "policy": Driver(
        {"submit": _named(policy_submit, "policy_id"), "withdraw": _named(policy_withdraw, "policy_id")},
        {"author": "drafted_by"},
    ),
    "waiver": Driver(relations={"requester": "requested_by", "contributor": ""}),
    "acceptance": Driver({"revoke": _named(acceptance_revoke, "acceptance_id")}),
    "warrant": Driver(),
    "retraining-request": Driver(
        {
            "approve": _named(retraining_decide, "request_id", approve=True, note="Yes."),
            "refuse": _named(retraining_decide, "request_id", approve=False, note="No."),
        }
    ),
    "attestation": Driver({"withdraw": _named(attestation_withdraw, "attestation_id")}),
    "report": Driver(),
    "passkey": Driver(
        {"remove": _named(passkey_remove, "passkey_id")}, columns={"user": _apart, "host": "localhost"}
    ),
    "identity-link": Driver(
        {
            "confirm": _named(link_confirm, "link_id"),
            "refuse": _named(link_refuse, "link_id"),
            "end": _named(link_end, "link_id"),
        },
        {"requester": "requested_by", "holder": ""},
        {"user": _apart},
    ),
    "workload-trust": Driver(
        {
            "confirm": _named(workload_confirm, "trust_id"),
            "refuse": _named(workload_refuse, "trust_id"),
            "revoke": _named(workload_revoke, "trust_id"),
        },
        {"requester": "requested_by", "holder": "identity.controller.pseudonym"},
    ),
    "delegation": Driver(
        {
            "revoke": _named(delegation_revoke, "delegation_id"),
            "end": _named(delegation_end, "delegation_id"),
        },
        columns={"scope_type": "organisation", "starts": _in_days(-2), "ends": _in_days(-1)},
        own={"revoke": _two},
    ),
    "absence": Driver(
        {"cancel": _named(absence_cancel, "absence_id")},
        own={"cancel": lambda row: frozenset({row.user.pseudonym})},
    ),
    "tiering": Driver(
        {
            "confirm": _named(tiering_confirm, "tiering_id", note="Read."),
            "send-back": _named(tiering_send_back, "tiering_id", note="Again."),
            "withdraw": _named(tiering_withdraw, "tiering_id"),
        },
        {"proposer": "proposed_by", "owner": "system.owner"},
        {"system": _system, "tier": "low", "before": "low"},
    ),
    "custom-field": Driver(
        {"retire": _named(field_retire, "field_id")},
        columns={"about": "system", "kind": "text", "seen_by": "readers"},
    ),
    "inventory-import": Driver({"discard": _named(import_discard, "import_id")}),
    "wide-waiver": Driver(
        {
            "approve": _named(wide_waiver_approve, "waiver_id"),
            "refuse": _named(wide_waiver_refuse, "waiver_id"),
            "revoke": _named(wide_waiver_revoke, "waiver_id"),
        },
        {"requester": "requested_by", "contributor": ""},
    ),
    "emergency": Driver(
        {
            "refuse": _named(emergency_refuse, "emergency_id"),
            "withdraw": _named(emergency_withdraw, "emergency_id"),
        },
        {"requester": "requested_by", "contributor": ""},
    ),
    "rollback-drill": Driver(
        {
            "perform": _named(back_perform, "drill_id", outcome="worked", seconds=9, note="Tried."),
            "cancel": _named(back_cancel, "drill_id"),
        }
    ),
    "void-drill": Driver(
        {
            "perform": _named(
                drill_perform, "drill_id", outcome=next(iter(OUTCOMES)), observation="It stopped."
            ),
            "cancel": _named(drill_cancel, "drill_id"),
        }
    ),
    "condition": Driver(
        {"meet": _named(condition_meet, "condition_id", evidence="Seen.")},
        {"contributor": "", "responsible": "responsible"},
        {"kind": "set", **dict.fromkeys(("due_from", "not_after", "grace_ends"), _in_days(9))},
    ),
    "recertification": Driver(
        {
            "refuse": _named(recertification_refuse, "recertification_id", note="No."),
            "withdraw": _named(recertification_withdraw, "recertification_id"),
        },
        {"requester": "requested_by", "contributor": ""},
    ),
    "retraining-path": Driver(
        {"take-full": _named(path_take_full, "path_id", reason="All of it.")}, {"contributor": ""}
    ),
    "finding": Driver(
        {move.name: _finding_move for move in FINDING.transitions if move.name != "lapse"},
        {"contributor": "", "owner": "", "finder": "found_by", "responder": ""},
        {"severity": "low", "about": "version"},
        only=dict.fromkeys(FOUND, "found_by"),
        after=_linked,
    ),
    "finding-extension": Driver(
        {
            "grant": _named(extension_decide, "extension_id", grant=True, note="Yes."),
            "refuse": _named(extension_decide, "extension_id", grant=False, note="No."),
        },
        {"requester": "requested_by", "contributor": "", "owner": ""},
        {"finding": _finding, "until": _in_days(9)},
    ),
    "validation": Driver(
        {
            "begin": _named(validation_begin, "validation_id"),
            "ask-response": _named(validation_ask_response, "validation_id"),
            "rework": _named(validation_rework, "validation_id"),
            "cancel": _named(validation_cancel, "validation_id", reason="No more."),
        },
        {"contributor": "", "owner": ""},
        only=dict.fromkeys(("begin", "ask-response", "rework"), "validator"),
    ),
    "comment": Driver(
        {"*": lambda actor, row, move, opened: comment_move(actor=actor, comment_id=row.pk, move=move)},
        columns={"version": lambda ground, maker: ground.world.version()},
        only={"resolve": "author", "reopen": "author"},
    ),
    "claim": Driver(),
    **{
        f"upload-{purpose}": Driver(columns={"purpose": purpose})
        for purpose in ("artifact", "archive", "dataset", "batch")
    },
}


@dataclass
class Ground:
    """The light world, and rows made for a walk."""

    world: World
    makers: list[Actor]

    def row(self, machine: Machine, maker: Actor) -> Governed:
        """A new row of the machine's kind in its initial state, made by `maker`."""
        if machine.name == "version":
            return self.world.version()
        kind = "upload" if machine.name.startswith("upload-") else machine.name
        driver = DRIVERS[machine.name]
        said = {
            name: value(self, maker) if callable(value) else value for name, value in driver.columns.items()
        }
        row = self.made(governed_models()[kind], maker, {**said, "state": machine.initial.name})
        if driver.after:
            driver.after(self, row, maker)
        return row

    def barred(self, machine: Machine, row: Any) -> dict[str, frozenset[str]]:
        """Whom each relation of the machine bars from this row."""
        found = {}
        for relation, column in DRIVERS[machine.name].relations.items():
            found[relation] = frozenset({str(attrgetter(column)(row))}) if column else frozenset[str]()
        if "contributor" in found:
            rows = Contribution.objects.filter(version__in=self._versions(row))
            pairs = rows.values_list("principal", "controller")
            found["contributor"] = frozenset(name for pair in pairs for name in pair if name)
        if found.get("owner") == frozenset():
            found["owner"] = frozenset({self.world.owner.id})
        if "responder" in found:
            found["responder"] = _answered(row)
        return found

    def _versions(self, row: Any) -> list[Any]:
        """The versions a row is about."""
        if isinstance(row, Version):
            return [row.pk]
        if isinstance(row, WideWaiver):
            return list(Version.objects.filter(model=row.model_id).values_list("pk", flat=True))
        if isinstance(row, Finding | FindingExtension):
            finding = row if isinstance(row, Finding) else row.finding
            return [link.version_id for link in finding.links.all()]
        return [row.version_id]

    def move(self, machine: Machine, row: Any, actor: Actor, move: str, *, opened: bool) -> None:
        """Make the move through its service."""
        services = DRIVERS[machine.name].services
        service = services.get(move) or services.get("*")
        if service is not None:
            service(actor, row, move, opened)
            return
        fresh = type(row)._base_manager.get(pk=row.pk)
        barred = self.barred(machine, fresh)
        event = next(event for event in catalogue.all() if {"move", "from", "to"} == set(event.data))
        signed = DRIVERS[machine.name].signed.get(move, ())
        said = {name: actor.id if name.endswith("_by") else clock.now() for name in signed}
        in_transaction(
            lambda: move_row(
                actor=actor, row=fresh, machine=machine, move=move, event=event, barred=barred, set=said
            )
        )

    def made(self, model: type[Governed], maker: Actor, columns: dict[str, Any]) -> Governed:
        row = model()
        said = {
            name: columns[name] if name in columns else self._value(row, name, maker)
            for name in recorded(model)
        }
        for column in row._meta.concrete_fields:
            if column.name not in said and column.name in columns:
                setattr(row, column.name, columns[column.name])
        in_transaction(
            lambda: records.write(actor=ROOT_ACTOR, event=events.SYSTEM_REGISTERED, row=row, set=said)
        )
        return row

    def _value(self, row: Governed, name: str, maker: Actor) -> Any:
        column: Any = row._meta.get_field(name)
        if isinstance(column, models.ForeignKey):
            return None if column.null and not name.startswith("holder") else self._parent(column, maker)
        if column.null:
            return None
        if isinstance(column, models.DateTimeField):
            return clock.now() + timedelta(days=1 if name in ("ends", "expires", "expires_at") else 0)
        if isinstance(column, models.DateField):
            return date(2026, 1, 1)
        if isinstance(column, models.UUIDField):
            return uuid.uuid4()
        if isinstance(column, models.JSONField):
            return column.get_default() if column.has_default() else {}
        if isinstance(column, models.BooleanField):
            return False
        if isinstance(column, models.IntegerField):
            return next(_numbers)
        if name.endswith("_by") or name in ("person", "validator", "owner", "author", "responsible"):
            return maker.id
        return f"w{next(_numbers)}"[: column.max_length]

    def _parent(self, column: Any, maker: Actor) -> Any:
        model = column.related_model
        if model is Version:
            return self.world.version()
        if model is User:
            return User.objects.get(pk=maker.pk)
        if not issubclass(model, Governed):
            return self.world.upload(f"{next(_numbers)}".encode()).blob
        known = None if column.unique else model._default_manager.order_by("pk").first()
        return known or self.made(model, maker, {"state": "active"} if model.__name__ == "System" else {})
