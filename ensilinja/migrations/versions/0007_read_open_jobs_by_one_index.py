"""Read open jobs by one index."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
works_from = "0006"

OPEN, OPEN_BEFORE = sa.text("state <> 'done'"), sa.text("state IN ('pending', 'running')")


def upgrade() -> None:
    """To this version."""
    op.drop_index("ix_job_open", table_name="job")
    op.create_index("ix_job_open", "job", ["due_at"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    """Back to the version before."""
    op.drop_index("ix_job_open", table_name="job")
    op.create_index("ix_job_open", "job", ["due_at"], sqlite_where=OPEN_BEFORE, postgresql_where=OPEN_BEFORE)
