"""The daily ingest, until its logic is there."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.ingest.handler import handler

SCHEDULED = {"scheduled_time": "2025-01-31T06:00:00Z", "source": "schedule"}


def test_ingest_logs_one_line_that_it_ran_and_did_nothing(
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    returned = handler(SCHEDULED, None)
    assert returned["outcome"] == "did_nothing"
    assert returned["scheduled_time"] == "2025-01-31T06:00:00+00:00"
    (line,) = log_lines()
    assert returned.items() <= line.items()


@pytest.mark.parametrize(
    "event",
    [
        {},
        None,
        {"source": "schedule", "scheduled_time": "$time"},
        {"source": "schedule", "scheduled_time": "2025-01-31T06:00:00"},
        {"scheduled_time": "2025-01-31T06:00:00Z"},
    ],
    ids=["empty", "null", "unfilled", "no zone", "no source"],
)
def test_ingest_fails_on_an_event_without_a_time(event: object) -> None:
    with pytest.raises(
        ValueError, match="ingest needs a source and an ISO 8601 scheduled_time with its zone"
    ):
        handler(event, None)
