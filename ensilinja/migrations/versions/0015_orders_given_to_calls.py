"""Orders given to calls."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
works_from = "0006"  # it only adds


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "call_order",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column(
            "contact_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "call_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=True,
        ),
        sa.Column(
            "attempt_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=True,
        ),
        sa.Column(
            "agent_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("assignment", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["staff.id"], name=op.f("fk_call_order_agent_id_staff")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_call_order_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_order_call_id_call")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_call_order_contact_id_contact")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_order")),
        sa.UniqueConstraint("key", name=op.f("uq_call_order_key")),
    )
    with op.batch_alter_table("call_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_order_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_call_order_on",
            ["asked_at"],
            unique=False,
            sqlite_where=sa.text("result IS NULL"),
            postgresql_where=sa.text("result IS NULL"),
        )


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("call_order", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_call_order_on",
            sqlite_where=sa.text("result IS NULL"),
            postgresql_where=sa.text("result IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_call_order_contact_id"))

    op.drop_table("call_order")
