"""Forms filled by professionals and reasons of assessments."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
works_from = "0004"


def upgrade() -> None:
    """To this version."""
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "filled_by",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                autoincrement=False,
                nullable=True,
            )
        )
        batch_op.create_index(
            "ix_answers_draft",
            ["contact_id"],
            unique=True,
            sqlite_where=sa.text("sent_at IS NULL AND filled_by IS NOT NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND filled_by IS NOT NULL"),
        )
        batch_op.create_foreign_key(batch_op.f("fk_answers_filled_by_staff"), "staff", ["filled_by"], ["id"])

    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("urgency_before", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("reason_code", sa.String(), nullable=True))


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.drop_column("reason_code")
        batch_op.drop_column("urgency_before")

    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_answers_filled_by_staff"), type_="foreignkey")
        batch_op.drop_index(
            "ix_answers_draft",
            sqlite_where=sa.text("sent_at IS NULL AND filled_by IS NOT NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND filled_by IS NOT NULL"),
        )
        batch_op.drop_column("filled_by")
