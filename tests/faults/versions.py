"""Two versions of the program: this one, and one that comes after it with a migration of its own."""

import shutil
from pathlib import Path

from ensilinja.version import known
from tests.faults.server import ROOT

PACKAGES = ("ensilinja", "chat", "callbacks", "router", "queues", "triage", "core", "static")
NEXT = f"{int(known()[-1]) + 1:04}"

MIGRATION = '''"""What the next version brings."""

import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{last}"
branch_labels = None
depends_on = None
works_from = "{works_from}"


def upgrade() -> None:
    """To this version."""
{steps}


def downgrade() -> None:
    """Back to the version before."""
'''
ADDS = """    op.create_table("poll", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("message", sa.Column("tone", sa.String(), server_default="plain", nullable=False))
    op.add_column("entry", sa.Column("room", sa.String(), nullable=True))"""

# The next version knows what its migration adds: each a line of a model, and the line put before it.
CHANGES = {
    "chat/models.py": ("    text_key: str | None = None\n", '    tone: str = "next"\n'),
    "queues/models.py": ("    tier: int\n", "    room: str | None = None\n"),
}


def next_version(folder: Path) -> Path:
    """A copy of the program as its next version, whose migration only adds; the folder to run it from."""
    tree = folder / "next"
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tree / package, ignore=ignored)
    migration(tree, ADDS, works_from=known()[-1])
    for name, (line, added) in CHANGES.items():
        text = (tree / name).read_text("utf-8")
        assert text.count(line) == 1, name
        (tree / name).write_text(text.replace(line, added + line), "utf-8")
    return tree


def migration(tree: Path, steps: str, *, works_from: str) -> None:
    """Puts one more migration into the copy."""
    text = MIGRATION.format(next=NEXT, last=known()[-1], works_from=works_from, steps=steps)
    (tree / "ensilinja" / "migrations" / "versions" / f"{NEXT}_next.py").write_text(text, "utf-8")
