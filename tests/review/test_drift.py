"""What is said of a plan's drift."""

from typing import Any

import pytest

from review.real_plan import drift_in


def drift(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    change = {"address": "aws_sqs_queue.dlq", "change": {"before": before, "after": after}}
    return [finding.text for finding in drift_in({"resource_drift": [change]})]


def test_drift_names_the_arguments_and_none_of_their_values() -> None:
    before, after = (
        {"name": "a", "policy": "hidden", "delay": 0},
        {"name": "a", "policy": "other", "delay": 7},
    )
    assert drift(before, after) == [
        "drift: `aws_sqs_queue.dlq` differs in `delay`, `policy` from what was deployed"
    ]


def test_what_was_deleted_is_gone() -> None:
    assert drift({"name": "a"}, None) == ["drift: `aws_sqs_queue.dlq` is gone from what was deployed"]


@pytest.mark.parametrize("empty", [{}, [], ""])
def test_an_argument_that_was_not_given_and_comes_back_empty_is_no_drift(empty: object) -> None:
    assert drift({"name": "a", "tags": None}, {"name": "a", "tags": empty}) == []


def test_zero_and_false_are_values() -> None:
    assert drift({"delay": 0, "fifo": False}, {"delay": None}) != []
