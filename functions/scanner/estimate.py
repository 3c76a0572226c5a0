"""What a scan will cost, known before it starts."""

from functions.runtime.errors import InvalidError
from functions.runtime.limits import MAX_SECONDS, seconds_in

# Seconds of a whole processor, measured by `python -m benchmarks --only research`, and twice that, as
# processors differ: an empty scan; a ticker's 300 days read and looked at.
_SCAN = 0.2
_TICKER = 2.6e-4
# Measured alike: the process with all it imports and DuckDB's buffers; a ticker's days in all their copies.
_PROCESS_MB = 125
_TICKER_MB = 0.06


def seconds(tickers: int, memory_mb: int) -> float:
    """How long it takes at most, in a function of that memory."""
    return seconds_in(memory_mb, _SCAN + _TICKER * tickers)


def megabytes(tickers: int) -> float:
    """How much memory it takes at most."""
    return _PROCESS_MB + _TICKER_MB * tickers


def refuse_what_does_not_end(tickers: int, memory_mb: int) -> None:
    """Raises InvalidError, with the reason, for a scan that would not end in time or not fit."""
    took, needs = seconds(tickers, memory_mb), megabytes(tickers)
    if took > MAX_SECONDS:
        reason, limit = f"would take about {took:.0f} s", f"{MAX_SECONDS:.0f} s"
    elif needs > memory_mb:
        reason, limit = f"would need about {needs:.0f} MiB of memory", f"{memory_mb} MiB"
    else:
        return
    raise InvalidError(
        f"This scan {reason}; the limit is {limit}. Ask for fewer tickers.",
        [{"field": "tickers", "in": "body", "value": tickers, "allowed": "Fewer"}],
    )
