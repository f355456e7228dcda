"""The guide to accounts says what is true: its commands are done beside a network that runs."""

import pathlib

from calleq.accounts import bounds
from calleq.accounts.customers import LIMIT_CUSTOMERS
from calleq.accounts.rights import SCOPES
from tests.live import ROOT, LiveNetwork
from tests.test_docs import follow

PAGE = (ROOT / "docs" / "guide" / "accounts.md").read_text("utf-8")


def test_the_guide_to_accounts_can_be_followed(tmp_path: pathlib.Path):
    with LiveNetwork(tmp_path / "calleq-data"):
        assert follow(PAGE, tmp_path) > 20
        assert (tmp_path / "tuesday" / "network.journal").exists()


def test_the_guide_to_accounts_tells_the_bounds_and_roles_that_there_are():
    text = PAGE.replace("\n", " ")
    for limit, what in (
        (bounds.LIMIT_BUSINESSES, "businesses"),
        (bounds.LIMIT_USERS, "users"),
        (bounds.LIMIT_NUMBERS, "numbers"),
        (bounds.LIMIT_REPRESENTATIVES, "representatives"),
        (bounds.LIMIT_CREDENTIALS, "good credentials"),
        (LIMIT_CUSTOMERS, "customers"),
    ):
        assert f"{limit:,} {what}".replace(",", " ") in text, what
    for role in SCOPES:
        assert f"`{role}`" in PAGE or role == "page"
