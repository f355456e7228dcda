"""The page of bounds says what the code has."""

import ast
import importlib
import re

import pytest

from tests.live import ROOT

PAGE = (ROOT / "docs" / "bounds.md").read_text("utf-8")
BOUNDS = re.findall(r"`(calleq(?:\.[a-z_0-9]+)+)\.([A-Z_]+)` = ([0-9.]+)", PAGE)


def test_the_page_has_them():
    assert len(BOUNDS) > 30
    assert len({(module, name) for module, name, _ in BOUNDS}) == len(BOUNDS)
    assert len(BOUNDS) == len(re.findall(r"`calleq\.[a-z_.0-9]+\.[A-Z_]+`", PAGE))


@pytest.mark.parametrize(("module", "name", "told"), BOUNDS)
def test_a_bound_is_what_it_is_said_to_be(module: str, name: str, told: str):
    assert getattr(importlib.import_module(module), name) == ast.literal_eval(told)
