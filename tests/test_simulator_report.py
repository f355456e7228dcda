"""The report of a run: one page that needs nothing else, for eyes, keyboards and small screens."""

import pathlib
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

from simulator.svg import bars, curve, rows, ticks
from tests.live import calleq

VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """What a browser would have to fetch or balance."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("report") / "deep" / "er"
    done = calleq(
        *("run", "--calls", "120", "--seed", "9", "--circuits", "8", "--report", str(directory)),
        module="simulator.cli",
    )
    assert done.returncode == 0, done.stderr
    assert str(directory / "index.html") in done.stdout
    assert [path.name for path in directory.iterdir()] == ["index.html"]
    return (directory / "index.html").read_text("utf-8")


def test_the_page_is_whole_and_fetches_nothing(text: str):
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.fetched == []
    assert "script" not in page.tags
    assert "url(" not in text
    assert "@import" not in text
    assert 'name="viewport"' in text
    assert 'lang="en"' in text


def test_every_plot_is_an_image_with_words_and_stands_beside_its_numbers(text: str):
    plots = re.findall(r"<svg .*?</svg>", text, re.DOTALL)
    assert len(plots) == 5
    for plot in plots:
        root = ElementTree.fromstring(plot)
        assert root.get("role") == "img"
        assert root.get("aria-label")
        assert (root.find("desc").text or "").strip()
    assert text.count("<details>") == 4
    assert text.count('tabindex="0"') == text.count('class="wide"') == 5


def test_the_page_says_how_to_repeat_the_run_and_whether_it_proved_itself(text: str):
    assert "calleq-sim run --calls 120 --seed 9 --circuits 8 --report" in text
    assert "0 records and 0 µs of difference" in text
    assert re.search(r"<code>[0-9a-f]{64}</code>", text)
    assert "lost, 34" in text


def test_a_report_that_cannot_be_written_is_one_clear_line(tmp_path: pathlib.Path):
    (tmp_path / "file").write_text("")
    done = calleq(
        *("run", "--calls", "1", "--report", str(tmp_path / "file" / "x")), module="simulator.cli"
    )
    assert done.returncode == 2
    assert "file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("highest", "expected"),
    [(0, [0, 1]), (1, [0, 0.25, 0.5, 0.75, 1.0]), (7.3, [0, 2, 4, 6, 8]), (1000, None)],
)
def test_axes_have_round_values(highest: float, expected: list[float] | None):
    found = ticks(highest)
    assert found[0] == 0
    assert found[-1] >= highest
    assert 2 <= len(found) <= 6
    assert expected is None or found == expected


def test_names_cannot_break_out_of_a_plot_and_nothing_to_draw_is_said():
    assert "<b>" not in rows("x", [("<b>", 1)]).svg
    assert "too few values" in bars("x", []).svg
    assert "too few values" in rows("x", []).svg
    assert "too few values" in curve("x", [(0, 1)], str).svg
    assert "too few values" not in curve("x", [(0, 0), (1, 0)], str).svg
