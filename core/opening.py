"""Which shape of store an address means."""

from pathlib import Path

from core.clock import Clock
from core.postgres import PostgresStore
from core.sqlite import SqliteStore
from core.store import Store
from core.vault import Vault


def open_store(database_url: str, clock: Clock, vault: Vault) -> Store:
    """The store for `sqlite:///path` or `postgresql://...`; ValueError for anything else."""
    if database_url.startswith("sqlite:///"):
        return SqliteStore(Path(database_url.removeprefix("sqlite:///")), clock, vault)
    if database_url.startswith("postgresql"):
        return PostgresStore(database_url, clock, vault)
    raise ValueError("the database address must begin with sqlite:/// or postgresql://")
