from html.parser import HTMLParser

import pytest

from interlock.web.markdown import render


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**bold**", "<p><strong>bold</strong></p>\n"),
        ("# Title", "<h3>Title</h3>\n"),
        ("[x](https://a.example)", '<p><a href="https://a.example" rel="noopener noreferrer nofollow">x</a></p>\n'),
        (
            "![a cat](https://a.example/c.png)",
            '<p><a href="https://a.example/c.png" rel="noopener noreferrer nofollow">a cat</a></p>\n',
        ),
        ("~~gone~~", "<p><s>gone</s></p>\n"),
    ],
)
def test_markdown_becomes_html(written, shown):
    assert render(written) == shown


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](javascript:alert(1))",
        '![x" onerror="alert(1)](https://a.example/"onerror="alert(1))',
        '<https://a.example/" onclick="alert(1)>',
        "[x](https://a.example 'a\" onclick=\"alert(1)')",
        "<svg/onload=alert(1)>",
    ],
)
def test_nothing_that_runs_survives(written):
    shown = Shown()
    shown.feed(render(written))
    assert {tag for tag, _ in shown.tags} <= {"p", "a"}
    for _, attributes in shown.tags:
        assert set(attributes) <= {"href", "title", "rel"}
        assert attributes.get("href", "https:").startswith("https:")


class Shown(HTMLParser):
    """The tags of a page as a browser reads them."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
