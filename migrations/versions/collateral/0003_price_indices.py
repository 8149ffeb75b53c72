"""Price indices: observed rents and sales of GPU servers by vintage, which is only ever added to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "price_index",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("vintage", sa.String(), nullable=False),
        sa.Column("gpu_type", sa.String(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("restated", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_index")),
        sa.UniqueConstraint("series", "vintage", name=op.f("uq_price_index_series_vintage")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_price_index_series_published_on_id"),
        "price_index",
        ["series", "published_on", "id"],
        unique=False,
        schema="collateral",
    )
    op.create_index(
        op.f("ix_price_index_gpu_type_published_on"),
        "price_index",
        ["gpu_type", "published_on"],
        unique=False,
        schema="collateral",
    )
    op.execute('REVOKE UPDATE, DELETE, TRUNCATE ON collateral."price_index" FROM suandai_collateral')


def downgrade() -> None:
    op.drop_table("price_index", schema="collateral")
