"""What SCPs have written into the record of a leg; none had in older journals."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.Text().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column."""
    op.add_column("leg", sa.Column("furnished", TEXT, nullable=False, server_default=""))


def downgrade() -> None:
    """Take it away; the journals keep what it was made from."""
    op.drop_column("leg", "furnished")
