"""The supervisor's figures by quarter: what residents answered, with its definition, small numbers hidden."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from core.clock import FixedClock
from core.identity import Role
from core.store import Tx
from ensilinja import app
from ensilinja.accounts import NewAccount, create
from ensilinja.auth import sessions
from ensilinja.doors import COOKIES, LANG_COOKIE
from ensilinja.reporting.experience import COLUMNS, quarters
from ensilinja.reporting.keeper import catch_up
from ensilinja.runtime import Runtime
from tests import histories as told
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.rooms import SERVICES


class Reader:
    """A supervisor's browser."""

    def __init__(self, runtime: Runtime, client: TestClient) -> None:  # type: ignore[type-arg]
        self.runtime, self.client, self.cookie = runtime, client, ""

    async def signs_in(self, username: str) -> "Reader":
        role = Role.SUPERVISOR if username == "aino" else Role.AGENT
        account = NewAccount(
            username=username, name=username, profession="x", roles=(role,), queues=("nurse",)
        )
        staff = await self.runtime.store.write(create, account, "!", ("nurse",))
        token = await self.runtime.store.write(sessions.sign_in, staff, "fi")
        self.cookie = f"{COOKIES['staff']}={token}"
        return self

    async def get(self, path: str, lang: str = "fi") -> tuple[int, str]:
        headers = {"Cookie": f"{self.cookie}; {LANG_COOKIE}={lang}", "Accept": "text/html"}
        answer = await self.client.get(path, headers=headers, allow_redirects=False)
        return answer.status, (await answer.read()).decode("utf-8")


SCORES = {"nurse": (10, 10, 9, 7, 3), "mental": (0, 0, 10, 10)}  # 60 - 20 = 40; four are too few


def answered(tx: Tx) -> None:
    """Chats of this quarter whose residents were asked: nine answered, one did not; one of a year ago."""
    contact = 0
    for queue, scores in SCORES.items():
        for score in (*scores, *([None] if queue == "nurse" else [])):
            contact += 1
            told.write(tx, told.events(told.surveyed(score, queue=queue), contact=contact, start=MONDAY))
    told.write(tx, told.events(told.surveyed(0), contact=99, start=MONDAY - timedelta(days=365)))


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    async with a_stored_demo(tmp_path, clock=FixedClock(MONDAY + timedelta(days=1))) as runtime:
        runtime.services = SERVICES
        await runtime.store.write(answered)
        while await runtime.store.write(catch_up):
            pass
        async with TestClient(TestServer(app.make_app(runtime))) as client:
            yield await Reader(runtime, client).signs_in("aino")


def test_quarters_are_the_helsinki_calendar_s() -> None:
    new_year = MONDAY.replace(month=12, day=31, hour=22, minute=30)  # half past midnight in Helsinki

    assert quarters(MONDAY) == [(2025, 4), (2026, 1), (2026, 2), (2026, 3), (2026, 4)]
    assert quarters(new_year)[-1] == (2027, 1)


async def test_the_supervisor_reads_the_figure_with_its_definition(reader: Reader) -> None:
    status, page = await reader.get("/tunnusluvut")

    assert status == 200
    assert "40 (n 5, vastasi 83 %)" in page
    assert page.count("alle 5 vastausta") == 3  # the four of mental health, and last year's one in both rows
    assert "vastausten 9–10 osuus" in page and "Tavoite on yli 60." in page and "versio 1." in page
    assert '<th scope="col">2025/4</th>' in page and '<th scope="row">Kaikki jonot</th>' in page


@pytest.mark.parametrize(("lang", "said"), [("sv", "Rekommendationstal"), ("en", "Net promoter score")])
async def test_every_language(reader: Reader, lang: str, said: str) -> None:
    assert said in (await reader.get("/tunnusluvut", lang))[1]


async def test_the_file_has_the_same_and_hides_the_same(reader: Reader) -> None:
    status, told_as = await reader.get("/tunnusluvut.csv")
    rows = list(csv.DictReader(io.StringIO(told_as.removeprefix("\ufeff")), delimiter=";"))

    assert status == 200 and told_as.startswith("\ufeff") and tuple(rows[0]) == COLUMNS
    found = {(row["kausi"], row["jono"]): (row["nps"], row["n"], row["vastausosuus_%"]) for row in rows}
    nurse, mental = (SERVICES.catalogue.queue(queue).name.fi for queue in SCORES)
    assert found["2026/4", "Kaikki jonot"] == ("22,2", "9", "90,0")
    assert found["2026/4", nurse] == ("40,0", "5", "83,3")
    assert found["2026/4", mental] == ("", "4", "100,0")
    assert all(
        row["tavoite"] == "60,0" and row["versio"] == "1" and "9-10" in row["maaritelma"] for row in rows
    )


async def test_only_a_supervisor_reads_it(reader: Reader) -> None:
    nurse = await Reader(reader.runtime, reader.client).signs_in("maija")
    nobody = Reader(reader.runtime, reader.client)

    for path in ("/tunnusluvut", "/tunnusluvut.csv"):
        assert (await nurse.get(path))[0] == 403
        assert (await nobody.get(path))[0] in (303, 401, 403)
