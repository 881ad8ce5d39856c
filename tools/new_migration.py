"""Writes a migration of what the models have and the migrations do not; read it before it is committed.

python -m tools.new_migration "Add the survey"    the next one
python -m tools.new_migration --first             0001 again, from nothing: only before the first release
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from ensilinja import schema, version

VERSIONS = version.MIGRATIONS / "versions"


def main(arguments: list[str]) -> int:
    """Makes the migration on an empty database in a temporary folder and prints its file's name."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 2
    is_first = arguments[0] == "--first"
    if is_first:
        for old in VERSIONS.glob("*.py"):
            old.unlink()
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        message = "All tables of the first version" if is_first else arguments[0]
        schema.transact(f"sqlite:///{folder}/empty.db", write, number, message)
    [made] = VERSIONS.glob(f"{number}_*.py")
    lines = made.read_text().splitlines(keepends=True)
    made.write_text("".join(line for line in lines if "# ###" not in line))
    for tidy in (["format"], ["check", "--fix"], ["format"]):
        subprocess.run([sys.executable, "-m", "ruff", *tidy, "--quiet", str(made)], check=True)
    print(made.relative_to(Path.cwd()) if made.is_relative_to(Path.cwd()) else made)
    return 0


def write(connection: Connection, number: str, message: str) -> None:
    """Brings the empty database to the newest migration and writes what is missing from it."""
    if number != "0001":
        schema.upgrade(connection)
    config = schema.configuration(connection)
    config.attributes["is_first"] = number == "0001"
    command.revision(config, message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
