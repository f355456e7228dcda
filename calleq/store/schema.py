"""The tables of the projections, as they are now.

Owns names and types and no meaning: what a column says is told where it is written
(`calleq.billing.records`). Instants and lengths are microseconds. Text is compared by code point on
every database, so that the order of a list does not depend on where it lies.

`session` and `leg` are the records. A session is `settled` when its records are final; the others
are derived anew from `pending` with each update. The other tables say how far the journals have
been consumed and what was odd about them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA = MetaData()

TEXT = Text().with_variant(String(collation="C"), "postgresql")

PROJECTION = Table(
    "projection",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("rules", Integer, nullable=False),
    Column("horizon_us", BigInteger, nullable=False),
)
"""One row, `records`: which rules of derivation made the tables, and the latest instant that the
last piece had."""

JOURNAL = Table(
    "journal",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("octets", BigInteger, nullable=False),
    Column("last_frame", BigInteger, nullable=False),
    Column("last_header", LargeBinary, nullable=False),
    Column("mark", BigInteger, nullable=False),
)
"""Up to where each journal file has been consumed."""

ENTITY = Table(
    "entity",
    METADATA,
    Column("entity", TEXT, primary_key=True),
    Column("first_sequence", BigInteger, nullable=False),
    Column("first_at_us", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
)
"""Which entries of each entity have been consumed."""

LOST = Table(
    "lost",
    METADATA,
    Column("entity", TEXT, primary_key=True),
    Column("first_sequence", BigInteger, primary_key=True),
    Column("last_sequence", BigInteger, nullable=False),
)
"""Entries that no journal has."""

PENDING = Table(
    "pending",
    METADATA,
    Column("entity", TEXT, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)
"""Consumed entries that later ones may still add to."""

STRAY = Table(
    "stray",
    METADATA,
    Column("entity", TEXT, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("detail", TEXT, nullable=False),
)
"""Entries that belong to no call: a leg that nobody dialled, what came after a call was final."""

SESSION = Table(
    "session",
    METADATA,
    Column("call", TEXT, primary_key=True),
    Column("begun_at_us", BigInteger, nullable=False),
    Column("business", TEXT, nullable=False),
    Column("door", TEXT, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("idempotency_key", TEXT),
    Column("state", TEXT, nullable=False),
    Column("cause", Integer, nullable=False),
    Column("accepted_at_us", BigInteger),
    Column("ended_at_us", BigInteger),
    Column("complete", Boolean, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("longest_talk_us", BigInteger, nullable=False),
    Column("held_micro", BigInteger),
    Column("amount_micro", BigInteger),
    Column("currency", TEXT, nullable=False, server_default=""),
    Column("charges", TEXT, nullable=False, server_default="[]"),
    Index("session_begun", "begun_at_us", "call", "longest_talk_us"),
    Index("session_business", "business", "begun_at_us", "call"),
    Index("session_state", "state", "begun_at_us", "call"),
    Index("session_cause", "cause", "begun_at_us", "call"),
    Index(
        "session_open",
        "call",
        sqlite_where=text("NOT settled"),
        postgresql_where=text("NOT settled"),
    ),
)

LEG = Table(
    "leg",
    METADATA,
    Column("session", TEXT, ForeignKey("session.call"), primary_key=True),
    Column("leg", TEXT, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("parts", Integer, nullable=False),
    Column("begun_at_us", BigInteger, nullable=False),
    Column("entity", TEXT, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("number", TEXT, nullable=False),
    Column("called_received", TEXT, nullable=False),
    Column("called_nature", Integer, nullable=False),
    Column("calling", TEXT, nullable=False),
    Column("calling_received", TEXT, nullable=False),
    Column("calling_nature", Integer, nullable=False),
    Column("presentation", Integer),
    Column("dialled_at_us", BigInteger, nullable=False),
    Column("seized_at_us", BigInteger),
    Column("ringing_at_us", BigInteger),
    Column("answered_at_us", BigInteger),
    Column("released_at_us", BigInteger),
    Column("ring_us", BigInteger, nullable=False),
    Column("talk_us", BigInteger, nullable=False),
    Column("held_us", BigInteger, nullable=False),
    Column("billable_s", BigInteger, nullable=False),
    Column("cause", Integer, nullable=False),
    Column("location", Integer, nullable=False),
    Column("released_by", TEXT, nullable=False),
    Column("trunk_group", TEXT, nullable=False),
    Column("route", TEXT, nullable=False),
    Column("partial", Boolean, nullable=False),
    Column("times_dialled", Integer, nullable=False),
    Column("software", TEXT, nullable=False),
    Column("furnished", TEXT, nullable=False, server_default=""),
    Column("outgoing_trunk", TEXT, nullable=False, server_default=""),
    Column("rtp_received", BigInteger),
    Column("rtp_lost", BigInteger),
    Column("rtp_late", BigInteger),
    Column("rtp_strangers", BigInteger),
    Column("jitter_us", BigInteger),
    Column("rtp_sent", BigInteger),
    Column("far_lost", BigInteger),
    Column("far_jitter_us", BigInteger),
    Column("round_trip_us", BigInteger),
    Column("r_factor", Double),
    Column("mos", Double),
    Column("charge_micro", BigInteger),
    Column("rate_deck", TEXT, nullable=False, server_default=""),
    Column("rate_key", TEXT, nullable=False, server_default=""),
    Column("rate_from_us", BigInteger),
    Column("rate_rule", TEXT, nullable=False, server_default=""),
    UniqueConstraint("entity", "sequence", name="leg_of_entity"),
    Index("leg_number", "number", "begun_at_us", "session"),
    Index("leg_cause", "cause", "begun_at_us", "session"),
)
"""`begun_at_us` is the session's, so that a search by number comes out in the order of calls;
`route` is JSON: [[origin, destination, cic], …], the last being the leg's circuit (`circuit`
is always `route[-1]`)."""
