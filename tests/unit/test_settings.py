import base64
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.faults import ConfigFaults, Fault
from core.settings import load_key, load_settings

KEY = base64.b64encode(bytes(range(32))).decode()


def faults_of(env: dict[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigFaults) as raised:
        load_settings(env)
    return {fault.key: fault.message for fault in raised.value.faults}


def test_nothing_set_is_the_embedded_default(tmp_path: Path) -> None:
    settings = load_settings({}, {"data_dir": tmp_path})
    assert settings.database_url == f"sqlite:///{tmp_path}/ensilinja.sqlite3"
    assert settings.redis_url == "" and settings.telephony == "simulated" and settings.sms == "file"
    assert settings.county.name == "oma-hame" and settings.county.is_dir()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load_settings({}).port = 1  # type: ignore[misc]


def test_the_prefixed_name_wins_over_the_bare_one_and_the_command_line_over_both() -> None:
    env = {"DATABASE_URL": "postgresql://a/b", "REDIS_URL": "redis://a"}
    env["ENSILINJA_DATABASE_URL"] = "sqlite:///x"
    assert load_settings(env).database_url == "sqlite:///x"
    assert load_settings(env).redis_url == "redis://a"
    assert load_settings(env, {"database_url": "sqlite:///y", "port": None}).database_url == "sqlite:///y"


def test_names_of_other_programs_and_empty_values_are_left_alone() -> None:
    assert load_settings({"PATH": "/bin", "ENSILINJA_PORT": ""}).port == 8080


def test_all_faults_are_told_at_once_without_the_values() -> None:
    env = {
        "ENSILINJA_PORT": "99999", "ENSILINJA_TYPO": "1",
        "ENSILINJA_DATABASE_URL": "mysql://user:hunter2@host/db",
        "ENSILINJA_ORIGINS": "https://a.example/path", "ENSILINJA_LOG_LEVEL": "loud", "REDIS_URL": "http://x",
        "DATABASE_URL_FILE": "/nonexistent/secret", "ENSILINJA_PROCESS_NAME": "a b",
    }  # fmt: skip
    found = faults_of(env)
    assert set(found) == {
        "ENSILINJA_PORT", "ENSILINJA_TYPO", "ENSILINJA_DATABASE_URL", "ENSILINJA_ORIGINS",
        "ENSILINJA_LOG_LEVEL",
        "ENSILINJA_REDIS_URL", "DATABASE_URL_FILE", "ENSILINJA_PROCESS_NAME",
    }  # fmt: skip
    assert "hunter2" not in str(found)


def test_faults_are_one_line_each() -> None:
    two = [Fault(source="b", key="k", message="x"), Fault(source="a", key="", message="y")]
    assert str(ConfigFaults(two * 2)) == "a: y\nb: k: x"


@pytest.mark.parametrize(
    "origin",
    ["null", "https://a.example/", "HTTPS://a.example", "https://A.example", "a.example", "ftp://a", "*"],
)
def test_an_origin_is_exact(origin: str) -> None:
    assert "ENSILINJA_ORIGINS" in faults_of({"ENSILINJA_ORIGINS": origin})


def test_origins_are_separated_by_commas_or_spaces() -> None:
    settings = load_settings({"ENSILINJA_ORIGINS": "https://a.example, http://127.0.0.1:8080"})
    assert settings.origins == ("https://a.example", "http://127.0.0.1:8080")


def test_failpoints_need_testing() -> None:
    armed = {"ENSILINJA_FAILPOINTS": "store.before_commit:0.1"}
    assert "ENSILINJA_FAILPOINTS" in faults_of(armed)
    assert load_settings({**armed, "ENSILINJA_TESTING": "true"}).failpoints == "store.before_commit:0.1"
    assert "ENSILINJA_FAILPOINTS" in faults_of({"ENSILINJA_FAILPOINTS": "no.such", "ENSILINJA_TESTING": "1"})


def test_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("postgresql://u:p@h/d\n")
    (tmp_path / "key").write_text(KEY + "\n")
    settings = load_settings({
        "DATABASE_URL_FILE": str(tmp_path / "db"), "ENSILINJA_KEY_FILE": str(tmp_path / "key"),
    })  # fmt: skip
    assert settings.database_url == "postgresql://u:p@h/d"
    assert load_key(settings) == bytes(range(32))
    assert "u:p" not in repr(settings)


def test_a_key_is_32_bytes_and_never_shown() -> None:
    settings = load_settings({"ENSILINJA_KEY": KEY})
    assert load_key(settings) == bytes(range(32))
    assert KEY not in repr(settings)
    for wrong in ("short", "AAAA", KEY + "!"):
        with pytest.raises(ConfigFaults, match="32 bytes") as raised:
            load_key(load_settings({"ENSILINJA_KEY": wrong}))
        assert wrong not in str(raised.value)


def test_a_key_given_twice_is_a_fault() -> None:
    assert "ENSILINJA_KEY" in faults_of({"ENSILINJA_KEY": KEY, "ENSILINJA_KEY_FILE": "k"})


def test_serve_refuses_without_a_key_and_the_demo_makes_one_once(tmp_path: Path) -> None:
    settings = load_settings({}, {"data_dir": tmp_path / "new"})
    with pytest.raises(ConfigFaults, match="is missing"):
        load_key(settings)
    made = load_key(settings, generate=True)
    assert made == load_key(settings, generate=True) and len(made) == 32
    assert stat.S_IMODE((tmp_path / "new" / "key").stat().st_mode) == 0o600
    with pytest.raises(ConfigFaults, match="is missing"):
        load_key(settings)


def test_a_cloud_exchange_needs_its_address_and_a_long_secret(tmp_path: Path) -> None:
    assert set(faults_of({"ENSILINJA_TELEPHONY": "webhook"})) == {
        "ENSILINJA_TELEPHONY_URL",
        "ENSILINJA_TELEPHONY_SECRET",
    }
    short = {"ENSILINJA_TELEPHONY": "webhook", "ENSILINJA_TELEPHONY_SECRET": f"{'a' * 32} short"}
    assert "ENSILINJA_TELEPHONY_SECRET" in faults_of(short)
    (tmp_path / "secret").write_text("a" * 32 + "\n" + "b" * 32 + "\n")
    settings = load_settings({
        "ENSILINJA_TELEPHONY": "webhook",
        "ENSILINJA_TELEPHONY_URL": "https://exchange.example/commands",
        "ENSILINJA_TELEPHONY_SECRET_FILE": str(tmp_path / "secret"),
    })  # fmt: skip
    assert settings.hook_secrets() == (b"a" * 32, b"b" * 32)


@pytest.mark.parametrize(
    "url", ["http://exchange.example/", "ftp://127.0.0.1/", "https://", "exchange.example"]
)
def test_commands_go_out_by_https_only(url: str) -> None:
    assert "ENSILINJA_TELEPHONY_URL" in faults_of({"ENSILINJA_TELEPHONY_URL": url})


ASTERISK = {
    "ENSILINJA_TELEPHONY": "asterisk",
    "ENSILINJA_TELEPHONY_URL": "http://127.0.0.1:8088/ari",
    "ENSILINJA_TELEPHONY_SECRET": "long-enough!",
}


def test_an_asterisk_needs_its_address_and_password(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("not-a-password\n")
    by_file = {**ASTERISK, "ENSILINJA_TELEPHONY_SECRET_FILE": str(secret)}
    by_file.pop("ENSILINJA_TELEPHONY_SECRET")

    assert load_settings(by_file).telephony_trunk == "PJSIP/{number}@operator"
    assert set(faults_of({"ENSILINJA_TELEPHONY": "asterisk"})) == {
        "ENSILINJA_TELEPHONY_URL",
        "ENSILINJA_TELEPHONY_SECRET",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEPHONY_URL", "http://127.0.0.1:8088/"), ("TELEPHONY_URL", "http://pbx.example/ari"),
        ("TELEPHONY_SECRET", "short"), ("TELEPHONY_USER", "a b"), ("TELEPHONY_APP", "a,b"),
        ("TELEPHONY_TRUNK", "PJSIP/operator"), ("TELEPHONY_TRUNK", "PJSIP/{number}&PJSIP/{number}"),
        ("TELEPHONY_TRUNK", "PJSIP/{device}"), ("TELEPHONY_DEVICE", "PJSIP/1&PJSIP/{device}"),
        ("TELEPHONY_DEVICE", "{device}"), ("TELEPHONY_SOUNDS", "a,b"),
    ],
)  # fmt: skip
def test_what_an_asterisk_could_not_use_is_named(name: str, value: str) -> None:
    assert set(faults_of({**ASTERISK, f"ENSILINJA_{name}": value})) == {f"ENSILINJA_{name}"}
