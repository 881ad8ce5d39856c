"""Second promises beside the first."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
works_from = "0006"


def upgrade() -> None:
    """To this version."""
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.add_column(sa.Column("second_made_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("second_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "second_told_as", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
            )
        )
        batch_op.create_index(
            "ix_promise_second",
            ["second_made_at"],
            unique=False,
            if_not_exists=True,
            sqlite_where=sa.text("second_made_at IS NOT NULL"),
            postgresql_where=sa.text("second_made_at IS NOT NULL"),
        )


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_promise_second",
            sqlite_where=sa.text("second_made_at IS NOT NULL"),
            postgresql_where=sa.text("second_made_at IS NOT NULL"),
        )
        batch_op.drop_column("second_told_as")
        batch_op.drop_column("second_due_at")
        batch_op.drop_column("second_made_at")
