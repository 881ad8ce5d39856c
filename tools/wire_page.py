"""Writes docs/wire.md from the types: operations, frames, rows, events, errors, routes and limits.

python -m tools.wire_page    writes the page; a test fails while the committed page is another
"""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from core import events, wire
from core.errors import EnsilinjaError
from core.rights import POLICIES
from ensilinja import app, doors, feed, listeners, ops, rows, snapshots, sockets
from ensilinja.auth import sessions
from ensilinja.reporting import picture
from ensilinja.rows import shift_wire
from queues.matcher import Reason
from queues.views import Explanation
from router import briefs, changes, form, history, reading
from router.matters import Proposal
from router.outcomes import Sibling
from router.places import Place

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "wire.md"
PACKAGES = ("ensilinja", "chat", "callbacks", "router", "queues", "triage", "core")
APART = re.compile(r"\.(migrations|__main__|worker)")  # not imported: they run, or read the environment

# The frames the server sends by itself. Their names are read from the code; one without words is refused.
NEWS = {
    "board": "board: the picture as in the board's snapshot, under `board`; once a second",
    "chat.typing": "console: the resident of an opened contact writes; not stored, no number",
    "message": "resident: a line of the conversation, under `message`; numbered like the event",
    "place": "resident: the place in the line has changed",
    "restart": "all: come back within `spread_ms` milliseconds, at random; then the socket closes with 1012",
    "state": "resident: where the contact stands has changed; numbered like the event",
    "tick": "all: the line is alive; `now` is the server's time; `telephone` (console): the exchange hears",
    "typing": "resident: the professional writes; not stored, no number",
}
OWN_OPS = (
    ("hello", "all", "by role", "the first frame: `role` is resident, console or board; see below"),
    ("ping", "all", "the hello's", "a sign of life; a professional's renews the lease of her shift"),
    ("message.typing", "resident, console", "own, opened", "tells the other side; staff name `contact`"),
)

PLAIN = {"null": "null", "boolean": "true or false"}

HEAD = """\
# The wire

Generated from the types by `tools/wire_page.py`; do not edit it. `python -m tools.wire_page` writes it anew.

One WebSocket, `/ws`, serves residents, professionals and boards. The cookie of the page identifies;
the `Origin` must be one of ours. Frames are JSON texts:

| Frame | Form |
| --- | --- |
| request | `{{"op": name, "id": the browser's own, ...fields}}` |
| done and committed | `{{"ok": name, "id": the same, ...fields}}` |
| refused, nothing changed | `{{"error": code, "id": the same or null, "text": for developers, ...}}` |
| news | `{{"ev": name, "contact": id, "n": number, ...fields}}` |

The server answers requests in their order. Unknown fields, double keys, wrong types, NaN, numbers of
{biggest} and more, NUL and lone surrogates are `malformed`. Instants are ISO 8601 in UTC.
An error's details are at most `field`, `reason`, `newest` and `retry_after`.

News of a contact carries the contact's row as it is now, or what talk changes of it, and the number `n` of
its event. A browser takes it when `n` is greater than that of the row it has, so doubles and gaps do no harm.
"""
FACTS = """\
## Events

The log's types. Fields are ids, codes and instants. Numbers run per contact, those of `shift.*` per member
of staff. A console's frame has the row in their place.
"""
HTTP = """\
## HTTP

Pages are HTML. Forms are `application/x-www-form-urlencoded` with our own `Origin` and, once there is a
session, its token in `csrf`. Cookies: {cookies}.
"""


def main() -> int:
    """Writes the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
    return 0


def page() -> str:
    """The whole page as it should be now."""
    for name in module_names():
        importlib.import_module(name)
    parts = (head(), limits(), operations(), news(), shapes(), facts(), faults(), routes())
    return "\n".join(line for part in parts for line in part) + "\n"


def module_names() -> Iterator[str]:
    """Every module of ours that can be imported without effect: registries must be whole."""
    for package in PACKAGES:
        folder = ROOT / package
        for found in pkgutil.walk_packages([str(folder)], f"{package}."):
            if not APART.search(found.name):
                yield found.name


def head() -> list[str]:
    """What the page is, and the frames' form."""
    return [*HEAD.format(biggest=2**53).splitlines(), ""]


def limits() -> list[str]:
    """The numbers a client meets."""
    chars = ops.StaffSays.model_json_schema()["properties"]["text"]["maxLength"]
    found = [
        (f"{wire.MAX_FRAME:,} bytes", "one frame in"),
        (f"{wire.MAX_DEPTH}", "levels of nesting in a frame"),
        (f"{chars:,} characters", "one message"),
        (f"{sockets.FIRST_FRAME:g} s", "from opening to the hello"),
        (f"{sockets.RATE:g} a second, {sockets.BURST:g} at once", "requests of one socket; then `too_many`"),
        (
            f"{sockets.ERRORS} in {sockets.ERROR_WINDOW:g} s",
            "malformed frames, then the socket is closed (1008)",
        ),
        (f"{sockets.SEND:g} s", "to take what the server has sent, else the socket is dropped"),
        (f"{listeners.OUTBOX} frames", "waiting for one browser, else the socket is dropped"),
        (f"{doors.MAX_BODY:,} bytes", "one HTTP form"),
        (
            f"{sessions.Attempts.LIMIT} in {sessions.Attempts.WINDOW:g} s",
            "failed sign-ins of a name or address",
        ),
    ]
    return ["## Limits", "", *table(("Limit", "Of"), found), ""]


def operations() -> list[str]:
    """Every operation with who may, its fields, and what it does."""
    lines = ["## Operations", "", "Handled by the socket itself:", ""]
    own = [(code(name), *rest) for name, *rest in OWN_OPS]
    lines += [*table(("Operation", "Whose", "Who may", "What it does"), own), ""]
    lines += ["Each of the others is one transaction, behind its policy.", ""]
    for audience in ("resident", "staff"):
        lines += [f"### {audience.capitalize()}", ""]
        found = [
            (code(name), who_may(op.action), fields_of(op.body), first_line(op.run))
            for (whose, name), op in sorted(ops.OPS.items())
            if whose == audience
        ]
        lines += [*table(("Operation", "Who may", "Fields", "What it does"), found), ""]
    return lines


def who_may(action: str) -> str:
    """A policy in words."""
    return policy_words(POLICIES[action])


def policy_words(policy: Callable[..., Any]) -> str:
    """The name of a plain policy, or what a made one was made of."""
    made_of = inspect.getclosurevars(policy).nonlocals
    if "roles" in made_of:
        return "any staff" if len(made_of["roles"]) > 2 else ", ".join(made_of["roles"])
    if "policies" in made_of:
        return " or ".join(policy_words(each) for each in made_of["policies"])
    return policy.__name__.replace("_", " ")


def fields_of(body: type[ops.Body]) -> str:
    """The fields of a body with their bounds."""
    schema = body.model_json_schema()
    required = schema.get("required", [])
    return "<br>".join(
        f"{code(name)} {bounds(prop)}{'' if name in required else ', optional'}"
        for name, prop in schema.get("properties", {}).items()
    )


def bounds(prop: dict[str, Any]) -> str:
    """A JSON schema's type with its bounds, in words."""
    if "anyOf" in prop:
        return " or ".join(bounds(each) for each in prop["anyOf"])
    if prop.get("type") in PLAIN:
        return PLAIN[prop["type"]]
    if "enum" in prop or "const" in prop:
        return ", ".join(str(each) or "empty" for each in prop.get("enum", [prop.get("const")]))
    if prop["type"] in ("array", "object"):
        return several(prop)
    if prop["type"] == "integer":
        most = f" to {prop['maximum']}" if "maximum" in prop else ""
        return f"whole number from {prop['minimum']}{most}"
    return words(prop)


def words(prop: dict[str, Any]) -> str:
    """A text with its bounds."""
    if "pattern" in prop:
        return "text like " + code(prop["pattern"].replace("|", "\\|"))
    return f"text ({span(prop, 'minLength', 'maxLength')})"


def several(prop: dict[str, Any]) -> str:
    """A list, or values by the question they answer."""
    if prop["type"] == "array":
        return f"list of {bounds(prop['items'])} ({span(prop, 'minItems', 'maxItems')})"
    inside = prop.get("additionalProperties") or next(iter(prop["patternProperties"].values()))
    return f"by id: {bounds(inside)} ({span(prop, 'minProperties', 'maxProperties')})"


def span(prop: dict[str, Any], low: str, high: str) -> str:
    """How few and how many."""
    return f"{prop.get(low, 0)} to {prop[high]}" if high in prop else f"at least {prop.get(low, 0)}"


def news() -> list[str]:
    """The frames that come by themselves."""
    found = set(names_sent())
    if found != set(NEWS):
        raise SystemExit(f"tools/wire_page.py: words are missing or too many for {sorted(found ^ set(NEWS))}")
    listed = [(code(name), NEWS[name]) for name in sorted(found)]
    return [
        "## News",
        "",
        *table(("`ev`", "To whom, and what"), listed),
        "",
        "A console also gets every event type of the list below that concerns its lists, with `row` (a list",
        "row, or null when the contact has left this viewer's lists). A `chat.message` has `unread` instead,",
        "all of a row that it changes, and `message` when the console has opened the contact. Events of a",
        "shift go to its own professional, with the shift as it is now: `shift_now`.",
        "",
    ]


def names_sent() -> Iterator[str]:
    """The names in `wire.ev(...)` calls of the roof."""
    for path in sorted((ROOT / "ensilinja").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "wire.ev":
                yield from constants(node.args[0])


def constants(node: ast.expr) -> Iterator[str]:
    """The texts a name may be: one, or the two of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))


def shapes() -> list[str]:
    """What snapshots, rows and answers are made of."""
    lines = ["## Shapes", "", "The answer to a hello carries one `snapshot`:", ""]
    lines += [f"- resident: {shape(snapshots.resident)}, `messages` after the hello's `seen.messages`"]
    lines += [f"- console: {shape(snapshots.console)}", "- board: the picture below", ""]
    lines += [f"A shift is {shape(shift_wire)}. A line of a conversation is {shape(feed.Feed.message)}.", ""]
    for title, types in (
        ("The list row, the same for every viewer but for `mine`", (rows.ListRow,)),
        ("The place of a waiting resident", (Place,)),
        ("The brief of `contact.open`", brief_types()),
        ("The form of `form.open` and `form.fill`", (form.FormView, form.Asked, form.Choice)),
        ("The answer of `entry.explain`", (Explanation, Reason)),
        ("The board's picture", board_types()),
    ):
        lines += [f"### {title}", ""]
        lines += [*table(("Type", "Field", "Value"), type_rows(types)), ""]
    return lines


def brief_types() -> tuple[type, ...]:
    """The brief and its parts."""
    read = (reading.Flag, reading.Fact, reading.Line, reading.Why, history.Changes, changes.Change)
    parts = (history.Happening, briefs.Assessed, briefs.Told, briefs.Tried, briefs.Earlier)
    return (briefs.Brief, *read, *parts, Sibling, Proposal)


def board_types() -> tuple[type, ...]:
    """The picture and its parts, in the order they are defined."""
    classes = [each for each in vars(picture).values() if isinstance(each, type)]
    ours = [each for each in classes if each.__module__ == picture.__name__ and each is not picture.Board]
    return (picture.Board, *(each for each in ours if dataclasses.is_dataclass(each)))


def type_rows(types: Iterable[type]) -> Iterator[tuple[str, str, str]]:
    """One row a field; the type's name stands on its first."""
    for each in types:
        for position, (name, kind) in enumerate(annotations(each)):
            yield code(each.__name__) if position == 0 else "", code(name), kind
        if each is rows.ListRow:
            yield "", code("mine"), "bool"


def annotations(of: type) -> list[tuple[str, str]]:
    """Names and types of a value's fields, as the code says them."""
    return [(field.name, told_type(field.type)) for field in dataclasses.fields(of)]


def told_type(kind: Any) -> str:
    """A field's type in a table's cell."""
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    if not isinstance(kind, type) or "[" in str(kind):
        text = str(kind)
    short = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])|datetime\.(?=d)", "", text)
    return short.replace("|", "or").replace("NoneType", "None")


def shape(function: Callable[..., Any]) -> str:
    """The keys of the dictionary a function makes."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    return ", ".join(keys_of(max(made, key=lambda node: len(node.keys))))


def keys_of(found: ast.Dict) -> Iterator[str]:
    """The keys, with those of dictionaries inside; `**` names the function whose keys are meant."""
    for key, value in zip(found.keys, found.values, strict=True):
        if key is None:
            yield from spread(value)
        elif isinstance(value, ast.Dict):
            yield f"{code(str(ast.literal_eval(key)))} ({', '.join(keys_of(value))})"
        else:
            yield code(str(ast.literal_eval(key)))


def spread(value: ast.expr) -> Iterator[str]:
    """The keys that `**` brings, where they are not there already."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "grouped":
        yield "`own`, `waiting`, `callbacks` (lists of rows)"
    elif isinstance(value, ast.Call) and ast.unparse(value.func) == "resident_state":
        yield shape(feed.resident_state)


def facts() -> list[str]:
    """The event types with their fields."""
    found = [
        (
            code(name),
            "<br>".join(f"{code(field)} {told}" for field, told in annotations(kind)),
            first_line(kind),
        )
        for name, kind in sorted(events.REGISTRY.items())
        if is_ours(kind)
    ]
    return [*FACTS.splitlines(), "", *table(("Type", "Fields", "Meaning"), found), ""]


def faults() -> list[str]:
    """Every code with its HTTP status, in the words of the error that names it."""
    named = (kind for kind in kinds_of(EnsilinjaError) if "code" in vars(kind))
    found = sorted((str(kind.status), code(kind.code), first_line(kind)) for kind in named)
    lines = ["## Errors", "", "The code is stable. Over HTTP the status is beside it.", ""]
    return [*lines, *table(("Status", "Code", "Meaning"), found), ""]


def kinds_of(kind: type[EnsilinjaError]) -> Iterator[type[EnsilinjaError]]:
    """The error and all below it that are ours."""
    if is_ours(kind):
        yield kind
    for each in kind.__subclasses__():
        yield from kinds_of(each)


def is_ours(kind: type) -> bool:
    """Whether a class is of the program and not of a test in the same process."""
    return kind.__module__.partition(".")[0] in PACKAGES


def routes() -> list[str]:
    """Every HTTP route."""
    always = {(door.method, door.path) for each in app.all_doors(is_demo=False) for door in each.all}
    found = [
        (
            door.method,
            code(door.path),
            code(door.action),
            who_may(door.action),
            door.audience,
            first_line(door.page) + ("" if (door.method, door.path) in always else " Demo only."),
        )
        for each in app.all_doors(is_demo=True)
        for door in each.all
    ]
    lines = HTTP.format(cookies=", ".join(code(name) for name in doors.COOKIES.values())).splitlines()
    return [*lines, "", *table(("Method", "Path", "Action", "Who may", "Audience", "What it is"), found)]


def first_line(of: Any) -> str:
    """The first paragraph of a docstring, as one line of a table."""
    text = inspect.getdoc(of) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`"


def table(titles: Iterable[str], found: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table."""
    heads = list(titles)
    lines = [row_of(heads), row_of(["---"] * len(heads))]
    return [*lines, *(row_of(each) for each in found)]


def row_of(cells: Iterable[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
