"""GPUs, imports of inventories, what became of registrations, lien waivers, searches of the registry and attestations.

Serials entered before are brought to the identity in use since: what could not be told apart on a label is one server. Where
two held serials become one, the earlier entry keeps it and the later is contested, as if it had come second at the counter.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ONLY_ADDED_TO = ("security_interest_change", "lien_waiver", "registry_search", "attestation")
_LATER_IS_CONTESTED = """
UPDATE collateral.server later SET state = 'contested'
WHERE later.state = 'held' AND EXISTS (
    SELECT 1 FROM collateral.server earlier
    WHERE earlier.state = 'held' AND earlier.id < later.id
    AND translate(earlier.serial, 'OIL', '011') = translate(later.serial, 'OIL', '011')
)
"""
_IDENTITY = "UPDATE collateral.server SET serial = translate(serial, 'OIL', '011')"
_AS_BEFORE = "UPDATE collateral.server SET serial = upper(regexp_replace(serial_as_given, '[ ._/-]+', '', 'g'))"


def upgrade() -> None:
    op.create_table(
        "gpu",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_gpu")),
        schema="collateral",
    )
    op.create_index(op.f("ix_gpu_serial"), "gpu", ["serial"], unique=False, schema="collateral")
    op.create_table(
        "site_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("registered_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_key")),
        sa.UniqueConstraint("public_key", name=op.f("uq_site_key_public_key")),
        schema="collateral",
    )
    op.create_index(op.f("ix_site_key_branch_id"), "site_key", ["branch", "id"], unique=False, schema="collateral")
    op.create_table(
        "attestation_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["collateral.asset.id"], name=op.f("fk_attestation_challenge_asset_id_asset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestation_challenge")),
        sa.UniqueConstraint("nonce", name=op.f("uq_attestation_challenge_nonce")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_attestation_challenge_asset_id"),
        "attestation_challenge",
        ["asset_id"],
        unique=False,
        schema="collateral",
    )
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_entered", sa.Integer(), nullable=False),
        sa.Column("servers", sa.Integer(), nullable=False),
        sa.Column("gpus", sa.Integer(), nullable=False),
        sa.Column("faults", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fault_count", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("runner", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'refused', 'failed')", name=op.f("ck_import_job_state")
        ),
        sa.ForeignKeyConstraint(["asset_id"], ["collateral.asset.id"], name=op.f("fk_import_job_asset_id_asset")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
        schema="collateral",
    )
    op.create_index(op.f("ix_import_job_branch_id"), "import_job", ["branch", "id"], unique=False, schema="collateral")
    op.create_index(
        "uq_import_job_asset_id_unfinished",
        "import_job",
        ["asset_id"],
        unique=True,
        schema="collateral",
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "lien_waiver",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("document_sha256", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["collateral.asset.id"], name=op.f("fk_lien_waiver_asset_id_asset")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lien_waiver")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_lien_waiver_asset_id_id"), "lien_waiver", ["asset_id", "id"], unique=False, schema="collateral"
    )
    op.create_table(
        "registry_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("searched_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["collateral.asset.id"], name=op.f("fk_registry_search_asset_id_asset")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_search")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_registry_search_asset_id_id"), "registry_search", ["asset_id", "id"], unique=False, schema="collateral"
    )
    op.create_index(
        op.f("ix_registry_search_branch_id"), "registry_search", ["branch", "id"], unique=False, schema="collateral"
    )
    op.create_table(
        "attestation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("pledged", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["collateral.asset.id"], name=op.f("fk_attestation_asset_id_asset")),
        sa.ForeignKeyConstraint(
            ["challenge_id"],
            ["collateral.attestation_challenge.id"],
            name=op.f("fk_attestation_challenge_id_attestation_challenge"),
        ),
        sa.ForeignKeyConstraint(["key_id"], ["collateral.site_key.id"], name=op.f("fk_attestation_key_id_site_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestation")),
        sa.UniqueConstraint("challenge_id", name=op.f("uq_attestation_challenge_id")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_attestation_asset_id_id"), "attestation", ["asset_id", "id"], unique=False, schema="collateral"
    )
    op.create_index(
        op.f("ix_attestation_branch_id"), "attestation", ["branch", "id"], unique=False, schema="collateral"
    )
    op.create_table(
        "security_interest_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("remark", sa.String(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('extended', 'cancelled')", name=op.f("ck_security_interest_change_kind")),
        sa.ForeignKeyConstraint(
            ["interest_id"],
            ["collateral.security_interest.id"],
            name=op.f("fk_security_interest_change_interest_id_security_interest"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_interest_change")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_security_interest_change_interest_id"),
        "security_interest_change",
        ["interest_id"],
        unique=False,
        schema="collateral",
    )
    op.create_table(
        "attested_server",
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("attestation_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attestation_id"],
            ["collateral.attestation.id"],
            name=op.f("fk_attested_server_attestation_id_attestation"),
        ),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_attested_server")),
        schema="collateral",
    )
    op.add_column("asset", sa.Column("inventory_sha256", sa.String(), nullable=True), schema="collateral")
    op.add_column(
        "security_interest", sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True), schema="collateral"
    )
    op.add_column("security_interest", sa.Column("agreed_on", sa.Date(), nullable=True), schema="collateral")
    op.add_column("server", sa.Column("site", sa.String(), nullable=True), schema="collateral")
    op.add_column("server", sa.Column("rack", sa.String(), nullable=True), schema="collateral")
    op.execute(_LATER_IS_CONTESTED)
    op.execute(_IDENTITY)
    for table in _ONLY_ADDED_TO:
        op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON collateral."{table}" FROM suandai_collateral')


def downgrade() -> None:
    op.execute(_AS_BEFORE)
    op.drop_column("server", "rack", schema="collateral")
    op.drop_column("server", "site", schema="collateral")
    op.drop_column("security_interest", "agreed_on", schema="collateral")
    op.drop_column("security_interest", "registered_at", schema="collateral")
    op.drop_column("asset", "inventory_sha256", schema="collateral")
    op.drop_table("attested_server", schema="collateral")
    op.drop_index(
        op.f("ix_security_interest_change_interest_id"), table_name="security_interest_change", schema="collateral"
    )
    op.drop_table("security_interest_change", schema="collateral")
    op.drop_index(op.f("ix_attestation_branch_id"), table_name="attestation", schema="collateral")
    op.drop_index(op.f("ix_attestation_asset_id_id"), table_name="attestation", schema="collateral")
    op.drop_table("attestation", schema="collateral")
    op.drop_index(op.f("ix_registry_search_branch_id"), table_name="registry_search", schema="collateral")
    op.drop_index(op.f("ix_registry_search_asset_id_id"), table_name="registry_search", schema="collateral")
    op.drop_table("registry_search", schema="collateral")
    op.drop_index(op.f("ix_lien_waiver_asset_id_id"), table_name="lien_waiver", schema="collateral")
    op.drop_table("lien_waiver", schema="collateral")
    op.drop_index(
        "uq_import_job_asset_id_unfinished",
        table_name="import_job",
        schema="collateral",
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.drop_index(op.f("ix_import_job_branch_id"), table_name="import_job", schema="collateral")
    op.drop_table("import_job", schema="collateral")
    op.drop_index(op.f("ix_attestation_challenge_asset_id"), table_name="attestation_challenge", schema="collateral")
    op.drop_table("attestation_challenge", schema="collateral")
    op.drop_index(op.f("ix_site_key_branch_id"), table_name="site_key", schema="collateral")
    op.drop_table("site_key", schema="collateral")
    op.drop_index(op.f("ix_gpu_serial"), table_name="gpu", schema="collateral")
    op.drop_table("gpu", schema="collateral")
