"""A task of the emergency centre in the console: its words, its time, and its two ends, by keys."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from core.hours import HELSINKI
from core.signing import sign
from tests.browser import walks
from tests.browser.clocked import TASKS, ClockedServer, clocked
from tests.browser.judging import Judge
from tests.browser.walks import Visit, visit

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=HELSINKI)
WORDS = "Kaatunut kotona, ei päässyt ylös. Tajuissaan."


@pytest.fixture(scope="module")
def service(
    chromium_options: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClockedServer]:
    yield from clocked(tmp_path_factory.mktemp("tasks"), lambda _, text: text)


@pytest.fixture
def nurse(browser: Browser, service: ClockedServer) -> Iterator[Page]:
    made: Visit = visit(browser, service.url, width=1366, height=768)
    yield made.page
    made.context.close()
    assert made.strangers == [] and made.troubles == []


def passes_on(service: ClockedServer, task: str, words: str = WORDS) -> None:
    """The emergency centre's message."""
    told = {"id": f"m-{task}", "type": "task.created", "task": task, "at": NOW.isoformat()}
    body = json.dumps(told | {"number": "040 123 4571", "text": words, "urgency": "SAME_DAY"}).encode()
    stamp, signature = sign(TASKS.encode(), NOW, body)
    headers = {"Ensilinja-Timestamp": stamp, "Ensilinja-Signature": signature}
    request = urllib.request.Request(f"{service.url}/hooks/tasks", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("end", ["EMS_NO_UNIT", "EMS_UNIT"])
def test_task_is_offered_read_called_and_ended(
    nurse: Page, service: ClockedServer, judge: Judge, end: str
) -> None:
    walks.start_shift(nurse)
    passes_on(service, end)

    offer = nurse.locator(".offer")
    expect(offer).to_contain_text("Ensihoidon puhelinarviointi")
    nurse.keyboard.press("F2")
    expect(nurse.locator(".talk")).to_contain_text(WORDS)  # the centre's words, before anything rings
    expect(nurse.locator(".call-number")).to_have_text("+358401234571")
    judge.schemes(nurse, "ems-task")
    nurse.keyboard.press("c")
    expect(nurse.locator(".call-bar")).to_contain_text("puhelussa")
    nurse.keyboard.press("F9")
    expect(nurse.locator(".call-bar")).to_have_count(0)
    nurse.locator(f"#outcome-{end}").check()  # asked for as soon as the call is over
    nurse.locator("dialog .primary").click()
    nurse.locator("dialog").wait_for(state="detached")

    expect(nurse.locator("#work-list")).not_to_contain_text("Ensihoidon")
