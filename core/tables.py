"""A strict reader of TOML tables: a wrong type and a missing or unknown key become faults, none is raised.

A getter that finds a fault notes it and returns a harmless stand-in, so that one reading finds all of them.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from core.faults import Fault

_E = TypeVar("_E", bound=StrEnum)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}|[A-Z][A-Z0-9_]{0,39}")
_MISSING = object()


class Table:
    """One table of a file; `done` notes the keys that nobody asked for."""

    def __init__(self, source: str, path: str, data: Mapping[str, Any], faults: list[Fault]) -> None:
        self.source = source
        self.path = path
        self._data = data
        self._faults = faults
        self._asked: set[str] = set()

    @classmethod
    def read(cls, file: Path, faults: list[Fault]) -> "Table":
        """The file's root table; an unreadable file is one fault and an empty table."""
        try:
            return cls(file.name, "", tomllib.loads(file.read_text("utf-8")), faults)
        except FileNotFoundError:
            message = "the file is missing"
        except (OSError, UnicodeDecodeError):
            message = "the file cannot be read as UTF-8 text"
        except tomllib.TOMLDecodeError as error:
            message = f"not TOML: {error}"
        faults.append(Fault(source=file.name, key="", message=message))
        return Unreadable(file.name, "", {}, faults)

    def fault(self, key: str, message: str) -> None:
        """Notes one fault at a key of this table."""
        self._faults.append(Fault(source=self.source, key=self._where(key), message=message))

    @property
    def fault_count(self) -> int:
        """How many faults the whole reading has found so far."""
        return len(self._faults)

    def has(self, key: str) -> bool:
        """Whether the key is written in the table."""
        return key in self._data

    def keys(self) -> tuple[str, ...]:
        """The keys written in the table, in order."""
        return tuple(self._data)

    def text(self, key: str, default: str | None = None, *, longest: int = 2000) -> str:
        """A text that is neither empty nor longer than `longest` characters."""
        value = self._get(key, str, "a text", default)
        if not isinstance(value, str):
            return ""
        if not value.strip() or len(value) > longest:
            self.fault(key, f"must be a text of 1-{longest} characters")
        return value

    def number(self, key: str, default: int | None = None, *, least: int = 0, most: int = 1_000_000) -> int:
        """A whole number within bounds."""
        value = self._get(key, int, "a whole number", default)
        if not isinstance(value, int):
            return least
        if not least <= value <= most:
            self.fault(key, f"must be {least}-{most}")
        return value

    def share(self, key: str, default: float) -> float:
        """A share from 0 to 1."""
        value = self._get(key, (int, float), "a number", default)
        if not isinstance(value, (int, float)) or not 0 <= value <= 1:
            self.fault(key, "must be 0-1")
            return default
        return float(value)

    def flag(self, key: str, default: bool | None = None) -> bool:
        """true or false."""
        return self._get(key, bool, "true or false", default) is True

    def clock(self, key: str) -> int | None:
        """The minute of the day of a clock written HH:MM; None when left out."""
        if not self.has(key):
            return None
        match = _CLOCK.fullmatch(self.text(key))
        if match is None:
            self.fault(key, "must be a clock (HH:MM, 00:00-23:59)")
            return None
        return int(match[1]) * 60 + int(match[2])

    def id(self, key: str = "id") -> str:
        """An id of ASCII letters of one case, digits and underscores."""
        value = self.text(key)
        if value and not _ID.fullmatch(value):
            self.fault(key, "an id has small (or only capital) letters a-z, digits and _")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, none twice."""
        value = self._get(key, list, "a list of texts", default)
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            if isinstance(value, list):
                self.fault(key, "must be a list of texts")
            return ()
        if len(set(value)) < len(value):
            self.fault(key, "has the same item twice")
        return tuple(value)

    def one_of(self, key: str, allowed: type[_E], default: _E | None = None) -> _E:
        """A member of an enumeration, written by its value."""
        return allowed(self.choice(key, [member.value for member in allowed], default))

    def choice(self, key: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of the allowed texts; the first of them stands in for a wrong one."""
        value = self._get(key, str, "a text", default)
        if value in allowed:
            return str(value)
        if isinstance(value, str):
            self.fault(key, f"must be one of {', '.join(allowed)}")
        return next(iter(allowed))

    def dates(self, key: str) -> frozenset[date]:
        """A list of dates, written YYYY-MM-DD; empty when left out."""
        found = (self.date_of(key, text) for text in self.texts(key, ()))
        return frozenset(day for day in found if day is not None)

    def date_of(self, key: str, text: str) -> date | None:
        """The date written YYYY-MM-DD, or a fault and None."""
        try:
            if len(text) == 10:
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.fault(key, f"{text!r} is not a date (YYYY-MM-DD)")
        return None

    def table(self, key: str, *, optional: bool = False) -> "Table":
        """A table under this one; empty when left out and optional."""
        value = self._get(key, dict, "a table", {} if optional else None)
        if not isinstance(value, dict):
            return Unreadable(self.source, self._where(key), {}, self._faults)
        return Table(self.source, self._where(key), value, self._faults)

    def rows(self, key: str) -> Iterator["Table"]:
        """The tables of a [[list]], each read by its own id where it has one."""
        value = self._get(key, list, "a list of tables", None)
        for place, row in enumerate(value if isinstance(value, list) else (), start=1):
            if not isinstance(row, dict):
                self.fault(f"{key}[{place}]", "must be a table")
                continue
            name = row.get("id", place)
            yield Table(self.source, self._where(f"{key}[{name}]"), row, self._faults)

    def done(self) -> None:
        """Notes every key that was written but never asked for."""
        for key in self._data:
            if key not in self._asked:
                self.fault(key, "unknown key")

    def _where(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _get(self, key: str, kind: type | tuple[type, ...], named: str, default: object) -> object:
        self._asked.add(key)
        value = self._data.get(key, _MISSING)
        if value is _MISSING:
            if default is None:
                self.fault(key, f"is missing; must be {named}")
            return default
        # bool is a kind of int to Python, never to the person who wrote the file.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, f"must be {named}")
            return None
        return value


class Unreadable(Table):
    """Stands for a table that is itself a fault: its keys are not reported once more as missing."""

    def fault(self, key: str, message: str) -> None:
        """Notes nothing."""
