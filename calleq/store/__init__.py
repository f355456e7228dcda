"""SQL projections: the tables, their migrations, and the database they lie in.

What the journals say is the truth; nothing here is. `schema` has the tables as they are now,
`migrations` how a database of any earlier version becomes one of now, `database` opens one and
gives out transactions.
"""

from calleq.store.database import Database, StoreError, database_url

__all__ = ["Database", "StoreError", "database_url"]
