"""The program's own settings, from the environment; secrets also from `*_FILE`. Faults are all told at once.

A value never appears in a fault or in a log: it may be a password.
"""

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.failpoints import NAMES
from core.faults import ConfigFaults, Fault

PREFIX = "ENSILINJA_"
SOURCE = "environment"
PASSWORD_VARIABLE = "ENSILINJA_STAFF_PASSWORD"  # noqa: S105 - of the command `staff add`, not a setting
KEY_BYTES = 32
SHORTEST_SECRET = 32  # characters of a secret that signs messages
# Read from NAME_FILE as well, as container platforms hand secrets out.
SECRETS = (
    "key",
    "database_url",
    "redis_url",
    "telephony_secret",
    "sms_secret",
    "sms_hook_secret",
    "tasks_secret",
)
BARE = {"DATABASE_URL": "database_url", "REDIS_URL": "redis_url"}
SHORTEST_PASSWORD = 12  # characters of what the exchange lets us in with
# No separators of the exchange's: one way rings one telephone.
_WAY = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9_.@:-]*")
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
    telephony: Literal["simulated", "webhook", "asterisk"] = "simulated"
    telephony_url: str = Field("", repr=False)
    telephony_secret: SecretStr | None = None
    telephony_user: str = Field("ensilinja", pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    telephony_app: str = Field("ensilinja", pattern=r"^[A-Za-z0-9_-]{1,60}$")
    telephony_listen: str = Field("", pattern=r"^(\[?[A-Za-z0-9.:-]+\]?:[0-9]{1,5})?$")
    telephony_trunk: str = "PJSIP/{number}@operator"
    telephony_device: str = "PJSIP/{device}"
    telephony_lacks: str = Field("", pattern=r"^((hold|hang_up|transfer)( |$))*$")
    telephony_sounds: str = Field("ensilinja", pattern=r"^[A-Za-z0-9_./-]{1,200}$")
    telephony_trial_minutes: int = Field(5, ge=0, le=1440)
    drain_s: float = Field(1.0, ge=0, le=60)
    sms: Literal["file", "gateway"] = "file"
    sms_gateway: Path | None = None
    sms_secret: SecretStr | None = None
    sms_hook_secret: SecretStr | None = None
    tasks_secret: SecretStr | None = None
    testing: bool = False
    failpoints: str = ""
    self_check_seconds: float = Field(60.0, ge=1.0, le=3600.0)
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

    @field_validator("telephony_url")
    @classmethod
    def _safe_way_out(cls, value: str) -> str:
        if value and not is_safe_way_out(value):
            raise ValueError("must begin with https:// (http:// only to this machine)")
        return value

    @field_validator("telephony_trunk", "telephony_device")
    @classmethod
    def _one_way(cls, value: str, info: ValidationInfo) -> str:
        name = "{number}" if info.field_name == "telephony_trunk" else "{device}"
        if not _WAY.fullmatch(value.replace(name, "", 1)) or value.count(name) != 1:
            raise ValueError(f"must be a way of the exchange with one {name}, as PJSIP/{name}")
        return value

    def listens_for_telephony(self) -> tuple[str, int] | None:
        """Where Asterisk connects to us to tell its events; None when we connect to it."""
        host, _, port = self.telephony_listen.rpartition(":")
        return (host.strip("[]"), int(port)) if host else None

    def hook_secrets(self) -> tuple[bytes, ...]:
        """What signs the exchange's messages: the current secret first, then the one it replaces."""
        return _parts_of(self.telephony_secret)

    def sms_hook_secrets(self) -> tuple[bytes, ...]:
        """What the SMS gateway's messages are known by: the current secret first."""
        return _parts_of(self.sms_hook_secret)

    def tasks_secrets(self) -> tuple[bytes, ...]:
        """What signs the emergency centre's tasks: the current secret first; none for no tasks."""
        return _parts_of(self.tasks_secret)

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


def is_safe_way_out(address: str) -> bool:
    """Whether messages may go to the address: https, or http to this machine."""
    parts = urlsplit(address)
    is_near = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    return bool(parts.hostname) and parts.scheme in ({"https", "http"} if is_near else {"https"})


def _parts_of(secret: SecretStr | None) -> tuple[bytes, ...]:
    return tuple(part.encode() for part in secret.get_secret_value().split()) if secret is not None else ()


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
    _note_combinations(settings, faults)
    data_dir = settings.data_dir.absolute()
    store = settings.database_url or f"sqlite:///{data_dir / 'ensilinja.sqlite3'}"
    return settings.model_copy(update={"data_dir": data_dir, "database_url": store})


def _note_combinations(settings: Settings, faults: list[Fault]) -> None:
    if settings.failpoints and not settings.testing:
        _note(faults, "failpoints", "are only for testing")
    if settings.key is not None and settings.key_file is not None:
        _note(faults, "key", "is given twice, also as a file")
    _note_telephony(settings, faults)
    if settings.sms == "gateway":
        _note_gateway(settings, faults)
    if not all(len(secret) >= SHORTEST_SECRET for secret in settings.tasks_secrets()):
        _note(faults, "tasks_secret", f"must have at least {SHORTEST_SECRET} characters")


def _note_telephony(settings: Settings, faults: list[Fault]) -> None:
    if settings.telephony == "webhook":
        if not settings.telephony_url:
            _note(faults, "telephony_url", "is missing: where commands to the exchange go")
        if not all(len(secret) >= SHORTEST_SECRET for secret in settings.hook_secrets() or (b"",)):
            _note(faults, "telephony_secret", f"must have at least {SHORTEST_SECRET} characters")
    if settings.telephony_listen and settings.telephony != "asterisk":
        _note(faults, "telephony_listen", "is only of an Asterisk (telephony)")
    if settings.telephony == "asterisk":
        if not settings.telephony_url.endswith("/ari"):
            _note(faults, "telephony_url", "must be where ARI answers, as http://127.0.0.1:8088/ari")
        if len((settings.hook_secrets() or (b"",))[0]) < SHORTEST_PASSWORD:
            _note(faults, "telephony_secret", f"must have at least {SHORTEST_PASSWORD} characters")


def _note_gateway(settings: Settings, faults: list[Fault]) -> None:
    if settings.sms_gateway is None:
        _note(faults, "sms_gateway", "is missing: the file that tells how the gateway is spoken to")
    if not settings.origins:
        _note(faults, "origins", "is missing: links in text messages begin with its first address")
    if not all(len(secret) >= SHORTEST_SECRET for secret in settings.sms_hook_secrets()):
        _note(faults, "sms_hook_secret", f"must have at least {SHORTEST_SECRET} characters")


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
