"""The test servers themselves: what they promise to the tests that lean on them."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from redis import Redis

from tools.servers import PgServer, RedisServer


def test_each_database_is_its_own(pg_server: PgServer, pg_url: Callable[..., str]) -> None:
    first, second = pg_url(), pg_url()
    pg_server.sql("CREATE TABLE only_here (n int)", database=first.rpartition("/")[2])

    assert pg_server.sql("SELECT to_regclass('only_here')", database=second.rpartition("/")[2]) == ""


def test_template_is_prepared_once_and_copied(pg_server: PgServer, pg_url: Callable[..., str]) -> None:
    prepared: list[str] = []

    def prepare(address: str) -> None:
        prepared.append(address)
        pg_server.sql("CREATE TABLE copied (n int)", database=address.rpartition("/")[2])

    names = {pg_server.template("with_a_table", prepare) for _ in range(2)}
    copy = pg_url(names.pop()).rpartition("/")[2]

    assert len(prepared) == 1
    assert pg_server.sql("SELECT to_regclass('copied')", database=copy) == "copied"


@pytest.mark.faults
def test_killed_postgres_keeps_what_it_committed(durable_pg_server: PgServer) -> None:
    durable_pg_server.sql("CREATE TABLE kept AS SELECT 7 AS n")

    durable_pg_server.kill()
    durable_pg_server.start()

    assert durable_pg_server.sql("SELECT n FROM kept") == "7"


def test_redis_comes_back_empty(redis_server: RedisServer) -> None:
    with Redis.from_url(redis_server.url) as client:
        client.set("a", "1")
    redis_server.kill()
    redis_server.start()

    with Redis.from_url(redis_server.url) as client:
        assert client.get("a") is None


def test_run_py_asks_for_a_command() -> None:
    done = subprocess.run([sys.executable, "run.py"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "demo" in done.stdout
