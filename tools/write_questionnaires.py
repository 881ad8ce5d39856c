"""Writes a folder's questionnaires anew in the one form that they have: for after an edit by hand.

Usage: python -m tools.write_questionnaires [folder]
"""

import json
import sys
from pathlib import Path

from triage import fhir
from triage.importing import as_file
from triage.loader import QUESTIONNAIRE

FOLDER = Path(__file__).resolve().parent.parent / "config" / "oma-hame" / "triage"


def write(folder: Path) -> list[str]:
    """The names of the files that changed; raises ContentFaults on one outside the subset."""
    changed = []
    for path in sorted(folder.glob(f"*{QUESTIONNAIRE}")):
        before = path.read_text(encoding="utf-8")
        after = as_file(fhir.parse(json.loads(before), path.name))
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path.name)
    return changed


if __name__ == "__main__":
    print("\n".join(write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)))
