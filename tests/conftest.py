"""What every test may use, and the rule about foreign programs.

A test marked `foreign("tshark")` is skipped where the program is absent, unless
`CALLEQ_REQUIRE_FOREIGN` is set (CI sets it): there it must run.
"""

import os
import shutil

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("foreign"):
            program = mark.args[0]
            if shutil.which(program) is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"):
                item.add_marker(pytest.mark.skip(reason=f"{program} is not installed"))
