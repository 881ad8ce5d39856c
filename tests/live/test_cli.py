"""The commands as a person types them: what they refuse, what they say, and how they end."""

import asyncio
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from typer.testing import CliRunner, Result

from core.jobs import due, schedule
from core.lock import lock_folder
from core.models import Job, Staff
from core.over_redis import RqRunner
from core.runner import LocalRunner
from core.store import Tx
from ensilinja import accounts, cli, demo, schema
from ensilinja.auth.passwords import matches
from queues.agents import queues_of
from router.models import Contact, Matter, Party, Promise
from tests.builders import MONDAY, TEST_KEY
from tests.counties import SHIPPED, with_few_topics
from tools.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # bytes(range(32))


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str | None]:
    """An environment of ours alone, with its own data folder and key."""
    foreign = dict.fromkeys((name for name in os.environ if name.startswith("ENSILINJA_")), None)
    return {
        **foreign,
        "DATABASE_URL": None,
        "REDIS_URL": None,
        "ENSILINJA_KEY": KEY,
        "ENSILINJA_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def run(env: dict[str, str | None]) -> Callable[..., Result]:
    def command(*arguments: str, **more: str | None) -> Result:
        return CliRunner().invoke(cli.program, list(arguments), env={**env, **more})

    return command


@pytest.fixture
def started(env: dict[str, str | None]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the program as a process of its own; whatever is left is killed at the end."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        merged = {**os.environ, **{k: v for k, v in env.items() if v is not None}, "PYTHONPATH": str(ROOT)}
        processes.append(
            subprocess.Popen(
                [sys.executable, "-P", "-m", "ensilinja", *arguments],
                env=merged,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def county(tmp_path: Path) -> Path:
    return with_few_topics(tmp_path / "county", SHIPPED)


def with_a_queue_of_nobody(folder: Path) -> Path:
    rules = folder / "triage" / "uti.rules.toml"
    rules.write_text(re.sub(r'queue = "\w+"', 'queue = "nobody"', rules.read_text(), count=1))
    return folder


def broken_county(tmp_path: Path) -> Path:
    folder = with_a_queue_of_nobody(county(tmp_path))
    queues = folder / "queues.toml"
    queues.write_text(queues.read_text().replace('id = "physio"', 'id = "PhysIO!"'))
    outcomes = folder / "outcomes.toml"
    outcomes.write_text(outcomes.read_text() + "\nsurprise = 1\n")
    return folder


def test_check_tells_every_fault_of_every_file_at_once(run: Callable[..., Result], tmp_path: Path) -> None:
    folder = broken_county(tmp_path)
    result = run("check", "--demo", ENSILINJA_COUNTY=str(folder))

    assert result.exit_code == 1
    for words in ("queues.toml: queue[PhysIO!].id", "outcomes.toml", "lines.toml: chat[terveys_chat].queues"):
        assert words in result.output


def test_check_compares_the_questionnaires_with_the_queues(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    folder = with_a_queue_of_nobody(county(tmp_path))

    assert (
        "uti.rules.toml: queue: queues.toml has no queue 'nobody'"
        in run("check", "--demo", ENSILINJA_COUNTY=str(folder)).output
    )


def test_check_finds_nothing_in_the_demo_s_county(run: Callable[..., Result]) -> None:
    result = run("check", "--demo")

    assert (result.exit_code, result.output) == (0, "no faults\n")


def test_check_never_tells_a_value(run: Callable[..., Result]) -> None:
    result = run("check", ENSILINJA_KEY="hunter2", ENSILINJA_PORT="hunter2", ENSILINJA_SURPRISE="hunter2")

    assert result.exit_code == 1
    assert "ENSILINJA_PORT" in result.output and "ENSILINJA_SURPRISE" in result.output
    assert "hunter2" not in result.output


def test_serve_refuses_content_that_nobody_has_approved(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("serve", ENSILINJA_COUNTY=str(broken_county(tmp_path)), ENSILINJA_KEY="")

    assert result.exit_code == 2
    for words in ("gate.rules.toml: approved_by", "queues.toml: queue[PhysIO!].id", "ENSILINJA_KEY"):
        assert words in result.output


def test_second_start_on_the_same_folder_is_refused_at_once(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    held = lock_folder(tmp_path / "data" / "ensilinja.sqlite3")
    begun = time.monotonic()
    for arguments in (["serve"], ["demo", "--data", str(tmp_path / "data")], ["migrate"]):
        process = started(*arguments)
        _, said = process.communicate(timeout=20)

        assert process.returncode == 1
        assert "is running on this data folder already" in said
    os.close(held)

    assert time.monotonic() - begun < 3 * 5, "the lock is asked for before the heavy parts are loaded"


def test_demo_listens_to_this_machine_only(run: Callable[..., Result]) -> None:
    result = run("demo", "--host", "0.0.0.0")

    assert result.exit_code == 2
    assert "127.0.0.1 only" in result.output


def test_worker_without_its_servers_is_refused(run: Callable[..., Result]) -> None:
    assert run("worker").exit_code == 2
    assert run("worker", DATABASE_URL="postgresql://somewhere/db").exit_code == 2


def test_worker_carries_out_a_job_row_by_its_id(
    started: Callable[..., subprocess.Popen[str]],
    env: dict[str, str | None],
    pg_url: Callable[[], str],
    redis_url: str,
) -> None:
    database = pg_url()
    env |= {"DATABASE_URL": database, "REDIS_URL": redis_url, "ENSILINJA_TESTING": "true"}
    schema.migrate(database)
    job = schema.in_transaction(database, TEST_KEY, ordered)
    started("worker")
    asyncio.run(RqRunner(redis_url, LocalRunner(refuse)).submit(job))
    deadline = time.monotonic() + 60
    while (state := schema.in_transaction(database, TEST_KEY, state_of, job)) != "done":
        assert time.monotonic() < deadline, state
        time.sleep(0.5)


def ordered(tx: Tx) -> int:
    """A text message for a contact that is not there: carried out, and nothing is sent."""
    schedule(tx, key="sms:1", kind="sms", args={"contact": 1, "text": "none"})
    return due(tx)[0][0]


def state_of(tx: Tx, job: int) -> str:
    row = tx.get(Job, job)
    return row.state if row else "gone"


async def refuse(_job: int) -> None:
    raise AssertionError("the worker does it")


def test_serve_takes_an_approved_county_and_makes_no_demo_accounts(
    started: Callable[..., subprocess.Popen[str]], env: dict[str, str | None], tmp_path: Path
) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "approved")
    for rules in (folder / "triage").glob("*.rules.toml"):
        rules.write_text(rules.read_text().replace('approved_by = ""', 'approved_by = "a test"'))
    env["ENSILINJA_COUNTY"] = str(folder)
    port = free_port()
    process = started("serve", "--port", str(port))
    found = status(port, "/readyz")
    process.send_signal(signal.SIGTERM)
    ended = process.wait(timeout=20)
    url = f"sqlite:///{tmp_path / 'data' / 'ensilinja.sqlite3'}"

    assert (found, ended) == (200, 0)
    assert schema.in_transaction(url, TEST_KEY, accounts.find, "maija") is None


ADD = ("staff", "add", "aino", "--name", "Aino A.", "--profession", "sairaanhoitaja", "--role", "agent")


def test_staff_member_is_added_once_and_her_password_fits(run: Callable[..., Result], tmp_path: Path) -> None:
    first = run(*ADD, "--queue", "nurse", "--queue", "mental", ENSILINJA_STAFF_PASSWORD="kivi-puro-7-metsä")
    second = run(*ADD, "--queue", "nurse", ENSILINJA_STAFF_PASSWORD="kivi-puro-7-metsä")
    url = f"sqlite:///{tmp_path / 'data' / 'ensilinja.sqlite3'}"

    def look(tx: Tx) -> tuple[list[str], bool, frozenset[str]]:
        row = tx.get(Staff, 1)
        assert row is not None
        return row.roles, matches("kivi-puro-7-metsä", row.password_hash), queues_of(tx, 1)

    assert (first.exit_code, first.output) == (0, "aino may sign in.\n")
    assert second.exit_code == 1 and "account of that name" in second.output
    assert schema.in_transaction(url, TEST_KEY, look) == (["agent"], True, frozenset({"nurse", "mental"}))


def test_queues_of_a_professional_are_changed(run: Callable[..., Result], tmp_path: Path) -> None:
    run(*ADD, "--queue", "nurse", ENSILINJA_STAFF_PASSWORD="kivi-puro-7-metsä")
    changed = run("staff", "queues", "aino", "--queue", "physio", "--queue", "mental")
    unknown = run("staff", "queues", "aino", "--queue", "nowhere")
    nobody = run("staff", "queues", "liisa", "--queue", "nurse")
    url = f"sqlite:///{tmp_path / 'data' / 'ensilinja.sqlite3'}"

    assert (changed.exit_code, changed.output) == (0, "aino serves physio, mental.\n")
    assert (unknown.exit_code, nobody.exit_code) == (1, 1)
    assert schema.in_transaction(url, TEST_KEY, lambda tx: queues_of(tx, 1)) == {"physio", "mental"}


@pytest.mark.parametrize("password", ["short", "aino-aino-aino", "aaaaaaaaaaaaaaa"])
def test_weak_password_is_refused(run: Callable[..., Result], password: str) -> None:
    result = run(*ADD, "--queue", "nurse", ENSILINJA_STAFF_PASSWORD=password)

    assert result.exit_code == 1
    assert "12 characters" in result.output and password not in result.output


def test_account_with_an_unknown_role_or_queue_or_without_a_queue_is_refused(
    run: Callable[..., Result],
) -> None:
    password = {"ENSILINJA_STAFF_PASSWORD": "kivi-puro-7-metsä"}

    assert run(*ADD[:-1], "queen", **password).exit_code == 2
    assert "queue" in run(*ADD, "--queue", "nobody", **password).output
    assert run(*ADD, **password).exit_code == 1


def test_paper_lists_the_open_promises_and_needs_no_key(run: Callable[..., Result], tmp_path: Path) -> None:
    run("migrate")
    url = f"sqlite:///{tmp_path / 'data' / 'ensilinja.sqlite3'}"
    late = datetime.now(UTC) - timedelta(hours=1)
    for number, due_at in enumerate((MONDAY + timedelta(days=9999), late), start=1):
        schema.in_transaction(url, TEST_KEY, promised, number, due_at)
    result = run("paper", ENSILINJA_KEY="")
    lines = result.output.splitlines()

    assert result.exit_code == 0
    assert lines[0].endswith(": 2")
    assert "LATE" in lines[1] and "elderly" in lines[1] and lines[1].endswith("2")
    assert "LATE" not in lines[2] and lines[2].endswith("1")


def promised(tx: Tx, number: int, due_at: datetime) -> None:
    """A caller to whom a call back was promised."""
    key = tx.vault.new_key(tx)
    party = tx.add(Party(data_key_id=key, language="fi", sex="unknown", safe_contact={}))
    matter = tx.add(Matter(subject_id=party.id, opened_at=tx.now, joined_by="new"))
    contact = tx.add(
        Contact(
            client_id=f"call-{number}",
            channel="call",
            line="elderly",
            language="fi",
            asker_id=party.id,
            subject_id=party.id,
            matter_id=matter.id,
            data_key_id=key,
            arrived_at=tx.now,
        )
    )
    tx.add(Promise(contact_id=contact.id, kind="callback", made_at=tx.now, due_at=due_at, told_as={}))


def test_paper_without_a_database_says_so(run: Callable[..., Result]) -> None:
    result = run("paper")

    assert result.exit_code == 1
    assert "no database" in result.output


def test_demo_opens_its_doors_says_where_and_comes_back_after_a_kill(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    folder, port = tmp_path / "demo", free_port()
    arguments = ("demo", "--port", str(port), "--data", str(folder))
    first = started(*arguments)
    said = until(first, "Ctrl-C")

    assert f"http://127.0.0.1:{port}/kirjaudu" in said
    assert demo.PASSWORD in said and "maija" in said and "liisa" in said
    assert status(port, "/readyz") == status(port, "/kirjaudu") == 200
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in [folder, *folder.iterdir()])

    first.kill()
    first.wait()
    second = started(*arguments)
    until(second, "Ctrl-C")
    second.send_signal(signal.SIGTERM)

    assert second.wait(timeout=20) == 0


def test_taken_port_is_told_in_a_sentence(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = started("demo", "--port", str(port), "--data", str(tmp_path / "demo"))
        _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert f"port {port} is taken" in said and "Traceback" not in said


def until(process: subprocess.Popen[str], words: str) -> str:
    """What the process says up to `words`."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"it ended: {said} {process.communicate()[1][-3000:]}")


def status(port: int, path: str) -> int:
    deadline = time.monotonic() + 60  # a busy machine starts slowly
    while time.monotonic() < deadline:
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}{path}"), timeout=5) as answer:
                return int(answer.status)
        except OSError:
            time.sleep(0.1)
    return 0
