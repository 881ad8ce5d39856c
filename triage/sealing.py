"""What stood in a questionnaire when its version was given: a changed content needs a new version. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.faults import Fault

FILE = "versions.toml"
_APART = frozenset({"version", "approved_by"})  # what is said of the content, not the content


def fingerprint(form: Mapping[str, Any], rules: Mapping[str, Any]) -> str:
    """A mark of the two files of one questionnaire, whatever their layout, version and approver."""
    bare = [{key: value for key, value in part.items() if key not in _APART} for part in (form, rules)]
    text = json.dumps(bare, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def changed(marks: Mapping[str, tuple[str, str]], sealed: Mapping[str, Any]) -> Iterator[Fault]:
    """Where content differs from what was sealed under the same version, or was never sealed.

    Both map an id to its version and mark.
    """
    for name, (version, mark) in marks.items():
        kept = sealed.get(name, {})
        if not isinstance(kept, dict) or kept.get("version") != version:
            yield _fault(name, f"version {version} is not sealed: ensilinja triage seal")
        elif kept.get("mark") != mark:
            yield _fault(name, f"has changed since version {version} was sealed: give it a new version")
    for name in sealed.keys() - marks.keys():
        yield _fault(name, "is sealed but not there")


def _fault(name: str, message: str) -> Fault:
    return Fault(source=FILE, key=name, message=message)
