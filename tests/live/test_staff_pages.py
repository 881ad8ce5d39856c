"""The staff's pages, the files for browsers and the fault pages, over HTTP."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from sqlalchemy import text, update
from yarl import URL

from core.catalogue import Catalogue, load_catalogue
from core.models import Staff
from core.settings import load_key, load_settings
from core.store import Tx
from ensilinja import accounts, app, demo, schema
from ensilinja.auth.sessions import Attempts
from ensilinja.pages import static
from ensilinja.rendering import STATIC
from ensilinja.runtime import Runtime
from tests.builders import create_tables
from tests.demos import a_stored_demo

Client = TestClient[web.Request, web.Application]
HTML = {"Accept": "text/html,application/xhtml+xml"}
COOKIE = "__Host-ensilinja-staff"
STRANGE_PATHS = (
    "..%2fpyproject.toml",
    "..%2f..%2fetc/passwd",
    "%2fetc%2fpasswd",
    "vendor%2f..%2f..%2frun.py",
    "tokens.css%00",
    "tokens.css%00.js",
    "tokens.css.gz",
    "TOKENS.css",
    "tokens.css/",
    "./tokens.css%20",
    "vendor",
    "vendor/",
    "..;/run.py",
    "....//run.py",
    "%c0%ae%c0%ae/run.py",
    "..%5crun.py",
)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo's data folder with its accounts."""
    folder = tmp_path_factory.mktemp("seeded")
    settings = load_settings({}, {"data_dir": folder})
    asyncio.run(create_tables(settings.database_url))
    key = load_key(settings, generate=True)
    catalogue = load_catalogue(settings.county)
    schema.in_transaction(settings.database_url, key, hire, catalogue)
    return folder


def hire(tx: Tx, catalogue: Catalogue) -> None:
    """The demo's accounts, whose passwords are checked in no time: a hash says how much work it wants."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(demo.PASSWORD)
    for person in demo.people_for(catalogue):
        accounts.create(tx, person, cheap, {queue.id for queue in catalogue.queues})


@pytest.fixture
async def runtime(seeded: Path, tmp_path: Path) -> AsyncIterator[Runtime]:
    """The parts of a demo, with its store and without its loops."""
    folder = shutil.copytree(seeded, tmp_path / "data")
    async with a_stored_demo(folder) as runtime:
        yield runtime


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[Client]:
    server = TestServer(app.make_app(runtime))
    await server.start_server()
    origin = str(server.make_url("/")).rstrip("/")
    runtime.origins = frozenset({origin})
    jar = CookieJar(unsafe=True, treat_as_secure_origin=[server.make_url("/")])
    async with TestClient(server, cookie_jar=jar, headers={"Origin": origin, **HTML}) as client:
        yield client


async def sign_in(
    client: Client, username: str, password: str = demo.PASSWORD, **more: str
) -> ClientResponse:
    form = {"username": username, "password": password, **more}
    return await client.post("/kirjaudu", data=form, allow_redirects=False)


async def token_of(client: Client) -> str:
    """The token in the console's page, which its forms send."""
    page = await (await client.get("/konsoli")).text()
    found = re.search(r'data-csrf="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_right_password_opens_the_screen_of_the_role(client: Client) -> None:
    agent = await sign_in(client, "maija")
    client.session.cookie_jar.clear()
    supervisor = await sign_in(client, "liisa")

    assert (agent.status, agent.headers["Location"]) == (303, "/konsoli")
    assert (supervisor.status, supervisor.headers["Location"]) == (303, "/tilanne")
    assert (await client.get("/tilanne")).status == 200


async def test_session_cookie_is_for_this_host_and_no_script(client: Client) -> None:
    answer = await sign_in(client, " Maija ")
    cookie = answer.cookies[COOKIE]

    assert cookie["secure"] and cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Strict", "/", "")


async def test_wrong_password_shows_the_form_again_with_the_name(client: Client) -> None:
    answers = [await sign_in(client, "maija", "wrong"), await sign_in(client, "nobody<b>", "wrong")]
    pages = [await answer.text() for answer in answers]

    assert [401, 401] == [answer.status for answer in answers]
    assert 'value="maija"' in pages[0] and "nobody&lt;b&gt;" in pages[1]
    assert all("Tunnus tai salasana ei täsmää" in page for page in pages)
    assert COOKIE not in answers[0].cookies


async def test_closed_account_is_the_same_as_a_wrong_password(client: Client, runtime: Runtime) -> None:
    close = update(Staff).where(Staff.username == "maija").values(is_active=False)
    await runtime.store.write(lambda tx: tx.execute(close))

    assert (await sign_in(client, "maija")).status == 401


async def test_eleventh_failure_in_a_minute_is_refused_for_any_name(client: Client) -> None:
    for _ in range(Attempts.LIMIT):
        await sign_in(client, "maija", "wrong")
    same, other = await sign_in(client, "maija"), await sign_in(client, "ville")

    assert [429, 429] == [same.status, other.status]
    assert int(same.headers["Retry-After"]) > 0
    assert "Liian monta yritystä" in await same.text()


async def test_guesses_sent_at_once_count_like_guesses_in_turn(client: Client) -> None:
    answers = await asyncio.gather(*(sign_in(client, "maija", "wrong") for _ in range(Attempts.LIMIT + 5)))

    assert [answer.status for answer in answers].count(429) == 5


async def test_successes_do_not_use_up_the_attempts(client: Client) -> None:
    for _ in range(Attempts.LIMIT + 2):
        client.session.cookie_jar.clear()
        assert (await sign_in(client, "maija")).status == 303


async def test_without_a_session_the_screens_lead_to_the_door(client: Client) -> None:
    for path in ("/konsoli", "/tilanne"):
        answer = await client.get(path, allow_redirects=False)

        assert (answer.status, answer.headers["Location"]) == (303, "/kirjaudu")


async def test_screens_are_for_their_own_roles(client: Client) -> None:
    await sign_in(client, "maija")
    agent = await client.get("/tilanne", allow_redirects=False)
    client.session.cookie_jar.clear()
    await sign_in(client, "liisa")
    supervisor = await client.get("/konsoli", allow_redirects=False)

    assert [403, 403] == [agent.status, supervisor.status]


async def test_sign_out_ends_the_session_everywhere(client: Client) -> None:
    secret = (await sign_in(client, "maija")).cookies[COOKIE].value
    answer = await client.post("/kirjaudu/ulos", data={"csrf": await token_of(client)}, allow_redirects=False)
    again = await client.get("/konsoli", headers={"Cookie": f"{COOKIE}={secret}"}, allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (303, "/kirjaudu")
    assert (again.status, again.headers["Location"]) == (303, "/kirjaudu")


async def test_signing_in_again_ends_the_session_before(client: Client) -> None:
    first = (await sign_in(client, "maija")).cookies[COOKIE].value
    await sign_in(client, "ville", csrf=await token_of(client))
    client.session.cookie_jar.clear()

    assert (
        await client.get("/konsoli", headers={"Cookie": f"{COOKIE}={first}"}, allow_redirects=False)
    ).status == 303


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1"])
async def test_form_of_another_site_is_refused(client: Client, origin: str) -> None:
    form = {"username": "maija", "password": demo.PASSWORD}
    answer = await client.post("/kirjaudu", data=form, headers={"Origin": origin}, allow_redirects=False)

    assert answer.status == 403
    assert COOKIE not in answer.cookies


async def test_sign_out_without_the_session_s_token_is_refused(client: Client) -> None:
    await sign_in(client, "maija")

    assert (await client.post("/kirjaudu/ulos", data={"csrf": "x"}, allow_redirects=False)).status == 403
    assert (await client.get("/konsoli", allow_redirects=False)).status == 200


async def test_language_is_chosen_by_a_link_and_kept(client: Client) -> None:
    for lang, title in (("sv", "Logga in"), ("en", "Sign in")):
        page = await (await client.get(f"/kirjaudu?kieli={lang}")).text()

        assert f'<html lang="{lang}"' in page and title in page
    assert '<html lang="en"' in await (await client.get("/kirjaudu")).text()
    assert '<html lang="en"' in await (await client.get("/kirjaudu?kieli=xx")).text()


async def test_every_page_forbids_what_it_does_not_need(client: Client) -> None:
    answer = await client.get("/kirjaudu")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in await answer.text()


async def test_every_static_file_is_served_with_its_type(client: Client) -> None:
    files = [path for path in STATIC.rglob("*") if path.is_file() and not path.name.startswith(".")]
    for path in files:
        answer = await client.get(f"/static/{path.relative_to(STATIC).as_posix()}")

        assert answer.status == 200
        assert answer.content_type == static.CONTENT_TYPES[path.suffix]
        assert await answer.read() == path.read_bytes()


async def test_marked_address_is_kept_for_good_and_a_plain_one_asked_about(client: Client) -> None:
    plain = await client.get("/static/tokens.css")
    mark = plain.headers["ETag"].strip('"')
    marked = await client.get(f"/static/tokens.css?v={mark}")
    old = await client.get("/static/tokens.css?v=0000000000")
    known = await client.get("/static/tokens.css", headers={"If-None-Match": f'"{mark}"'})

    assert "immutable" in marked.headers["Cache-Control"]
    assert plain.headers["Cache-Control"] == old.headers["Cache-Control"] == "no-cache"
    assert (known.status, await known.read()) == (304, b"")


async def test_no_other_path_reaches_a_file(client: Client) -> None:
    for path in STRANGE_PATHS:
        answer = await client.get(URL(f"/static/{path}", encoded=True))

        assert (path, answer.status) == (path, 404)


async def test_links_are_never_served(tmp_path: Path) -> None:
    (tmp_path / "leak.css").symlink_to(Path(__file__))

    assert static.read_shelf(tmp_path) == {}


async def test_scripts_get_their_texts_and_no_others(client: Client) -> None:
    answer = await client.get("/teksti/sv.json")
    texts = await answer.json()

    assert texts["console.login.title"]
    assert {key.partition(".")[0] + "." for key in texts} <= set(static.SCRIPT_TEXTS)
    assert (await client.get("/teksti/de.json")).status == 404
    assert await (await client.get("/teksti/de.json")).json() == {"error": "not_found"}


async def test_unknown_page_says_where_to_ring_in_the_reader_s_language(client: Client) -> None:
    answer = await client.get("/nothing", headers={"Accept-Language": "sv"})
    page = await answer.text()

    assert answer.status == 404
    assert '<html lang="sv"' in page
    assert 'href="tel:112"' in page and 'href="tel:116117"' in page and "03 629 6620" in page


async def test_programs_get_a_code(client: Client) -> None:
    answer = await client.get("/nothing", headers={"Accept": "application/json"})

    assert (answer.status, await answer.json()) == (404, {"error": "not_found"})


async def test_fault_page_and_sign_in_form_stand_while_the_store_is_down(
    client: Client, runtime: Runtime
) -> None:
    await sign_in(client, "maija")
    await runtime.store.write(lambda tx: tx.execute(text("ALTER TABLE session RENAME TO lost")))
    screen = await client.get("/konsoli")
    client.session.cookie_jar.clear()
    form = await sign_in(client, "maija")

    assert (screen.status, form.status) == (503, 503)
    assert 'href="tel:112"' in await screen.text()
    assert "Palvelu ei juuri nyt vastaa" in await form.text()
