"""The survey in the facts."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
works_from = "0006"


def upgrade() -> None:
    """To this version."""
    with op.batch_alter_table("fact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("survey_asked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("survey_score", sa.Integer(), nullable=True))
        batch_op.create_index(
            "ix_fact_survey",
            ["arrived_at"],
            unique=False,
            if_not_exists=True,
            sqlite_where=sa.text("survey_asked_at IS NOT NULL"),
            postgresql_where=sa.text("survey_asked_at IS NOT NULL"),
        )


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("fact", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_fact_survey",
            sqlite_where=sa.text("survey_asked_at IS NOT NULL"),
            postgresql_where=sa.text("survey_asked_at IS NOT NULL"),
        )
        batch_op.drop_column("survey_score")
        batch_op.drop_column("survey_asked_at")
