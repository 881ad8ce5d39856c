"""Who asks for whom, as the asker told it: nothing is looked up outside, so nothing here is verified. Pure.

It orders and informs; it never keeps anybody from writing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.county import Limits

# The codes of the common question "whom is this about".
SELF, CHILD, OTHER = "self", "child", "other"
TOLD = "told"


class AskerIs(StrEnum):
    """What the asker is to the person concerned."""

    SELF = "self"
    GUARDIAN = "guardian"
    MANDATE = "mandate"
    HELPER = "helper"
    WORRIED = "worried"


ADULT = (AskerIs.MANDATE, AskerIs.HELPER, AskerIs.WORRIED)  # on what another adult may be written for


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who asks; `judged` where a professional judges whether the young person decides herself."""

    asker_is: AskerIs
    judged: bool = False

    @property
    def for_another(self) -> bool:
        """Whether asker and subject are two people."""
        return self.asker_is is not AskerIs.SELF

    def record(self, at: datetime) -> dict[str, str | bool]:
        """The fact as it is stored: the basis, when it was taken, and that it was only told."""
        return {
            "basis": self.asker_is.value,
            "checked_at": at.isoformat(),
            "result": TOLD,
            "judged": self.judged,
        }


def acting(who: object, age: object, basis: object, limits: Limits) -> Acting | None:
    """Who asks, from the answers: whom it is about, the age, and the basis for another adult; None when
    untold.
    """
    years = age if isinstance(age, int) and not isinstance(age, bool) else None
    if who == SELF:
        return Acting(asker_is=AskerIs.SELF)
    if who == CHILD and (years is None or years < limits.adult_age):
        return Acting(asker_is=AskerIs.GUARDIAN, judged=years is not None and years >= limits.guardian_age)
    if who in (CHILD, OTHER) and isinstance(basis, str) and basis in ADULT:
        return Acting(asker_is=AskerIs(basis))
    return None


def acting_of(record: Mapping[str, object]) -> Acting | None:
    """Who asks, of a stored record; None when it was never told."""
    if not record:
        return None
    return Acting(asker_is=AskerIs(str(record["basis"])), judged=record.get("judged") is True)
