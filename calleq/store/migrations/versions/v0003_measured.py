"""By which SIP trunk a leg left the network, and what its voice was like; unknown of older legs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXT = sa.Text().with_variant(sa.String(collation="C"), "postgresql")

COUNTERS = (
    "rtp_received",
    "rtp_lost",
    "rtp_late",
    "rtp_strangers",
    "jitter_us",
    "rtp_sent",
    "far_lost",
    "far_jitter_us",
    "round_trip_us",
)
RATINGS = ("r_factor", "mos")


def upgrade() -> None:
    """Add the columns."""
    op.add_column("leg", sa.Column("outgoing_trunk", TEXT, nullable=False, server_default=""))
    for name in COUNTERS:
        op.add_column("leg", sa.Column(name, sa.BigInteger))
    for name in RATINGS:
        op.add_column("leg", sa.Column(name, sa.Double))


def downgrade() -> None:
    """Take them away; the journals keep what they were made from."""
    for name in ("outgoing_trunk", *COUNTERS, *RATINGS):
        op.drop_column("leg", name)
