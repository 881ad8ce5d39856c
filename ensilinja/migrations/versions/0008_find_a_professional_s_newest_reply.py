"""Find a professional's newest reply by one look into an index."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
works_from = "0006"

REPLY = sa.text("kind = 'text' AND sender_key LIKE 'staff:%'")


def upgrade() -> None:
    """To this version."""
    op.create_index(
        "ix_message_reply", "message", ["contact_id", "seq"], sqlite_where=REPLY, postgresql_where=REPLY
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_index("ix_message_reply", table_name="message")
