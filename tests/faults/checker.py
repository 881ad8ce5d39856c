"""The judge: holds what the clients were told against what the database holds. One function per invariant.

Numbers are those of the invariants in the reliability requirements; each returns what breaks it, in words.
The checks stand in `tests/faults/checks/`; whoever judges takes them from here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.faults.checks.line import (
    i7_every_contact_is_somewhere,
    i8_one_holder_in_belief,
    i8_one_holder_in_the_record,
    i9_the_end_is_the_end,
    i10_capacity,
    i11_one_arrival_one_contact,
    i12_deadlines_are_kept,
    i14_due_times_are_kept,
    i15_old_numbers_change_nothing,
    i16_only_to_whom_it_may_go,
)
from tests.faults.checks.messages import (
    i1_acknowledged_is_kept,
    i2_nothing_twice,
    i3_one_order_without_holes,
    i4_readers_saw_what_is_kept,
    i5_delivered_is_committed,
    i6_refused_is_not_kept,
)
from tests.faults.checks.outside import (
    i17_a_callback_is_one_and_open,
    i18_promises_do_not_move,
    i19_outside_effects_happen_once,
    i20_one_end_for_any_order,
)
from tests.faults.checks.process import (
    i30_everything_has_a_bound,
    i31_ready_means_ready,
    i32_redis_knows_nothing,
    i33_one_process_a_file,
)
from tests.faults.checks.record import i23_events_tell_the_rows, i29_access_log_is_whole
from tests.faults.checks.state import Check, Kept, kept, read_kept
from tests.faults.oplog import Act

__all__ = ["CHECKS", "LINE_CHECKS", "Judgement", "Kept", "judge", "kept", "read_kept"]

NAMED = 8  # violations of one kind told in full: the rest is a number

LINE_CHECKS: tuple[Check, ...] = (
    i3_one_order_without_holes,
    i7_every_contact_is_somewhere,
    i8_one_holder_in_the_record,
    i8_one_holder_in_belief,
    i9_the_end_is_the_end,
    i10_capacity,
    i11_one_arrival_one_contact,
    i12_deadlines_are_kept,
    i14_due_times_are_kept,
    i15_old_numbers_change_nothing,
    i16_only_to_whom_it_may_go,
    i23_events_tell_the_rows,
)
"""What can be judged of the line alone, without conversations and contacts."""

CHECKS: tuple[Check, ...] = (
    i1_acknowledged_is_kept,
    i2_nothing_twice,
    i4_readers_saw_what_is_kept,
    i5_delivered_is_committed,
    i6_refused_is_not_kept,
    *LINE_CHECKS,
    i17_a_callback_is_one_and_open,
    i18_promises_do_not_move,
    i19_outside_effects_happen_once,
    i20_one_end_for_any_order,
    i29_access_log_is_whole,
    i30_everything_has_a_bound,
    i31_ready_means_ready,
    i32_redis_knows_nothing,
    i33_one_process_a_file,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found, by the name of the invariant, and which were asked for."""

    found: dict[str, list[str]] = field(default_factory=dict)
    checked: tuple[str, ...] = ()

    @property
    def all(self) -> list[str]:
        """Every violation in words, at most a few of each kind."""
        told = []
        for name, faults in self.found.items():
            told += [f"{name}: {fault}" for fault in faults[:NAMED]]
            told += [f"{name}: and {len(faults) - NAMED} more"] if len(faults) > NAMED else []
        return told

    def count(self, *names: str) -> int:
        """How many violations of these: invariants by number (`i1`), or checks by their whole names."""
        return sum(len(faults) for name, faults in self.found.items() if {name, number(name)} & {*names})


def number(check: str) -> str:
    """The invariant's number in a check's name: i8 of i8_one_holder_in_belief."""
    return check.partition("_")[0]


NEEDS = {
    i4_readers_saw_what_is_kept: "saw-all",
    i5_delivered_is_committed: "saw",
    i30_everything_has_a_bound: "measured",
    i31_ready_means_ready: "probe",
    i32_redis_knows_nothing: "hint",
    i33_one_process_a_file: "start",
}
"""The act without which a check has nothing to judge: then it is not among those that found nothing."""


def judge(state: Kept, acts: Sequence[Act], checks: Iterable[Check] = CHECKS) -> Judgement:
    """Runs the checks for which there is something to judge."""
    noted = {act.act for act in acts}
    judged = [check for check in checks if check not in NEEDS or NEEDS[check] in noted]
    results = {check.__name__: list(check(state, acts)) for check in judged}
    found = {name: faults for name, faults in results.items() if faults}
    return Judgement(found=found, checked=tuple(results))
