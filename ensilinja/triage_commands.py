"""`ensilinja triage ...`: for those who review questionnaires. Needs no database, key or running service."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from core.faults import ConfigFaults
from core.settings import environment, load_settings
from ensilinja.triage_player import Player
from triage import checking, exchange, fhir_response, importing
from triage.definition import Content
from triage.errors import ContentFaults
from triage.loader import PARTS, QUESTIONNAIRE, RULES, load

triage = typer.Typer(
    help="Questionnaires: check, try, evaluate, exchange.", no_args_is_help=True, rich_markup_mode=None
)

Folder = Annotated[
    Path | None, typer.Option("--folder", help="The folder of questionnaires; the county's without it.")
]


@triage.command()
def check(
    folder: Folder = None,
    release: Annotated[
        bool, typer.Option("--release", help="Also refuse what nobody has approved, as serve does.")
    ] = False,
) -> None:
    """Print every fault of the questionnaires: unknown names, dead and shadowed rules, unsafe levels,
    missing texts, numbers without a case, changes without a new version."""
    faults = checking.all_faults(place(folder), require_approval=release)
    for fault in faults:
        typer.echo(str(fault))
    typer.echo(f"{len(faults)} faults" if faults else "no faults")
    raise typer.Exit(1 if faults else 0)


@triage.command()
def seal(folder: Folder = None) -> None:
    """Write down what each version holds and a case for each number that has none."""
    where = place(folder)
    cases = checking.write_boundaries(where, loaded(where))
    forms = checking.seal(where)
    typer.echo(f"{cases} cases in boundaries.toml, {forms} versions in versions.toml: read the changes.")


@triage.command()
def evaluate(folder: Folder = None) -> None:
    """Judge filled forms: a line of JSON {id, topic, answers, finished} in, a line of JSON out."""
    content = loaded(place(folder))
    for result in read_lines(sys.stdin.buffer, lambda line: exchange.evaluate_line(content, line)):
        sys.stdout.write(result + "\n")


@triage.command()
def export(
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, the only form there is.")] = True,
) -> None:
    """Write all questionnaires and rules as one JSON object, for reviewers and other programs."""
    if not as_json:
        refuse(["there is only JSON"])
    json.dump(exchange.export(loaded(place(folder))), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


@triage.command()
def response(folder: Folder = None) -> None:
    """Write filled forms as FHIR: a line as for evaluate in, also with {authored, language, version, subject,
    source, amended}; a Bundle of QuestionnaireResponses on one line out."""
    content = loaded(place(folder))
    for result in read_lines(sys.stdin.buffer, lambda line: fhir_response.response_line(content, line)):
        sys.stdout.write(result + "\n")


@triage.command(name="import")
def import_questionnaire(
    file: Path,
    folder: Folder = None,
    name: Annotated[str, typer.Option(help="Its id here; the form's own name without it.")] = "",
    language: Annotated[str, typer.Option(help="fi, sv or en, where the file does not state it.")] = "",
) -> None:
    """Take in a FHIR Questionnaire made elsewhere: its questions, and a rules file to be written."""
    where = place(folder)
    taken = {path.name.split(".")[0] for path in where.glob("*.*")} | PARTS
    try:
        data = json.loads(file.read_bytes())
        found = importing.imported(data, file.name, taken=taken, name=name, language=language)
        (where / f"{found.name}{QUESTIONNAIRE}").write_text(found.questionnaire, encoding="utf-8")
        (where / f"{found.name}{RULES}").write_text(found.rules, encoding="utf-8")
    except ContentFaults as faults:
        refuse([str(fault) for fault in faults.faults])
    except (OSError, ValueError, RecursionError) as error:
        refuse([f"{file.name}: cannot be read or written: {error}"])
    for fault in found.left_out:
        typer.echo(f"left out: {fault}")
    typer.echo(f"{found.name}: written; `ensilinja triage check` names what is still missing")


@triage.command()
def play(
    topic: str,
    folder: Folder = None,
    language: Annotated[str, typer.Option(help="fi, sv or en.")] = "fi",
) -> None:
    """Answer a topic's questions in the terminal and see the level after each with the rules behind it."""
    content = loaded(place(folder))
    if topic not in content.topics:
        refuse([f"no topic {topic!r}; there are: {', '.join(sorted(content.topics))}"])
    if language not in ("fi", "sv", "en"):
        refuse([f"no language {language!r}"])
    Player(content=content, topic=topic, language=language, read=asked_line, write=typer.echo).play()


def read_lines(lines: Iterable[bytes], act: Callable[[object], dict[str, Any]]) -> Iterator[str]:
    """What `act` makes of each line; a line that is no JSON gets a result of its own."""
    for raw in lines:
        if not raw.strip():
            continue
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError):
            yield json.dumps({"id": None, "error": "not_json"})
            continue
        # Half a character, which JSON can hold and UTF-8 cannot, goes out as it came: escaped.
        yield json.dumps(act(line), ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def asked_line(prompt: str) -> str | None:
    """A line of the terminal; None at its end."""
    sys.stdout.write(prompt)
    sys.stdout.flush()
    line = sys.stdin.readline()
    return line.strip() if line else None


def place(folder: Path | None) -> Path:
    """The folder of questionnaires."""
    if folder is not None:
        return folder
    try:
        return load_settings(environment(), None).county / "triage"
    except ConfigFaults as faults:
        refuse([str(fault) for fault in faults.faults])


def loaded(folder: Path) -> Content:
    """The content, approved or not; ends the program with its faults."""
    try:
        return load(folder, require_approval=False)
    except ContentFaults as faults:
        refuse([str(fault) for fault in faults.faults])


def refuse(lines: list[str]) -> NoReturn:
    """Says why on stderr and ends the program."""
    for line in lines:
        print(f"ensilinja: {line}", file=sys.stderr)
    raise typer.Exit(2)
