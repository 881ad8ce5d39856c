"""Links to unfinished answers and who asks for whom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
works_from = "0002"


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "resume_link",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column(
            "answers_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("phone_blind", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["answers_id"], ["answers.id"], name=op.f("fk_resume_link_answers_id_answers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resume_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_resume_link_token_hash")),
    )
    with op.batch_alter_table("resume_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resume_link_answers_id"), ["answers_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_resume_link_phone_blind"), ["phone_blind"], unique=False)

    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "acting",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                nullable=False,
                server_default=sa.text("'{}'"),  # for the contacts there are: nobody was asked
            )
        )


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_column("acting")

    with op.batch_alter_table("resume_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resume_link_phone_blind"))
        batch_op.drop_index(batch_op.f("ix_resume_link_answers_id"))

    op.drop_table("resume_link")
