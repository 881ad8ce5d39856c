"""Which versions of the program a database works with, and which processes take nobody new."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
works_from = "0006"  # the versions before this one do not ask


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "compatibility",
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("works_from", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_compatibility")),
    )
    with op.batch_alter_table("heartbeat", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revision", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("shedding_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("heartbeat", schema=None) as batch_op:
        batch_op.drop_column("shedding_since")
        batch_op.drop_column("revision")
    op.drop_table("compatibility")
