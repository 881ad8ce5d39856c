"""The commands. What a command does not need is imported only inside it, so that refusals come at once."""

import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from core.errors import EnsilinjaError
from core.faults import ConfigFaults
from core.lock import AlreadyRunning, lock_folder, sqlite_path
from core.settings import PASSWORD_VARIABLE, Settings, environment, load_key, load_settings
from ensilinja.triage_commands import triage

FAULTY, FAILED = 2, 1  # exit codes: the configuration must be mended; the start or a part of it failed
LOOPBACK = ("127.0.0.1", "localhost", "::1")

program = typer.Typer(
    help="Ensilinja: chat, calls and callbacks of the first line in one line with kept promises.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
staff = typer.Typer(help="Local staff accounts.", no_args_is_help=True, rich_markup_mode=None)
program.add_typer(staff, name="staff")
program.add_typer(triage, name="triage")

Port = Annotated[int | None, typer.Option(help="The port to listen at.", min=1, max=65535)]
Host = Annotated[str | None, typer.Option(help="The address to listen at.")]


def main() -> None:
    """Runs the command line; what it writes is for this account only."""
    os.umask(0o077)
    program()


@program.command()
def demo(
    port: Port = 8080,
    host: Host = "127.0.0.1",
    people: Annotated[int, typer.Option(help="Simulated people who come and work.", min=0)] = 0,
    data: Annotated[Path, typer.Option(help="The folder of the demo's own data.")] = Path("var/demo"),
) -> None:
    """Start with the embedded database and demo accounts, for this machine only."""
    if host not in LOOPBACK:
        refuse("the demo's passwords are public: it listens at 127.0.0.1 only", FAULTY)
    overrides: dict[str, object] = {"port": port, "host": host, "data_dir": data}
    if os.environ.get("ENSILINJA_TESTING", "").lower() not in ("1", "true"):
        # Whatever this machine is set up for, demo accounts go into the demo's own folder.
        overrides |= {"database_url": f"sqlite:///{data.absolute() / 'ensilinja.sqlite3'}", "redis_url": ""}
    settings = settings_or_faults(overrides)
    refuse_second(settings)
    from ensilinja import starting

    starting.start(settings, is_demo=True, people=people)


@program.command()
def serve(
    port: Port = None,
    host: Host = None,
    processes: Annotated[
        int | None, typer.Option(help="So many processes behind one socket; SIGHUP exchanges them.", min=1)
    ] = None,
    fd: Annotated[int | None, typer.Option(help="The number of a listening socket that is open.")] = None,
) -> None:
    """Start for real: no demo accounts, refused on any fault of the configuration."""
    settings = settings_or_faults({"port": port, "host": host})
    if fd is None:
        refuse_second(settings)
    if (processes or 1) > 1 and sqlite_path(settings.database_url) is not None:
        refuse("several processes need DATABASE_URL (PostgreSQL)", FAULTY)
    gc.disable()  # nothing that loading makes is garbage; the service turns it on when it is ready
    from ensilinja import starting

    if processes is not None:
        starting.start_several(settings, processes)
    starting.start(settings, is_demo=False, fd=fd)


@program.command()
def check(
    demo: Annotated[bool, typer.Option("--demo", help="What the demo needs: no key, no approvals.")] = False,
) -> None:
    """Print every fault of the configuration."""
    from ensilinja import checking

    lines = checking.all_faults(environment(), is_demo=demo)
    for line in lines:
        typer.echo(line)
    typer.echo(f"{len(lines)} faults" if lines else "no faults")
    raise typer.Exit(1 if lines else 0)


@program.command()
def worker() -> None:
    """Run jobs beside the service (scaled shape: DATABASE_URL and REDIS_URL are set)."""
    settings = settings_or_faults()
    if sqlite_path(settings.database_url) is not None or not settings.redis_url:
        refuse(
            "a worker needs DATABASE_URL (PostgreSQL) and REDIS_URL; without them jobs run in serve", FAULTY
        )
    from core.logs import setup_logs
    from ensilinja.worker import run_worker

    setup_logs(settings.log_level)
    run_worker(settings)


@program.command()
def migrate() -> None:
    """Bring the database to this version; serve does it by itself."""
    settings = settings_or_faults()
    refuse_second(settings)
    with told():
        from ensilinja import schema

        schema.migrate(settings.database_url)
    typer.echo("The database is ready for this version.")


@program.command()
def paper() -> None:
    """Print the open promises: when due, which line and queue, which contact."""
    settings = settings_or_faults()
    with told():
        from datetime import UTC, datetime

        from ensilinja import paper as papers
        from ensilinja import schema

        path = sqlite_path(settings.database_url)
        if path is not None and not path.exists():
            refuse("there is no database yet", FAILED)
        promises = schema.transact(settings.database_url, papers.open_promises, read_only=True)
        typer.echo(papers.sheet(promises, datetime.now(UTC)))


@program.command()
def simulate(
    *,
    day: Annotated[str, typer.Option(help="The date to play, as 2026-04-07.")],
    agents: Annotated[list[str], typer.Option(help="18, 18-15% (away), 18+1@8-10[:queue]; repeat it.")],
    rules: Annotated[
        list[str] | None,
        typer.Option(help="floor, callbacks-first, due, urgency, arrival, ratio; repeat it."),
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Another target: chat:SAME_DAY=5 (minutes).")
    ] = None,
    contacts: Annotated[int, typer.Option(help="Contacts of a generated day.", min=1, max=20_000)] = 1200,
    calls_per_hour: Annotated[
        int | None, typer.Option(help="Only calls, so many an hour while lines are open.", min=1, max=2_000)
    ] = None,
    seed: Annotated[str, typer.Option(help="Another seed is another day like it.")] = "1",
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Who came that day, from the database.")
    ] = False,
    record: Annotated[Path | None, typer.Option(help="Who came, from a file that --save wrote.")] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write who came into a file, without anybody's data.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a chart of the waits (SVG).")] = None,
    lang: Annotated[str, typer.Option(help="fi, sv or en.")] = "fi",
) -> None:
    """Play a day with other staffing, targets or order, and tell the figures side by side."""
    settings = settings_or_faults()
    with told():
        from ensilinja.simulation import asking

        typer.echo(
            asking.answer(
                settings,
                day=day,
                recorded=recorded,
                lang=lang,
                agents=tuple(agents),
                rules=tuple(rules or ("floor",)),
                targets=tuple(target or ()),
                contacts=contacts,
                calls_per_hour=calls_per_hour,
                seed=seed,
                record=record,
                save=save,
                plot=plot,
            )
        )


@staff.callback()
def staff_commands() -> None:
    """Local staff accounts."""


@staff.command("add")
def staff_add(
    username: str,
    name: Annotated[str, typer.Option(help='The name residents see, e.g. "Maija M.".')],
    profession: Annotated[str, typer.Option(help="The profession residents see.")],
    role: Annotated[list[str], typer.Option(help="agent, supervisor, content_approver, admin, auditor.")],
    queue: Annotated[list[str] | None, typer.Option(help="A queue to serve; may be repeated.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="fi, sv or en; may be repeated.")] = None,
) -> None:
    """Make an account; the password is asked for, or taken from ENSILINJA_STAFF_PASSWORD."""
    settings = settings_or_faults()
    password = os.environ.get(PASSWORD_VARIABLE) or str(
        typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    with told():
        from core.catalogue import load_catalogue
        from core.identity import Role
        from ensilinja import accounts, schema

        try:
            roles = tuple(Role(each) for each in role)
        except ValueError:
            refuse("no such role", FAULTY)
        account = accounts.NewAccount(
            username=username,
            name=name,
            profession=profession,
            roles=roles,
            queues=tuple(queue or ()),
            languages=tuple(language or ("fi",)),
        )
        known = [each.id for each in load_catalogue(settings.county).queues]
        hash_ = accounts.password_hash(username, password)
        schema.migrate(settings.database_url)
        schema.in_transaction(
            settings.database_url, load_key(settings), accounts.create, account, hash_, known
        )
    typer.echo(f"{username} may sign in.")


@staff.command("queues")
def staff_queues(
    username: str,
    queue: Annotated[list[str], typer.Option(help="A queue to serve from now on; may be repeated.")],
) -> None:
    """Change which queues a professional serves; it holds at once, also during her shift."""
    settings = settings_or_faults()
    with told():
        from core.catalogue import load_catalogue
        from ensilinja import accounts, schema

        known = [each.id for each in load_catalogue(settings.county).queues]
        key = load_key(settings)
        schema.in_transaction(settings.database_url, key, accounts.change_queues, username, queue, known)
    typer.echo(f"{username} serves {', '.join(queue)}.")


def settings_or_faults(overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings; ends the program with every fault of the configuration when there is one."""
    try:
        return load_settings(environment(), overrides)
    except ConfigFaults:
        from ensilinja import checking

        refuse("\n".join(checking.all_faults(environment(), overrides)), FAULTY)


def refuse_second(settings: Settings) -> None:
    """Ends the program at once when another process has the embedded database open."""
    path = sqlite_path(settings.database_url)
    if path is not None:
        with told():
            os.close(lock_folder(path))


@contextmanager
def told() -> Iterator[None]:
    """Ends the program with a sentence, not a traceback, for what a person can mend."""
    try:
        yield
    except AlreadyRunning:
        refuse("Ensilinja is running on this data folder already; stop it first", FAILED)
    except ConfigFaults as faults:
        refuse(str(faults), FAULTY)
    except EnsilinjaError as error:
        refuse(error.message, FAILED)


def refuse(why: str, code: int) -> NoReturn:
    """Says why on stderr and ends the program."""
    print(f"ensilinja: {why}", file=sys.stderr)
    raise typer.Exit(code)
