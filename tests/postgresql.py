"""A private PostgreSQL for the tests of one run: of pgserver's wheel, or of the machine.

The wheel exists for some machines and versions of Python (setup.cfg); elsewhere the programs of an
installed PostgreSQL are used (`apt-get install postgresql`, `brew install postgresql`). Where there
is neither the tests that need it fail: they are no tests to be left out.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence

import pytest

ELSEWHERE = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
"""Where distributions keep the server's programs, which are on nobody's PATH."""

NOBODY = "nobody"
"""PostgreSQL does not run as root."""


@contextlib.contextmanager
def private_postgresql() -> Iterator[str]:
    """The URL of a server that goes with its files, with `{database}` for a database's name."""
    with open_folder() as folder:
        try:
            import pgserver
        except ModuleNotFoundError:
            with installed_postgresql(folder, programs()) as url:
                yield url
            return
        server = pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri("{database}")
        server.cleanup()


@contextlib.contextmanager
def open_folder() -> Iterator[pathlib.Path]:
    """A directory that other users reach. Those of pytest are root's alone where root runs it."""
    with tempfile.TemporaryDirectory(
        prefix="calleq-postgresql-", ignore_cleanup_errors=True
    ) as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        yield folder


def programs() -> pathlib.Path:
    """The directory of `initdb` and `pg_ctl`; the test fails where there is none."""
    found = shutil.which("initdb")
    if found is not None:
        return pathlib.Path(found).resolve().parent
    for pattern in ELSEWHERE:
        for directory in sorted(pathlib.Path("/").glob(pattern.lstrip("/")), reverse=True):
            if (directory / "initdb").exists():
                return directory
    pytest.fail("these tests need PostgreSQL: install pgserver (pip) or a PostgreSQL server")


@contextlib.contextmanager
def installed_postgresql(folder: pathlib.Path, directory: pathlib.Path) -> Iterator[str]:
    """A server made by the programs in `directory`, reached by a socket in `folder`."""
    data = folder / "data"
    data.mkdir(parents=True)
    user = NOBODY if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    if user is not None:
        import pwd  # of POSIX alone, as root is

        account = pwd.getpwnam(user)
        for path in (folder, data):
            os.chown(path, account.pw_uid, account.pw_gid)

    def runs(program: str, options: Sequence[str]) -> None:
        subprocess.run(
            [str(directory / program), "-D", str(data), *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            user=user,
        )

    runs("initdb", ["--auth=trust", "--encoding=UTF8", "--username=postgres"])
    settings = f"-c listen_addresses='' -k {folder} -c fsync=off"
    runs("pg_ctl", ["-w", "-l", str(folder / "log"), "-o", settings, "start"])
    try:
        yield f"postgresql://postgres@/{{database}}?host={folder}"
    finally:
        runs("pg_ctl", ["-w", "-m", "fast", "stop"])
