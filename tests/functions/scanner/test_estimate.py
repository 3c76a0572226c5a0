"""What a scan is expected to cost, and what is refused for it."""

import pytest

from functions.runtime.errors import InvalidError
from functions.runtime.limits import WHOLE_PROCESSOR_MB
from functions.scanner.estimate import megabytes, refuse_what_does_not_end, seconds

# As `python -m benchmarks --only research` measured the first request of the costliest scanner: tickers,
# seconds of CPU, MiB of memory at the peak.
MEASURED = [(50, 0.06, 111), (500, 0.12, 149), (5_000, 0.73, 411)]


@pytest.mark.parametrize(("tickers", "cpu", "peak"), MEASURED)
def test_no_measured_scan_took_more_than_is_expected_of_it_nor_far_less(
    tickers: int, cpu: float, peak: float
) -> None:
    assert 2 * cpu <= seconds(tickers, WHOLE_PROCESSOR_MB) <= 4 * cpu
    assert peak <= megabytes(tickers) <= 1.4 * peak


@pytest.mark.parametrize(("tickers", "memory_mb"), [(557, 256), (5_000, 512), (10_000, 1024)])
def test_the_universe_is_let_through(tickers: int, memory_mb: int) -> None:
    refuse_what_does_not_end(tickers, memory_mb)


def test_a_part_of_a_processor_takes_so_much_longer() -> None:
    whole = seconds(5_000, WHOLE_PROCESSOR_MB)
    assert seconds(5_000, WHOLE_PROCESSOR_MB // 4) == pytest.approx(4 * whole, rel=0.01)
    assert seconds(5_000, 4 * WHOLE_PROCESSOR_MB) == whole


@pytest.mark.parametrize(
    ("tickers", "memory_mb", "says"),
    [
        (100_000, 1024, r"would take about \d+ s; the limit is 25 s"),
        (5_000, 256, r"would need about 425 MiB of memory; the limit is 256 MiB"),
    ],
)
def test_what_does_not_end_or_fit_is_refused_with_its_reason(tickers: int, memory_mb: int, says: str) -> None:
    with pytest.raises(InvalidError, match=says) as refused:
        refuse_what_does_not_end(tickers, memory_mb)
    assert [row["field"] for row in refused.value.details] == ["tickers"]
