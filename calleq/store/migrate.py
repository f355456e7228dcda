"""Running the migrations that are shipped in `calleq.store.migrations`, with Alembic."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from calleq.store.database import StoreError
from calleq.store.schema import METADATA


def scripts() -> ScriptDirectory:
    """The shipped migrations."""
    return ScriptDirectory(str(Path(__file__).parent / "migrations"))


def upgrade(connection: Connection, name: str) -> None:
    """Bring the database to the last migration, inside the connection's transaction.

    Raises StoreError when its tables are of a version that this calleq does not know.
    """
    directory = scripts()

    def steps(revision: str, _context: MigrationContext) -> list[RevisionStep]:
        return list(directory._upgrade_revs("head", revision))

    environment = EnvironmentContext(Config(), directory, fn=steps)
    try:
        with environment:
            environment.configure(connection=connection, target_metadata=METADATA)
            environment.run_migrations()
    except CommandError as error:
        raise StoreError(
            f"{name}: its tables were made by another version of calleq ({error});"
            " name another database or use that version"
        ) from error
