"""Writes the tables of docs/triage.md from the shipped questionnaires; the words around them stay.

python -m tools.triage_page    writes the tables; a test fails while the committed ones are others
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.urgency import Urgency
from triage.definition import GROUPS, Content, Topic
from triage.loader import load
from triage.probing import calm_walk, reachable

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "triage.md"
FOLDER = ROOT / "config" / "oma-hame" / "triage"
SHORT = {
    Urgency.EMERGENCY: "112",
    Urgency.ED: "ED",
    Urgency.SAME_DAY: "today",
    Urgency.DAYS_1_3: "1–3 d",
    Urgency.NON_URGENT: "calm",
    Urgency.SELF_CARE: "self",
}


def page() -> str:
    """The page as it should be: each marked table written anew."""
    text = PAGE.read_text(encoding="utf-8")
    content = load(FOLDER, require_approval=False)
    for name, table in (("levels", levels(content)), ("counts", counts(content)), ("gates", gates(content))):
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        text = before + start + "\n".join(table) + "\n" + end + rest.partition(end)[2]
    return text


def levels(content: Content) -> Iterator[str]:
    """Topics and the levels that a complete form of them reaches; the default is in bold."""
    yield "| Topic | Name | Queue | Asked of a well grown-up | " + " | ".join(SHORT.values()) + " |"
    yield "| --- | --- | --- | --- |" + " :-: |" * len(SHORT)
    for topic in sorted(content.topics.values(), key=lambda one: (GROUPS.index(one.group), one.id)):
        found = reachable(content, topic)
        cells = (mark(topic, level, found) for level in SHORT)
        asked = len(calm_walk(content, topic))
        yield f"| `{topic.id}` | {topic.name.fi} | {topic.queue} | {asked} | {' | '.join(cells)} |"


def mark(topic: Topic, level: Urgency, found: Iterable[Urgency]) -> str:
    """Whether the level is reached, and is the default."""
    if level not in found:
        return ""
    return "**x**" if level is topic.default_level else "x"


def counts(content: Content) -> Iterator[str]:
    """How many rules end where, and how sure their sources are."""
    rules = [rule for ruleset in content.rulesets for rule in ruleset.rules]
    yield "| Level | Rules | of them V | V/K | K |"
    yield "| --- | --: | --: | --: | --: |"
    ends = [*((level.value, [r for r in rules if r.level is level]) for level in Urgency)]
    ends.append(("moves to another topic", [r for r in rules if r.goto is not None]))
    ends.append(("adds a tag only", [r for r in rules if r.level is None and r.goto is None]))
    ends.append(("all", rules))
    for name, found in ends:
        sure = [sum(rule.confidence == each for rule in found) for each in ("V", "V/K", "K")]
        yield f"| {name} | {len(found)} | {' | '.join(map(str, sure))} |"


def gates(content: Content) -> Iterator[str]:
    """The signs of danger of both pages with their levels."""
    yield "| Page | Sign of danger | Level |"
    yield "| --- | --- | --- |"
    for form, ruleset in content.gates:
        ends = {rule.id: rule.level for rule in ruleset.rules}
        for question in form.questions:
            level = ends[question.id]
            yield f"| {form.title.fi} | {question.text.fi} | {level.value if level else ''} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
