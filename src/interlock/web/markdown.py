"""Markdown that people wrote, as HTML that cannot harm: parsed without HTML, then sanitised all the same."""

from collections.abc import Sequence
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("strong", "em", "s", "a", "table", "thead", "tbody", "tr", "th", "td"),
}


def _below_the_page(state: StateCore) -> None:
    """Headings of a text stand under those of the page that shows it."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"


def _image_as_link(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """Pictures from elsewhere would tell their host who reads this page."""
    token = tokens[index]
    address = nh3.clean_text(str(token.attrs.get("src", "")))
    text = nh3.clean_text(token.content or str(token.attrs.get("src", "")))
    return f'<a href="{address}">{text}</a>'


_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_parser.core.ruler.push("below_the_page", _below_the_page)
_parser.add_render_rule("image", _image_as_link)


def render(text: str) -> SafeString:
    html = nh3.clean(
        _parser.render(text),
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(html)  # noqa: S308 sanitised on the line above


def plain(text: str) -> str:
    """The words alone, for search and excerpts."""
    tokens = _parser.parse(text)
    inline = [child for token in tokens for child in (token.children or [token])]
    return " ".join(token.content for token in inline if token.content)
