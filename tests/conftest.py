"""What every test may use, and the rule about foreign programs.

A test marked `foreign("tshark")` is skipped where the program is absent, unless
`CALLEQ_REQUIRE_FOREIGN` is set (CI sets it): there it must run.
"""

import os
import pathlib
import secrets
import shutil
from collections.abc import Iterator

import hypothesis
import psycopg
import pytest

from tests import live
from tests.postgresql import private_postgresql

FOREIGN = {
    "tshark": "tshark",
    "sipp": "sip-tester",
    "baresip": "baresip-core",
    "chromium": "chromium",
    "kamailio": "kamailio",
    "secsipidx": "secsipidx",
    "sox": "sox",
    "jose": "jose",
    "h2load": "nghttp2-client",
}
"""Programs that nobody here wrote, and the Debian packages that bring them; `.ci/run` installs
them."""

# What an example takes of a busy machine's time says nothing about the code.
hypothesis.settings.register_profile("calleq", deadline=None)
hypothesis.settings.load_profile("calleq")

# Tests make records in databases of their own, whatever the person who runs them uses.
os.environ.pop("CALLEQ_DATABASE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("foreign"):
            program = mark.args[0]
            if shutil.which(program) is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"):
                package = FOREIGN.get(program, program)
                reason = f"{program} is not installed: apt-get install {package}"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a private PostgreSQL of this run, without a database's name."""
    with private_postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'any.sqlite'}"
    server: str = request.getfixturevalue("postgresql")
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.replace("{database}", "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("{database}", name)


@pytest.fixture(scope="session", autouse=True)
def rendered_prompts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where all networks of this run, in whatever worker, keep the prompts they have rendered."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    live.RENDERED = folder / "rendered-prompts"
