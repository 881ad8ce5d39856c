"""Who acts: a resident (by the secret of one contact), a member of staff, or the program itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What a person may be. Supervisors see figures, not content; administrators see no content."""

    RESIDENT = "resident"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    CONTENT_APPROVER = "content_approver"
    ADMIN = "admin"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One identified session.

    `id` is the contact of a resident (0 before there is one) or the staff member's id.
    """

    kind: Literal["resident", "staff", "system", "nobody"]
    id: int = 0
    roles: frozenset[Role] = frozenset()
    queues: frozenset[str] = frozenset()
    session: int = 0
    lang: str = "fi"

    @property
    def key(self) -> str:
        """The actor's name in events and logs, e.g. `staff:7`."""
        return self.kind if self.kind in ("system", "nobody") else f"{self.kind}:{self.id}"

    @property
    def role(self) -> str:
        """The role written beside an act."""
        if self.kind == "resident":
            return Role.RESIDENT
        return "+".join(sorted(self.roles)) or self.kind


SYSTEM = Actor(kind="system")
NOBODY = Actor(kind="nobody")
