"""The commands of a business where something is missing: one line that says what to do."""

import pytest

from tests.live import calleq

NOWHERE = ("--url", "http://127.0.0.1:1")
ABC = ("--business", "abc", "--password", "abc-demo")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("calls", "list", *NOWHERE), 2, "--business ID"),
        (("calls", "list", *NOWHERE, "--business", "abc"), 2, "--password"),
        (("calls", "list", *NOWHERE, "--business", "abc", "--key-file", "no"), 2, "cannot be read"),
        (("calls", "list", *NOWHERE, *ABC), 1, "does not answer"),
        (("calls", "cancel", "last", "--url", "nowhere", *ABC), 1, "no URL"),
        (("health", *NOWHERE), 1, "does not answer"),
        (("call", "--customer", "+12125550100", *NOWHERE), 2, "--business ID"),
    ],
)
def test_what_is_missing_is_said_in_one_line(arguments: tuple[str, ...], status: int, said: str):
    done = calleq(*arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
