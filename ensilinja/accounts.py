"""Local staff accounts. Refuses weak passwords, names that are taken, and queues the county does not have."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from core.errors import Conflict, Invalid, NotFound
from core.identity import Role
from core.models import Staff
from core.store import Tx
from core.text import LANGUAGES
from ensilinja.auth.passwords import hashed
from queues.agents import set_queues

SHORTEST_PASSWORD = 12  # characters; ASVS 6.2.1 asks for 8, a staff account opens health data
USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
STAFF_ROLES = tuple(role for role in Role if role is not Role.RESIDENT)


class WeakPassword(Invalid):
    """A password has at least 12 characters and is not the account's own name."""

    code = "weak_password"


class UsernameTaken(Conflict):
    """There is an account of that name already."""

    code = "username_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be made; `queues` are in the order of the professional's own list."""

    username: str
    name: str
    profession: str
    roles: tuple[Role, ...]
    queues: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("fi",)


def password_hash(username: str, password: str) -> str:
    """The hash to store; WeakPassword for an easy one. Slow: call it before the transaction."""
    if len(password) < SHORTEST_PASSWORD or username in password.lower() or len(set(password)) < 5:
        raise WeakPassword
    return hashed(password)


def create(tx: Tx, account: NewAccount, hash_: str, known_queues: Collection[str]) -> int:
    """Makes the account and its memberships; returns its id. Raises Invalid or UsernameTaken."""
    check(account, known_queues)
    if find(tx, account.username) is not None:
        raise UsernameTaken
    row = tx.add(
        Staff(
            username=account.username,
            display_name=account.name,
            profession=account.profession,
            password_hash=hash_,
            roles=[role.value for role in account.roles],
            languages=list(account.languages),
            created_at=tx.now,
        )
    )
    staff = row.id or 0
    set_queues(tx, staff, account.queues)
    return staff


def change_queues(
    tx: Tx, username: str, queues: Collection[str], known_queues: Collection[str], actor: str = "system"
) -> None:
    """Has the professional serve these queues from now on, in this order. Raises Invalid or NotFound."""
    staff = find(tx, username)
    if staff is None:
        raise NotFound
    if not queues or not set(queues) <= set(known_queues):
        raise Invalid(field="queue")
    set_queues(tx, staff, queues, actor)


def find(tx: Tx, username: str) -> int | None:
    """The id of the account of that name, active or not."""
    found: int | None = tx.scalar(select(Staff.id).where(Staff.username == username))  # type: ignore[call-overload]
    return found


def check(account: NewAccount, known_queues: Collection[str]) -> None:
    """Raises Invalid with the first field that cannot be."""
    faulty = {
        "username": not USERNAME.fullmatch(account.username),
        "name": not 1 <= len(account.name.strip()) <= 80,
        "profession": not 1 <= len(account.profession.strip()) <= 80,
        "role": not account.roles or not set(account.roles) <= set(STAFF_ROLES),
        "queue": not set(account.queues) <= set(known_queues),
        "language": not account.languages or not set(account.languages) <= set(LANGUAGES),
    }
    for field, is_faulty in faulty.items():
        if is_faulty:
            raise Invalid(field=field)
    if Role.AGENT in account.roles and not account.queues:
        raise Invalid(field="queue", reason="an agent serves a queue")
