"""`ensilinja triage ...` as a reviewer types it."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.faults import ConfigFaults
from ensilinja.cli import program
from triage.checking import load_approved

FORMS = Path(__file__).parents[1] / "data" / "forms"


def run(*words: str, typed: str | bytes = "") -> Result:
    return CliRunner().invoke(program, ["triage", *words], input=typed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMS, tmp_path / "triage"))


def test_check_says_that_nothing_is_wrong() -> None:
    result = run("check", "--release", "--folder", str(FORMS))

    assert (result.exit_code, result.output) == (0, "no faults\n")


def test_check_counts_what_is_wrong(folder: Path) -> None:
    rules = folder / "cold.rules.toml"
    rules.write_text(rules.read_text().replace("age>=75", "age>=70"))

    result = run("check", "--folder", str(folder))

    assert result.exit_code == 1
    assert "cold: has changed since version 1.0.0 was sealed" in result.output
    assert result.output.endswith("3 faults\n")


def test_seal_adds_cases_and_marks(folder: Path) -> None:
    for name in ("boundaries.toml", "versions.toml"):
        (folder / name).unlink()
    assert run("check", "--folder", str(folder)).exit_code == 1

    assert run("seal", "--folder", str(folder)).exit_code == 0

    assert run("check", "--folder", str(folder)).output == "no faults\n"
    assert (folder / "boundaries.toml").read_text() == (FORMS / "boundaries.toml").read_text()


LINES = """\
{"id": "a", "topic": "cold", "answers": {"breathless": true}, "finished": true}

no json
{"id": "b", "topic": "nothing", "answers": {}}
{"id": "c", "topic": "cold", "answers": {"gate_breathing": true}, "finished": false}
"""


def test_every_line_is_judged_by_itself() -> None:
    result = run("evaluate", "--folder", str(FORMS), typed=LINES)

    first, second, third, fourth = (json.loads(line) for line in result.stdout.splitlines())
    assert first == {
        "id": "a",
        "level": "ED",
        "queue": "nurse",
        "fired": ["cold.breathless"],
        "tags": [],
        "topic": "cold",
        "complete": False,
    }
    assert second == {"id": None, "error": "not_json"}
    assert third == {"id": "b", "error": "unknown_topic"}
    assert (fourth["level"], fourth["complete"]) == ("EMERGENCY", True)


def test_line_of_broken_bytes_or_depth_is_an_error_and_not_the_end() -> None:
    typed = b'\xff\xfe{"id":\n' + b"[" * 100_000 + b"\n" + LINES.splitlines()[0].encode()

    result = run("evaluate", "--folder", str(FORMS), typed=typed)

    errors = [json.loads(line).get("error") for line in result.stdout.splitlines()]
    assert errors == ["not_json", "not_json", None]


def test_export_is_one_object_with_our_rule_ids() -> None:
    found = json.loads(run("export", "--json", "--folder", str(FORMS)).stdout)

    cold = next(topic for topic in found["topics"] if topic["id"] == "cold")
    assert [rule["id"] for rule in cold["rules"]][:2] == ["cold.breathless", "cold.much"]
    assert "floor.pain" in {rule["id"] for rule in cold["rules"]}
    assert {item["id"] for item in found["emergency_gate"]} == {"gate_breathing", "gate_baby", "past_faint"}


def test_play_shows_the_level_after_each_answer() -> None:
    typed = "\n\n30\n2\ne\nperhaps\nk\n"

    result = run("play", "cold", "--folder", str(FORMS), "--language", "en", typed=typed)

    assert result.exit_code == 0
    assert "not_an_option" in result.output
    assert "-> ED nurse" in result.output
    assert "cold.breathless: cold.breathless en [author]" in result.output


def test_play_of_no_topic_names_those_there_are() -> None:
    result = run("play", "flu", "--folder", str(FORMS))

    assert result.exit_code == 2
    assert "no topic 'flu'; there are: cold, wound" in result.stderr


def test_real_use_refuses_content_changed_after_approval(folder: Path) -> None:
    assert load_approved(folder).approved
    rules = folder / "cold.rules.toml"
    rules.write_text(rules.read_text().replace('level = "SAME_DAY"', 'level = "DAYS_1_3"', 1))

    with pytest.raises(ConfigFaults, match="has changed since version"):
        load_approved(folder)
