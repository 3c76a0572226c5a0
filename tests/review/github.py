"""A page as GitHub renders it."""

import re
from collections.abc import Sequence
from html import unescape

from markdown_it import MarkdownIt

from review.finding import Folded, Part
from review.page import markdown

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What is meant as Markdown: code and what is printed bold.
MARKS = re.compile(r"`|\*\*")


def rows(rendered: str) -> list[str]:
    """The last cell of each row of the tables, as readers see it."""
    found = re.findall(r"<td>((?:(?!<td>).)*?)</td>\s*</tr>", rendered, re.DOTALL)
    return [unescape(re.sub(r"<[^>]*>", "", cell)) for cell in found]


def assert_rendered_whole(findings: Sequence[Folded]) -> None:
    rendered = GITHUB.render(markdown(findings, "main"))
    said = [MARKS.sub("", " ".join(finding.text.split())) for finding in findings]
    assert sorted(rows(rendered)) == sorted(said)
    folded = any(finding.part is Part.REST for finding in findings)
    assert rendered.count("<details>") == folded
