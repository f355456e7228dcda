"""What every test may use, and the rule about foreign programs.

A test marked `foreign("tshark")` is skipped where the program is absent, unless
`CALLEQ_REQUIRE_FOREIGN` is set (CI sets it): there it must run.
"""

import os
import shutil

import pytest

from tests import live


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("foreign"):
            program = mark.args[0]
            if shutil.which(program) is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"):
                item.add_marker(pytest.mark.skip(reason=f"{program} is not installed"))


@pytest.fixture(scope="session", autouse=True)
def rendered_prompts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where all networks of this run, in whatever worker, keep the prompts they have rendered."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    live.RENDERED = folder / "rendered-prompts"
