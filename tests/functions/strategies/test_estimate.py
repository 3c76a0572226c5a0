"""What a run is expected to cost, and what is refused for it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.runtime.errors import InvalidError
from functions.runtime.limits import MAX_SECONDS, WHOLE_PROCESSOR_MB
from functions.strategies.estimate import (
    MAX_WEIGHTS,
    Size,
    megabytes,
    refuse_what_does_not_end,
    seconds,
)

# Ten years, with the days to look back on.
DUAL_MOMENTUM_50 = Size(days=2780, tickers=51, decisions=122, bars=2, held=1)
MOMENTUM_500 = Size(days=2780, tickers=501, decisions=122, bars=3, held=10)
MOMENTUM_5000 = Size(days=2780, tickers=5001, decisions=122, bars=3, held=10)
EQUAL_WEIGHT_500 = Size(days=2530, tickers=501, decisions=122, bars=1, held=500)


@pytest.mark.parametrize(
    ("size", "memory_mb"),
    [(DUAL_MOMENTUM_50, 256), (MOMENTUM_500, 512), (EQUAL_WEIGHT_500, 512), (MOMENTUM_5000, 1024)],
)
def test_what_the_platform_is_for_is_let_through(size: Size, memory_mb: int) -> None:
    refuse_what_does_not_end(size, memory_mb)


# Requests as `python -m benchmarks --only research` measured them on a busy machine: seconds of CPU, MiB of
# memory at the peak.
MEASURED = [
    (Size(2780, 50, 132, 2, 1), 0.16, 205),
    (Size(2780, 50, 132, 3, 10), 0.20, 208),
    (Size(2780, 50, 132, 64, 50), 0.24, 208),
    (Size(2780, 500, 132, 2, 1), 0.32, 359),
    (Size(2780, 500, 132, 64, 500), 0.81, 359),
    (Size(2780, 5000, 132, 2, 1), 2.52, 707),
    (Size(2780, 5000, 132, 3, 10), 2.37, 707),
]


@pytest.mark.parametrize(("size", "cpu", "peak"), MEASURED)
def test_no_measured_run_took_more_than_is_expected_of_it_nor_far_less(
    size: Size, cpu: float, peak: float
) -> None:
    assert cpu <= seconds(size, WHOLE_PROCESSOR_MB) <= 4 * cpu
    assert peak <= megabytes(size) <= 1.4 * peak


@settings(deadline=None)
@given(
    days=st.integers(2, 6000),
    tickers=st.integers(1, 5000),
    decisions=st.integers(1, 1000),
    bars=st.integers(1, 505),
    memory_mb=st.integers(128, 10_240),
)
def test_more_of_anything_never_costs_less(
    days: int, tickers: int, decisions: int, bars: int, memory_mb: int
) -> None:
    size = Size(days, tickers, decisions, bars, held=min(10, tickers))
    for field in ("days", "tickers", "decisions", "bars", "held"):
        more = replace(size, **{field: 2 * getattr(size, field)})
        assert seconds(more, memory_mb) >= seconds(size, memory_mb)
        assert megabytes(more) >= megabytes(size)
    assert seconds(size, 2 * memory_mb) <= seconds(size, memory_mb)


def test_a_part_of_a_processor_takes_so_much_longer() -> None:
    whole = seconds(MOMENTUM_500, WHOLE_PROCESSOR_MB)
    assert seconds(MOMENTUM_500, WHOLE_PROCESSOR_MB // 4) == pytest.approx(4 * whole, rel=0.01)
    assert seconds(MOMENTUM_500, 4 * WHOLE_PROCESSOR_MB) == whole


def test_growth_is_at_most_linear() -> None:
    assert seconds(MOMENTUM_5000, 1769) <= 10 * seconds(MOMENTUM_500, 1769)


@pytest.mark.parametrize(
    ("size", "memory_mb", "says"),
    [
        (replace(MOMENTUM_5000, days=5500), 256, r"would take about \d+ s; the limit is 25 s"),
        (MOMENTUM_5000, 512, r"would need about \d+ MiB of memory; the limit is 512 MiB"),
        (
            replace(EQUAL_WEIGHT_500, decisions=541),
            10_240,
            r"would hold up to 270,500 weights; the limit is 270,000",
        ),
    ],
)
def test_what_does_not_end_fit_or_can_be_answered_is_refused_with_its_reason(
    size: Size, memory_mb: int, says: str
) -> None:
    with pytest.raises(InvalidError, match=says) as refused:
        refuse_what_does_not_end(size, memory_mb)
    assert [row["field"] for row in refused.value.details] == ["tickers", "start"]


def test_the_limits_themselves_are_allowed() -> None:
    largest = Size(days=100, tickers=500, decisions=MAX_WEIGHTS // 500, bars=1, held=500)
    assert largest.weights == MAX_WEIGHTS
    refuse_what_does_not_end(largest, 10_240)
    assert seconds(largest, 10_240) <= MAX_SECONDS
