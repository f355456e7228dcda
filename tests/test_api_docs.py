"""The browsable page: everything from this server, nothing from the description as markup."""

import re

import pytest

from tests.door import OUTSIDE, Door

PARTS = {"/docs": "text/html", "/docs/style.css": "text/css", "/docs/script.js": "text/javascript"}


@pytest.mark.parametrize("path", PARTS)
def test_the_page_comes_from_here_alone_and_may_load_nothing_else(path: str):
    answer = Door().http(OUTSIDE).get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(PARTS[path])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?://|//cdn|@import", answer.text)


def test_the_script_makes_text_and_never_markup():
    script = Door().http().get("/docs/script.js").text
    for maker in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert maker not in script


def test_the_page_refers_only_to_what_is_served():
    http = Door().http()
    page = http.get("/docs").text
    referred = set(re.findall(r'(?:href|src)="(/[^"#]*)"', page))
    assert referred == {"/docs/style.css", "/docs/script.js", "/openapi.json"}
    assert all(http.get(path).status_code == 200 for path in referred)
    assert "style=" not in page
    assert "onclick" not in page
