"""What a function that computes has: time and a processor."""

# Lambda gives a whole processor at this memory, and a part of one below (AWS's documentation of memory).
WHOLE_PROCESSOR_MB = 1769

MAX_SECONDS = 25.0
"""An HTTP API ends at 30."""


def seconds_in(memory_mb: int, whole: float) -> float:
    """How long it takes in a function of that memory what a whole processor does in so many seconds."""
    return whole / min(1.0, memory_mb / WHOLE_PROCESSOR_MB)
