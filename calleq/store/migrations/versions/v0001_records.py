"""The first tables: session and leg records, and how far the journals have been consumed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make every table."""
    _consumed()
    _records()


def downgrade() -> None:
    """Drop every table; the journals keep what they were made from."""
    for table in (
        "leg",
        "session",
        "stray",
        "pending",
        "lost",
        "entity",
        "journal",
        "projection",
    ):
        op.drop_table(table)


def _number(name: str, *, key: bool = False, null: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=null)


def _small(name: str, *, key: bool = False, null: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, primary_key=key, nullable=null)


def _text(name: str, *, key: bool = False, null: bool = False) -> "sa.Column[str]":
    return sa.Column(name, TEXT, primary_key=key, nullable=null)


def _octets(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False)


def _consumed() -> None:
    op.create_table("projection", _text("name", key=True), _small("rules"), _number("horizon_us"))
    op.create_table(
        "journal",
        _text("name", key=True),
        _number("octets"),
        _number("last_frame"),
        _octets("last_header"),
        _number("mark"),
    )
    op.create_table(
        "entity",
        _text("entity", key=True),
        _number("first_sequence"),
        _number("first_at_us"),
        _number("last_sequence"),
    )
    op.create_table(
        "lost",
        _text("entity", key=True),
        _number("first_sequence", key=True),
        _number("last_sequence"),
    )
    op.create_table(
        "pending", _text("entity", key=True), _number("sequence", key=True), _octets("payload")
    )
    op.create_table(
        "stray",
        _text("entity", key=True),
        _number("sequence", key=True),
        _number("at_us"),
        _text("kind"),
        _text("detail"),
    )


def _records() -> None:
    op.create_table(
        "session",
        _text("call", key=True),
        _number("begun_at_us"),
        *(_text(name) for name in ("business", "door", "message_id")),
        _text("idempotency_key", null=True),
        _text("state"),
        _small("cause"),
        _number("accepted_at_us", null=True),
        _number("ended_at_us", null=True),
        _flag("complete"),
        _flag("settled"),
        _number("longest_talk_us"),
    )
    op.create_index("session_begun", "session", ["begun_at_us", "call", "longest_talk_us"])
    for column in ("business", "state", "cause"):
        op.create_index(f"session_{column}", "session", [column, "begun_at_us", "call"])
    unsettled = sa.text("NOT settled")
    op.create_index(
        "session_open",
        "session",
        ["call"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_table(
        "leg",
        sa.Column("session", TEXT, sa.ForeignKey("session.call"), primary_key=True),
        _text("leg", key=True),
        _small("attempt", key=True),
        _small("part", key=True),
        _small("parts"),
        _number("begun_at_us"),
        _text("entity"),
        _number("sequence"),
        _text("number"),
        _text("called_received"),
        _small("called_nature"),
        *(_text(name) for name in ("calling", "calling_received")),
        _small("calling_nature"),
        _small("presentation", null=True),
        _number("dialled_at_us"),
        *(
            _number(f"{name}_at_us", null=True)
            for name in ("seized", "ringing", "answered", "released")
        ),
        *(_number(name) for name in ("ring_us", "talk_us", "held_us", "billable_s")),
        *(_small(name) for name in ("cause", "location")),
        *(_text(name) for name in ("released_by", "trunk_group", "route")),
        _flag("partial"),
        _small("times_dialled"),
        _text("software"),
        sa.UniqueConstraint("entity", "sequence", name="leg_of_entity"),
    )
    for column in ("number", "cause"):
        op.create_index(f"leg_{column}", "leg", [column, "begun_at_us", "session"])
