"""How fast the urinary topic is judged: the shipped engine beside the same rules written by hand as Python.

Prints evaluations per second and the ratio; P4 of the performance gates asks for at least 0.2.
"""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.urgency import Urgency
from triage import engine
from triage.definition import Answers, GateResult, Subject
from triage.loader import load

FOLDER = Path(__file__).resolve().parent.parent / "config" / "oma-hame" / "triage"
CLEAR = GateResult(level=None, fired=(), tags=frozenset())
SECONDS = 1.0
NO = dict.fromkeys(
    ["retention", "vomiting", "flank", "chills", "blood_only", "discharge", "recurrent", "urinary_disease"],
    False,
)
ANSWERS: dict[str, bool | int | str] = {
    **NO,
    "burning": True,
    "frequency": True,
    "fever": False,
    "poor_condition": False,
    "immunosuppressed": False,
    "pregnant": "no",
    "pain": 4,
    "age": 34,
    "sex": "female",
}

Test = Callable[[Mapping[str, Any]], bool]
BY_HAND: tuple[tuple[Test, Urgency | None], ...] = (
    (lambda a: a["retention"] is True, Urgency.ED),
    (lambda a: (a["fever"] or a["chills"]) and (a["poor_condition"] or a["vomiting"]), Urgency.ED),
    (lambda a: a["age"] == 0 and a["fever"] is True and a["age_months"] < 3, Urgency.ED),
    (lambda a: a["fever"] is True or a["chills"] is True or a["flank"] is True, Urgency.SAME_DAY),
    (lambda a: a["pregnant"] in {"yes", "unsure"}, Urgency.SAME_DAY),
    (lambda a: a["age"] < 18, Urgency.SAME_DAY),
    (lambda a: a["sex"] == "male", Urgency.SAME_DAY),
    (lambda a: a["urinary_disease"] is True or a["immunosuppressed"] is True, Urgency.SAME_DAY),
    (lambda a: a["recurrent"] is True, Urgency.SAME_DAY),
    (lambda a: a["discharge"] is True and not a["burning"] and not a["frequency"], Urgency.DAYS_1_3),
    (lambda a: a["blood_only"] is True, Urgency.DAYS_1_3),
    (
        lambda a: (
            a["sex"] == "female"
            and 18 <= a["age"] <= 65
            and a["burning"] is True
            and a["frequency"] is True
            and not (a["fever"] or a["chills"] or a["flank"] or a["discharge"] or a["urinary_disease"])
            and not (a["immunosuppressed"] or a["recurrent"])
            and a["pregnant"] in {"no", "na"}
        ),
        None,
    ),
    (lambda a: a["poor_condition"] is True, Urgency.SAME_DAY),
    (lambda a: a["pain"] >= 8, Urgency.SAME_DAY),
    (
        lambda a: a["fever"] is True and (a["pregnant"] != "no" or a["immunosuppressed"] is True),
        Urgency.SAME_DAY,
    ),
)


def by_hand(answers: Answers) -> tuple[Urgency, list[int]]:
    """The urinary topic's level and fired rules, without unknowns, versions or explanations."""
    level, fired = Urgency.SAME_DAY, []
    for number, (test, urgency) in enumerate(BY_HAND):
        if test(answers):
            fired.append(number)
            if urgency is not None and urgency.rank < level.rank:
                level = urgency
    return level, fired


def per_second(act: Callable[[], object]) -> float:
    """How often `act` runs in a second."""
    until, runs, start = time.perf_counter() + SECONDS, 0, time.perf_counter()
    while time.perf_counter() < until:
        for _ in range(200):
            act()
        runs += 200
    return runs / (time.perf_counter() - start)


def main() -> None:
    started = time.perf_counter()
    content = load(FOLDER, require_approval=False)
    loading = time.perf_counter() - started
    nobody = Subject()
    assert by_hand(ANSWERS)[0] is Urgency.SAME_DAY

    def shipped() -> object:
        return engine.evaluate(content, "uti", ANSWERS, nobody, gate=CLEAR, finished=True)

    ours, hand = per_second(shipped), per_second(lambda: by_hand(ANSWERS))
    sys.stdout.write(f"loading and inspecting: {loading:.2f} s\n")
    sys.stdout.write(f"engine: {ours:,.0f} evaluations/s\nby hand: {hand:,.0f} evaluations/s\n")
    sys.stdout.write(f"ratio: {ours / hand:.2f}\n")


if __name__ == "__main__":
    main()
