"""What a run will cost, known before it starts."""

from dataclasses import dataclass

from functions.runtime.errors import InvalidError
from functions.runtime.limits import MAX_SECONDS, seconds_in

MAX_WEIGHTS = 270_000
"""Of all rebalances together: Lambda's answer ends at 6 MB, and each takes up to 22 bytes of it."""

# Seconds of a whole processor, measured by `python -m benchmarks --only research`, and twice that, as
# processors differ: an empty run; a close read and looked at; a close that a decision computes with; an order
# made, stored and shown.
_RUN = 0.25
_CLOSE = 2.6e-7
_WEIGHT_INPUT = 4e-8
_ORDER = 2e-5

# Measured alike: the process with all it imports; DuckDB's buffers, which grow with the columns of one panel;
# a close in all its copies; an order.
_PROCESS_MB = 215
_COLUMN_MB = 0.25
_PANEL_COLUMNS = 500
_CLOSE_BYTES = 34
_ORDER_BYTES = 900


@dataclass(frozen=True)
class Size:
    """A run in numbers: rows and columns of closes, decisions, closes that each decision looks at per ticker,
    and assets held at most.
    """

    days: int
    tickers: int
    decisions: int
    bars: int
    held: int

    @property
    def weights(self) -> int:
        """How many weights the answer may show, and orders the run may make."""
        return self.decisions * self.held


def seconds(size: Size, memory_mb: int) -> float:
    """How long it takes at most, in a function of that memory."""
    whole = (
        _RUN
        + _CLOSE * size.days * size.tickers
        + _WEIGHT_INPUT * size.decisions * size.tickers * size.bars
        + _ORDER * size.weights
    )
    return seconds_in(memory_mb, whole)


def megabytes(size: Size) -> float:
    """How much memory it takes at most."""
    arrays = _CLOSE_BYTES * size.days * size.tickers + _ORDER_BYTES * size.weights
    return _PROCESS_MB + _COLUMN_MB * min(size.tickers, _PANEL_COLUMNS) + arrays / 2**20


def refuse_what_does_not_end(size: Size, memory_mb: int) -> None:
    """Raises InvalidError, with the reason, for a run that would not end in time, not fit, or not be
    answered.
    """
    took, needs = seconds(size, memory_mb), megabytes(size)
    if took > MAX_SECONDS:
        reason, limit = f"would take about {took:.0f} s", f"{MAX_SECONDS:.0f} s"
    elif needs > memory_mb:
        reason, limit = f"would need about {needs:.0f} MiB of memory", f"{memory_mb} MiB"
    elif size.weights > MAX_WEIGHTS:
        reason, limit = f"would hold up to {size.weights:,} weights", f"{MAX_WEIGHTS:,}"
    else:
        return
    raise InvalidError(
        f"This run {reason}; the limit is {limit}. Ask for fewer tickers or a shorter time.",
        [
            {"field": "tickers", "in": "body", "value": size.tickers, "allowed": "Fewer, or a shorter time"},
            {
                "field": "start",
                "in": "body",
                "value": size.days,
                "allowed": "Fewer trading days, or fewer tickers",
            },
        ],
    )
