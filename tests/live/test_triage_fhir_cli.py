"""Taking in a questionnaire and writing responses, as a reviewer types the commands."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ensilinja import cli
from tests.fhir_r4 import judge

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "data" / "fhir"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config" / "oma-hame" / "triage", tmp_path / "triage"))


def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli.program, ["triage", *map(str, arguments)], input=stdin)


def test_imported_form_is_two_files_and_check_names_what_is_missing(folder: Path) -> None:
    done = run("import", EXAMPLES / "phq9.json", "--folder", folder, "--name", "phq9", "--language", "en")

    assert done.exit_code == 0
    assert "left out: phq9.json: H1/TS: is left out: it is calculated" in done.output
    rules = tomllib.loads((folder / "phq9.rules.toml").read_text(encoding="utf-8"))
    assert (rules["approved_by"], rules["queue"], rules["default_level"]) == ("", "", "SAME_DAY")
    assert (rules["group"], rules["words"], "rule" in rules) == (
        "other",
        {"fi": [], "sv": [], "en": []},
        False,
    )
    judge(json.loads((folder / "phq9.questionnaire.json").read_text(encoding="utf-8")))
    checked = run("check", "--folder", folder)
    assert checked.exit_code == 1
    for fault in (
        "phq9.rules.toml: phq9.queue: is missing",
        "phq9.rules.toml: name: the text in fi is missing",
        "phq9.questionnaire.json: h1_t1_q1: the text in fi is missing",
        "phq9.questionnaire.json: h1_t1_q9: is asked but used nowhere",
    ):
        assert fault in checked.output


def test_refused_form_writes_nothing_and_tells_every_reason(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    refused = run("import", EXAMPLES / "initial-value.json", "--folder", folder, "--name", "uti")

    assert refused.exit_code == 2
    for reason in (
        "there is a questionnaire uti already",
        "the file does not state its language",
        "init-val-string: 'initial' is not supported",
    ):
        assert reason in refused.output
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b"7", None])
def test_file_that_is_no_form_is_refused(folder: Path, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "form.json"
    if content is not None:
        file.write_bytes(content)
    refused = run("import", file, "--folder", folder, "--language", "en")

    assert refused.exit_code == 2
    assert "ensilinja: form.json" in refused.output


@pytest.mark.parametrize("name", ["../up", "Big", "gate", "sources", "a b", "x" * 41])
def test_name_that_a_topic_cannot_have_is_refused(folder: Path, name: str) -> None:
    refused = run("import", EXAMPLES / "phq9.json", "--folder", folder, "--name", name, "--language", "en")

    assert refused.exit_code == 2
    assert "--name" in refused.output


def test_responses_are_written_one_bundle_a_line(folder: Path) -> None:
    form = {"id": 7, "topic": "uti", "answers": {"gate_chest": False, "fever": "unknown"}, "finished": True}
    lines = [json.dumps(form), "{", "", json.dumps({"id": "\ud800", "topic": "none"})]
    done = run("response", "--folder", folder, stdin="\n".join(lines))

    assert done.exit_code == 0
    first, second, third = (json.loads(line) for line in done.output.splitlines())
    judge(first)
    assert first["identifier"]["value"] == "7"
    assert second == {"id": None, "error": "not_json"}
    assert third == {"id": "\ud800", "error": "id_unfit"}
