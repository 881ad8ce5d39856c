"""Whom a PBX reaches by which name: the lines by their numbers, telephones, the way out. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DEVICE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
FEWEST = 6  # digits that two writings of one number share
NO_DEVICE = frozenset({"", "browser"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How to reach people by this exchange; `numbers` are the lines', as the county writes them, or empty."""

    trunk: str
    device: str
    numbers: Mapping[str, str]

    def endpoint_of(self, device: str) -> str:
        """The professional's telephone; empty for one who has none, or whose name is no name."""
        is_one = device not in NO_DEVICE and _DEVICE.fullmatch(device) is not None
        return self.device.replace("{device}", device) if is_one else ""

    def outside(self, number: str) -> str:
        """The way out to a number in E.164."""
        return self.trunk.replace("{number}", number)

    def line_of(self, dialled: str) -> str:
        """The line of a dialled number, however the operator writes it; else what the dialplan says."""
        found = [line for line, number in self.numbers.items() if number and _same(number, dialled)]
        return found[0] if len(found) == 1 else dialled

    def entry_of(self, line: str) -> str:
        """Where the dialplan takes calls to the line: its number, or its id where it has none."""
        number = _digits(self.numbers.get(line, ""))
        return f"{number}@from-operator" if number else f"{line}@ensilinja-line"

    def shown(self, line: str) -> str:
        """The number that a called resident sees."""
        number = self.numbers.get(line, "")
        return f"{'+' * number.startswith('+')}{_digits(number)}"


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _same(number: str, dialled: str) -> bool:
    """One may have the country's or the area's code that the other leaves out."""
    one, other = _digits(number).lstrip("0"), _digits(dialled).lstrip("0")
    return min(len(one), len(other)) >= FEWEST and (one.endswith(other) or other.endswith(one))
