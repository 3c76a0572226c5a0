"""What GitHub makes of a page: tables whose rows say what the findings say, and folded details."""

import re
from collections.abc import Mapping
from html import unescape

import pytest
from markdown_it import MarkdownIt

from review.finding import Part
from review.page import markdown
from review.stack import Stack
from tests.review.corpus import CORPUS
from tests.review.documents import assess, changed

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What is meant as Markdown: code and what is printed bold.
MARKS = re.compile(r"`|\*\*")


def rows(page: str) -> list[str]:
    """The last cell of each row of the tables, as readers see it."""
    found = re.findall(r"<td>((?:(?!<td>).)*?)</td>\s*</tr>", GITHUB.render(page), re.DOTALL)
    return [unescape(re.sub(r"<[^>]*>", "", cell)) for cell in found]


@pytest.mark.parametrize("name", CORPUS)
def test_every_finding_is_a_row_that_loses_no_letter(name: str, old: Mapping[str, Stack]) -> None:
    # Both ways, so that what is there is said of everything that could be.
    new = changed(old, CORPUS[name])
    for findings in (assess(old, new), assess(new, old), assess({}, new)):
        page = markdown(findings, "main")
        said = [MARKS.sub("", " ".join(finding.text.split())) for finding in findings]
        assert sorted(rows(page)) == sorted(said)
        folded = any(finding.part is Part.REST for finding in findings)
        assert GITHUB.render(page).count("<details>") == folded


def test_a_row_that_lost_a_letter_would_be_seen() -> None:
    page = "| where | what |\n|---|---|\n| dev | called for API x/*/*/trades |\n"
    assert rows(page) != ["called for API x/*/*/trades"]
