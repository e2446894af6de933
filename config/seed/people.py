"""Who makes and who judges a seed: operators by bootstrap, then developers and reviewers with roles like anybody's."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from config.seed.plan import Plan
from governance.models import Policy
from governance.services.policies import policy_approve, policy_draft, policy_submit
from ledger import clock
from ledger.actors import Actor
from ledger.models import KeyRecord
from modelwarrant import keys
from people.actors import for_user
from people.models import User
from people.services.bootstrap import Named, bootstrap
from people.services.grants import grant_confirm, grant_request
from people.services.keys import key_confirm, key_import_request
from people.services.people import user_create

DOMAIN = "seed.invalid"
"""Addresses of a seed's people end so (RFC 2606): nobody's, and the mark by which a seed knows its own database."""
POLICY = Path(settings.BASE_DIR) / "fixtures" / "policies" / "low.yaml"
ROLES = (("maker", "developer"), ("reviewer", "risk-reviewer"))


@dataclass(frozen=True)
class Crowd:
    """Everybody of a seed, in the order of the plan."""

    owner: User
    makers: tuple[User, ...]
    reviewers: tuple[User, ...]


class Foreign(Exception):
    """The database holds what no seed made."""


def crowd(plan: Plan) -> Crowd:
    """The people of a seed, made where they aren't there yet. Raises Foreign on a database of somebody else's."""
    others = User.objects.exclude(email__endswith=f"@{DOMAIN}").count()
    if others:
        raise Foreign(
            f"{others} people here aren't a seed's: it writes only into an empty database or one of its own."
        )
    if not User.objects.exists():
        _begin()
    return gather(plan, *User.objects.filter(email__startswith="operator-").order_by("email"))


def gather(plan: Plan, one: User, two: User) -> Crowd:
    """The people of a seed in an installation whose operators are `one` and `two`, a policy in force, and a key."""
    _people(plan, one, two)
    _policy()
    _key(plan, one, two)
    return known(plan)


def known(plan: Plan) -> Crowd:
    """The people who were gathered before."""
    found = {user.email.partition("@")[0]: user for user in User.objects.filter(email__endswith=f"@{DOMAIN}")}
    makers, reviewers = (
        tuple(found[f"{word}-{number:03}"] for number in range(plan.people)) for word, _ in ROLES
    )
    return Crowd(found["owner-000"], makers, reviewers)


def session(user: User) -> Actor:
    """Somebody in a session begun just now."""
    return for_user(user, "cli", authenticated_at=clock.now(), interactive=True)


def _begin() -> None:
    named = [
        Named(f"Operator {number}", f"operator-{number}@{DOMAIN}", secrets.token_urlsafe(16), temporary=False)
        for number in (1, 2)
    ]
    bootstrap(actor=Actor.system("bootstrap", door="cli"), first=named[0], second=named[1])


def _people(plan: Plan, one: User, two: User) -> None:
    wanted = [("owner", 0, "owner"), ("author", 0, "policy-reviewer"), ("author", 1, "policy-reviewer")]
    wanted += [(word, number, role) for word, role in ROLES for number in range(plan.people)]
    there = set(User.objects.values_list("email", flat=True))
    for word, number, role in wanted:
        email = f"{word}-{number:03}@{DOMAIN}"
        if email in there:
            continue
        user, _ = user_create(
            actor=session(one), email=email, name=f"{word.title()} {number}",
            password=secrets.token_urlsafe(16), temporary=False,
        )  # fmt: skip
        asked = grant_request(actor=session(one), role=role, holder_id=user.pk, reason="A seed.")
        grant_confirm(actor=session(two), grant_id=asked.pk)


def _policy() -> None:
    if Policy.objects.filter(tier="low", state="in-force").exists():
        return
    author, approver = User.objects.filter(email__startswith="author-").order_by("email")[:2]
    policy = Policy.objects.filter(tier="low", state__in=("draft", "review")).first()
    policy = policy or policy_draft(actor=session(author), text=POLICY.read_text(encoding="utf-8"))
    if policy.state == "draft":
        policy_submit(actor=session(author), policy_id=policy.pk)
    policy_approve(actor=session(approver), policy_id=policy.pk)


def signer(plan: Plan) -> keys.LocalSigner:
    """What signs the versions of a seed: made from its number, so that whoever goes on has it, and worth nothing."""
    made = int.from_bytes(hashlib.sha256(f"seed {plan.seed}".encode()).digest()) % 2**255 + 1
    return keys.LocalSigner(ec.derive_private_key(made, ec.SECP256R1()))


def _key(plan: Plan, one: User, two: User) -> None:
    public = signer(plan).public
    if KeyRecord.objects.filter(purpose="model", keyid=keys.key_id(public)).exists():
        return
    pem = keys.dump_public(public)
    asked = key_import_request(actor=session(one), purpose="model", public_pem=pem, label="seed")
    key_confirm(actor=session(two), key_id=asked.pk)
