"""Keep what the trial calls of each line came to."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
works_from = "0006"


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "trial",
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("missed_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("line", name=op.f("pk_trial")),
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("trial")
