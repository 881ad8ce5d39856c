"""How a county's SMS gateway is spoken to: one TOML file, any field names, JSON or a form."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.faults import ConfigFaults, Fault
from core.settings import is_safe_way_out

Tree = Any
"""A value of JSON."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(_Part):
    """Where the gateway's answer holds its own id of the text; empty when it gives none."""

    id: str = ""


class Token(_Part):
    """Where a short-lived `{token}` is got with a form: OAuth 2.0, client credentials."""

    url: str
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Mapping[str, str] = Field(default_factory=lambda: {"grant_type": "client_credentials"})
    answer: str = "access_token"
    lives_s: int = Field(300, ge=1, le=86_400)

    @field_validator("url")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        return _checked_way_out(value)


class Receipt(_Part):
    """Where a delivery receipt holds our key or the gateway's id, and the status; which ones are final."""

    key: str = ""
    id: str = ""
    status: str
    delivered: tuple[str, ...]
    failed: tuple[str, ...]


class Reply(_Part):
    """Where a resident's message holds its id, her number and its words."""

    id: str
    number: str
    text: str


class Plan(_Part):
    """What is sent where; what stands in braces is filled in, as `deploy/sms/rest.toml` tells."""

    url: str
    method: Literal["POST", "PUT"] = "POST"
    format: Literal["json", "form"] = "json"
    sender: str = Field("", max_length=20)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Mapping[str, Tree]
    token: Token | None = None
    answer: Answer = Answer()
    receipt: Receipt | None = None
    reply: Reply | None = None

    @field_validator("url")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        return _checked_way_out(value)


def load_plan(path: Path) -> Plan:
    """The plan of a file; ConfigFaults with every fault of it."""
    try:
        return Plan.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError):
        raise ConfigFaults([Fault(source=path.name, key="", message="the file cannot be read")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigFaults([Fault(source=path.name, key="", message=f"not TOML: {error}")]) from None
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        faults = [
            Fault(source=path.name, key=".".join(map(str, item["loc"])), message=item["msg"])
            for item in found
        ]
        raise ConfigFaults(faults) from None


def filled(tree: Tree, values: Mapping[str, str]) -> Tree:
    """The tree with the places of its texts filled; what is filled in is never looked through again."""
    if isinstance(tree, str):
        return _filled(tree, values)
    if isinstance(tree, Mapping):
        return {name: filled(value, values) for name, value in tree.items()}
    if isinstance(tree, list):
        return [filled(value, values) for value in tree]
    return tree


def found(tree: Tree, path: str) -> str:
    """The text or number at a dotted path, e.g. `messages.0.id`; empty when there is none."""
    for name in path.split(".") if path else ():
        if isinstance(tree, Mapping):
            tree = tree.get(name)
        elif isinstance(tree, list) and name.isdigit() and int(name) < len(tree):
            tree = tree[int(name)]
        else:
            return ""
    is_plain = isinstance(tree, str | int) and not isinstance(tree, bool)
    return str(tree) if path and is_plain else ""


def _checked_way_out(address: str) -> str:
    if not is_safe_way_out(address):
        raise ValueError("must begin with https:// (http:// only to this machine)")
    return address


def _filled(text: str, values: Mapping[str, str]) -> str:
    pieces = text.split("{")
    out = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        out.append(values[name] + rest if closed and name in values else "{" + piece)
    return "".join(out)
