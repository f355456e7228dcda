"""The golden octets of figures 7, 8 and 9, their schemas and the page that documents them.

The files of `tests/golden` are read and written exactly, octet for octet: a change of the models
that changes a message on the wire shows here.
"""

import json
import pathlib
from typing import Any

import jsonschema_rs
import pytest

from calleq.messages import decode, encode
from calleq.messages.schemas import EXAMPLES, FIGURES, json_schema

ROOT = pathlib.Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden"
FILES = sorted(GOLDEN.glob("figure-*.json"))


def figure_of(path: pathlib.Path) -> str:
    return path.stem.split("-")[1]


def read(figure: str, octets: bytes) -> Any:
    model: Any = FIGURES[figure]
    return decode(model, octets)


def schema_of(figure: str) -> Any:
    """A checker of the figure's schema, as anybody would make one of what a door serves."""
    return jsonschema_rs.Draft202012Validator(json_schema(figure), validate_formats=True)


@pytest.mark.row("X-06", part=True)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_octets_are_read_and_written_exactly(path: pathlib.Path) -> None:
    octets = path.read_bytes()
    assert encode(read(figure_of(path), octets)) == octets


@pytest.mark.row("X-06", part=True)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_messages_fit_the_documented_schema(path: pathlib.Path) -> None:
    checker = schema_of(figure_of(path))
    message = json.loads(path.read_bytes())
    assert checker.is_valid(message), list(checker.iter_errors(message))
    assert not checker.is_valid({**message, "unknown": 1})
    for name in FIGURES[figure_of(path)].model_fields:
        if name in message:
            assert not checker.is_valid({**message, name: [[]]}) or name == "extension", name


@pytest.mark.row("X-06", part=True)
@pytest.mark.parametrize("figure", FIGURES)
def test_every_message_has_schema_example_and_golden_octets(figure: str) -> None:
    """Every field of the figure stands in one golden message, and is documented."""
    example = (GOLDEN / f"figure-{figure}.json").read_bytes()
    assert example == EXAMPLES[figure]
    assert json_schema(figure)["examples"] == [json.loads(example)]
    whole = json.loads((GOLDEN / f"figure-{figure}-every-field.json").read_bytes())
    model = FIGURES[figure]
    assert list(whole) == list(model.model_fields)
    assert set(whole) == set(json_schema(figure)["properties"])  # type: ignore[arg-type]
    page = (ROOT / "docs" / "messages.md").read_text("utf-8")
    section = page.partition(f"## Figure {figure}:")[2].partition("\n## ")[0]
    for name in model.model_fields:
        assert f"| `{name}` |" in section, name
    assert json.dumps(json.loads(example), indent=2) in section


@pytest.mark.row("S2-25", part=True)
@pytest.mark.row("S2-27", part=True)
@pytest.mark.row("S2-14", part=True)
@pytest.mark.row("S2-16", part=True)
@pytest.mark.parametrize("figure", FIGURES)
def test_pages_and_note_come_through_unaltered(figure: str) -> None:
    """Also what is no ASCII, and what looks like markup."""
    octets = (GOLDEN / f"figure-{figure}-every-field.json").read_bytes()
    said, message = json.loads(octets), read(figure, octets)
    assert message.note == said["note"]
    assert message.web_page is not None
    assert message.web_page.current.title == "Shoes <b>&amp; more</b>"
    assert [page.url for page in message.web_page.recent] == [
        "https://www.abc.example/",
        "https://www.abc.example/hats",
    ]
