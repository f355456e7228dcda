"""What a call and each of its legs cost, and by which rate; unknown of older ones."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.Text().with_variant(sa.String(collation="C"), "postgresql")

AMOUNTS = (
    ("session", "held_micro"),
    ("session", "amount_micro"),
    ("leg", "charge_micro"),
    ("leg", "rate_from_us"),
)
TEXTS = (
    ("session", "currency", ""),
    ("session", "charges", "[]"),
    ("leg", "rate_deck", ""),
    ("leg", "rate_key", ""),
    ("leg", "rate_rule", ""),
)


def upgrade() -> None:
    """Add the columns."""
    for table, name in AMOUNTS:
        op.add_column(table, sa.Column(name, sa.BigInteger))
    for table, name, empty in TEXTS:
        op.add_column(table, sa.Column(name, TEXT, nullable=False, server_default=empty))


def downgrade() -> None:
    """Take them away; the journals keep what they were made from."""
    for table, name in AMOUNTS:
        op.drop_column(table, name)
    for table, name, _ in TEXTS:
        op.drop_column(table, name)
