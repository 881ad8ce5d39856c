"""One Chromium and one demo a module; every visit is closed at its end and asked what went wrong in it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.demo_server import DemoServer
from tests.browser.walks import Visit, visit

# A form that is to be mended answers 422, which Chromium tells its console of.
EXPECTED = ("Failed to load resource: the server responded with a status of 422",)
NewVisit = Callable[..., Visit]


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


@pytest.fixture
def new_visit(browser: Browser, demo: DemoServer) -> Iterator[NewVisit]:
    """Call it for a browser that has not been here before."""
    visits: list[Visit] = []

    def new(**more: object) -> Visit:
        visits.append(visit(browser, demo.url, **more))  # type: ignore[arg-type]
        return visits[-1]

    yield new
    for each in visits:
        each.context.close()
    for each in visits:
        assert each.strangers == []
        assert [line for line in each.troubles if not line.startswith(EXPECTED)] == []
