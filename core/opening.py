"""Which shape of store an address means."""

import importlib
from pathlib import Path

from core.clock import Clock
from core.sqlite import SqliteStore
from core.store import Store
from core.vault import Vault


def open_store(database_url: str, clock: Clock, vault: Vault) -> Store:
    """The store for `sqlite:///path` or `postgresql://...`; ValueError for anything else."""
    if database_url.startswith("sqlite:///"):
        return SqliteStore(Path(database_url.removeprefix("sqlite:///")), clock, vault)
    if database_url.startswith("postgresql"):
        scaled = importlib.import_module("core.postgres")  # not loaded where there is no PostgreSQL
        store: Store = scaled.PostgresStore(database_url, clock, vault)
        return store
    raise ValueError("the database address must begin with sqlite:/// or postgresql://")
