"""What GitHub makes of a page: tables whose rows say what the findings say, and folded details.

Of every change of the corpus in test_corpus.py, too.
"""

from collections.abc import Mapping

from review.finding import Folded, Part
from review.page import markdown
from review.stack import Stack
from tests.review.documents import assess
from tests.review.github import GITHUB, assert_rendered_whole, rows


def test_of_all_that_there_is_every_finding_is_a_row_that_loses_no_letter(old: Mapping[str, Stack]) -> None:
    assert_rendered_whole(assess({}, old))
    assert_rendered_whole(assess(old, {}))


def test_a_letter_that_turns_others_round_or_is_not_seen_is_named() -> None:
    text = "function a\u202eb\u200b"
    (row,) = rows(GITHUB.render(markdown([Folded(Part.EXPOSURE, ("parakeet-dev",), text, "")], "main")))
    assert row == "function aU+202EbU+200B"


def test_a_row_that_lost_a_letter_would_be_seen() -> None:
    page = "| where | what |\n|---|---|\n| dev | called for API x/*/*/trades |\n"
    assert rows(GITHUB.render(page)) != ["called for API x/*/*/trades"]
