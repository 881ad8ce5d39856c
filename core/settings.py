"""The program's own settings, from the environment; secrets also from `*_FILE`. Faults are all told at once.

A value never appears in a fault or in a log: it may be a password.
"""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.failpoints import NAMES
from core.faults import ConfigFaults, Fault

PREFIX = "ENSILINJA_"
SOURCE = "environment"
PASSWORD_VARIABLE = "ENSILINJA_STAFF_PASSWORD"  # noqa: S105 - of the command `staff add`, not a setting
KEY_BYTES = 32
# Read from NAME_FILE as well, as container platforms hand secrets out.
SECRETS = ("key", "database_url", "redis_url")
BARE = {"DATABASE_URL": "database_url", "REDIS_URL": "redis_url"}
_STORES = ("sqlite:///", "postgresql://", "postgresql+asyncpg://")


class Settings(BaseSettings):
    """One frozen set of settings; the county's service itself is in its folder, not here."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Path("data")
    county: Path = Path(__file__).resolve().parents[1] / "config" / "oma-hame"
    database_url: str = Field("", repr=False)
    redis_url: str = Field("", repr=False)
    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8080, ge=0, le=65535)
    key: SecretStr | None = None
    key_file: Path | None = None
    origins: tuple[str, ...] = ()
    process_name: str = Field("main", pattern=r"^[a-z0-9-]{1,40}$")
    telephony: Literal["simulated"] = "simulated"
    sms: Literal["file"] = "file"
    testing: bool = False
    failpoints: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` hands over: the process's environment is read in one place."""
        return (init_settings,)

    @field_validator("origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("origins")
    @classmethod
    def _exact_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}".lower():
                raise ValueError("an origin is http(s)://host[:port] in small letters, without a path")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_store(cls, value: str) -> str:
        if value and not value.startswith(_STORES):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("failpoints")
    @classmethod
    def _known_failpoints(cls, value: str) -> str:
        if any(part.partition(":")[0] not in NAMES for part in value.split(",") if part):
            raise ValueError("names an unknown failpoint")
        return value


def environment() -> Mapping[str, str]:
    """The process's environment without what is no setting: the one place that reads it."""
    return {name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE}


def load_settings(env: Mapping[str, str], overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings of an environment, with `overrides` (from the command line) on top.

    Raises ConfigFaults with every fault: unknown names, unreadable secret files, values out of shape.
    """
    faults: list[Fault] = []
    values = _read(env, faults)
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    settings = _validated({**values, **given}, faults)
    if settings is None or faults:
        raise ConfigFaults(faults)
    return settings


def load_key(settings: Settings, *, generate: bool = False) -> bytes:
    """The 32-byte key of encryption; `generate` (demo only) makes a key file on the first start.

    Raises ConfigFaults when there is no key, or one of another length.
    """
    if settings.key is not None:
        return _decoded(settings.key.get_secret_value(), "key")
    path = settings.key_file or settings.data_dir / "key"
    if generate and not path.exists():
        _write_key(path)
    if settings.key_file is None and not generate:
        raise _key_fault("key", "is missing: give 32 random bytes in base64, or their file in KEY_FILE")
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        raise _key_fault("key_file", "the file cannot be read") from None
    return _decoded(text.strip(), "key_file")


def _read(env: Mapping[str, str], faults: list[Fault]) -> dict[str, object]:
    values: dict[str, object] = {field: env[name] for name, field in BARE.items() if env.get(name)}
    values.update(_secret_files(env, faults))
    for name, value in env.items():
        field = name.removeprefix(PREFIX).lower()
        # An empty value is how compose files say "not set".
        if not name.startswith(PREFIX) or not value or _is_secret_file(field):
            continue
        if field in Settings.model_fields:
            values[field] = value
        else:
            faults.append(Fault(source=SOURCE, key=name, message="unknown setting"))
    return values


def _is_secret_file(field: str) -> bool:
    return field.removesuffix("_file") in SECRETS and field.endswith("_file") and field != "key_file"


def _secret_files(env: Mapping[str, str], faults: list[Fault]) -> dict[str, object]:
    found: dict[str, object] = {}
    for field in SECRETS[1:]:
        for name in (f"{field.upper()}_FILE", f"{PREFIX}{field.upper()}_FILE"):
            if not env.get(name):
                continue
            try:
                found[field] = Path(env[name]).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError):
                faults.append(Fault(source=SOURCE, key=name, message="the file cannot be read"))
    return found


def _validated(values: dict[str, object], faults: list[Fault]) -> Settings | None:
    try:
        settings = Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False, include_context=False):
            place = str(item["loc"][0]) if item["loc"] else ""
            faults.append(Fault(source=SOURCE, key=f"{PREFIX}{place.upper()}", message=item["msg"]))
        return None
    if settings.failpoints and not settings.testing:
        _note(faults, "failpoints", "are only for testing")
    if settings.key is not None and settings.key_file is not None:
        _note(faults, "key", "is given twice, also as a file")
    data_dir = settings.data_dir.absolute()
    store = settings.database_url or f"sqlite:///{data_dir / 'ensilinja.sqlite3'}"
    return settings.model_copy(update={"data_dir": data_dir, "database_url": store})


def _note(faults: list[Fault], field: str, message: str) -> None:
    faults.append(Fault(source=SOURCE, key=f"{PREFIX}{field.upper()}", message=message))


def _key_fault(field: str, message: str) -> ConfigFaults:
    return ConfigFaults([Fault(source=SOURCE, key=f"{PREFIX}{field.upper()}", message=message)])


def _decoded(text: str, field: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise _key_fault(field, "must be 32 bytes in base64")
    return key


def _write_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"
    # Exclusive and private from the first byte: a second start must not replace a key already in use.
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(opened, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
