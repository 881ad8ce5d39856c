"""One Chromium and one demo a module; every visit is closed at its end and asked what went wrong in it."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.demo_server import DemoServer
from tests.browser.judging import AXE, Judge, axe_source
from tests.browser.walks import NewVisit, visiting

# A form that is to be mended answers 422, which Chromium tells its console of.
EXPECTED = ("Failed to load resource: the server responded with a status of 422",)
expect.set_options(timeout=15_000)  # three tests at a time share two cores
LAST_WORDS = 6_000  # characters of a server's log that a failure shows


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what its servers wrote last: what a page waits for in vain, they know."""
    report = yield
    if report.failed:
        for name, value in item.funcargs.items():
            if isinstance(value, DemoServer):
                report.sections.append((f"log of {name}", value.log[-LAST_WORDS:]))
    return report


@pytest.fixture(scope="module")
def browser(chromium_options: dict[str, object]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_options)  # type: ignore[arg-type]
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo(
    chromium_options: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoServer]:
    server = DemoServer(tmp_path_factory.mktemp("demo"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> str:
    """The accessibility checker's source."""
    return axe_source(Path(request.config.cache.mkdir(AXE)))


@pytest.fixture
def judge(axe: str) -> Iterator[Judge]:
    """What it finds in the test's pages must be nothing."""
    found = Judge(axe)
    yield found
    assert found.found == []


@pytest.fixture
def new_visit(browser: Browser, demo: DemoServer) -> Iterator[NewVisit]:
    """Call it for a browser that has not been here before."""
    yield from visiting(browser, demo.url, forgiven=EXPECTED)
