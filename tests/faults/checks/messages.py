"""I1 to I6: what was said is kept, once, in one order, for those it was said to."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.faults.checks.state import Kept
from tests.faults.oplog import Act, acknowledged


def i1_acknowledged_is_kept(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """An acknowledged message, hold or end exists, the message with its number and its text."""
    lines = {(line.contact, line.seq): line for line in state.lines}
    asked = {(a.who, a.contact, a.key): a.text for a in acts if a.act == "send" and a.phase == "invoke"}
    for act in acknowledged(acts, "send"):
        line = lines.get((act.contact, act.seq))
        if line is None:
            yield f"lost: message {act.seq} of contact {act.contact}"
        elif line.sender != act.who or line.text != asked[act.who, act.contact, act.key]:
            yield f"lost: another message stands at {act.seq} of contact {act.contact}"
    holds = {
        (s.contact, s.data["agent"], s.data["assignment"]) for s in state.steps if s.type == "entry.held"
    }
    for act in acknowledged(acts, "hold"):
        if (act.contact, _number(act.who), act.assignment) not in holds:
            yield f"lost: contact {act.contact} held by {act.who} under {act.assignment}"
    ended = {step.contact for step in state.steps if step.type in ("outcome.recorded", "entry.done")}
    for act in acknowledged(acts, "close"):
        if act.contact not in ended:
            yield f"lost: the end of contact {act.contact}"


def i2_nothing_twice(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """One row per writer and client id, and the load writes no text twice."""
    ids = Counter((line.contact, line.sender, line.client_id) for line in state.lines if line.client_id)
    yield from (f"duplicated: id {key} in contact {contact}" for (contact, _, key), n in ids.items() if n > 1)
    texts = Counter((line.contact, line.text) for line in state.lines if line.text is not None)
    yield from (f"duplicated: a text in contact {contact}" for (contact, _), n in texts.items() if n > 1)


def i3_one_order_without_holes(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Lines of a contact are 1..n, and so are its events, and so are a professional's."""
    numbers: dict[tuple[str, int], list[int]] = defaultdict(list)
    for line in state.lines:
        numbers["lines of contact", line.contact].append(line.seq)
    for step in state.steps:
        if step.contact is not None:
            numbers["events of contact", step.contact].append(step.n)
        elif step.staff is not None:
            numbers["events of staff", step.staff].append(step.n)
    for (what, owner), found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"hole: the {what} {owner} are {sorted(found)}"


def i4_readers_saw_what_is_kept(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """What a resident's page had at the end of a conversation is what the database holds, line by line."""
    lines: dict[int, dict[int, str]] = defaultdict(dict)
    for line in state.lines:
        if line.text is not None:
            lines[line.contact][line.seq] = line.text
    seen: dict[int, dict[int, str]] = defaultdict(dict)
    ends: dict[int, int] = {}
    for act in acts:
        if act.act == "saw":
            seen[act.contact][act.seq] = act.text
        elif act.act == "saw-all":
            ends[act.contact] = act.seq
    for contact, upto in ends.items():
        expected = {seq: text for seq, text in lines[contact].items() if seq <= upto}
        if {seq: text for seq, text in seen[contact].items() if seq <= upto} != expected:
            yield f"unseen: contact {contact}'s page did not have the lines up to {upto}"


def i5_delivered_is_committed(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """What a page showed is kept, and was shown to nobody but the contact's own resident."""
    lines = {(line.contact, line.seq): line.text for line in state.lines if line.kind == "text"}
    for act in acts:
        if act.act != "saw":
            continue
        if lines.get((act.contact, act.seq)) != act.text:
            yield f"shown before it was kept: line {act.seq} of contact {act.contact}"
        if act.who.startswith("resident:") and act.who != f"resident:{act.contact}":
            yield f"shown to another: line {act.seq} of contact {act.contact} to {act.who}"


def i6_refused_is_not_kept(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """A message is acknowledged or refused; what was refused to the end is not in the conversation."""
    stored = {(line.sender, line.contact, line.client_id) for line in state.lines}
    last: dict[tuple[str, int, str], str] = {}
    for act in acts:
        if act.act == "send" and act.phase in ("ok", "fail"):
            last[act.who, act.contact, act.key] = act.phase
    for (who, contact, key), phase in last.items():
        if phase == "fail" and (who, contact, key) in stored:
            yield f"refused but kept: {key} of {who} in contact {contact}"


def _number(who: str) -> int:
    return int(who.partition(":")[2])
