"""Text residents when it is their turn."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    """To this version."""
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hidden_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("wants_text", sa.Boolean(), server_default=sa.text("(false)"), nullable=False)
        )
        batch_op.add_column(sa.Column("texted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("texts_count", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.drop_column("texts_count")
        batch_op.drop_column("texted_at")
        batch_op.drop_column("wants_text")
        batch_op.drop_column("hidden_since")
