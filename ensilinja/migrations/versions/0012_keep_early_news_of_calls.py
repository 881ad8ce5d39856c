"""Keep news of a call that comes before what it follows."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
works_from = "0006"


def upgrade() -> None:
    """To this version."""
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("early_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_column("early_sealed")
