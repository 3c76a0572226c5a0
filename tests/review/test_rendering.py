"""What GitHub makes of a page: tables whose rows say what the findings say, and folded details."""

import re
from collections.abc import Mapping, Sequence
from html import unescape

import pytest
from markdown_it import MarkdownIt

from review.finding import Folded, Part
from review.page import markdown
from review.stack import Stack
from tests.review.corpus import CORPUS
from tests.review.documents import assess, changed

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


@pytest.mark.parametrize("name", CORPUS)
def test_every_finding_is_a_row_that_loses_no_letter(name: str, old: Mapping[str, Stack]) -> None:
    new = changed(old, CORPUS[name])
    assert_rendered_whole(assess(old, new))
    assert_rendered_whole(assess(new, old))


def test_of_all_that_there_is_every_finding_is_a_row_that_loses_no_letter(old: Mapping[str, Stack]) -> None:
    assert_rendered_whole(assess({}, old))
    assert_rendered_whole(assess(old, {}))


def test_a_row_that_lost_a_letter_would_be_seen() -> None:
    page = "| where | what |\n|---|---|\n| dev | called for API x/*/*/trades |\n"
    assert rows(GITHUB.render(page)) != ["called for API x/*/*/trades"]
