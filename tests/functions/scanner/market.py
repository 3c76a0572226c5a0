"""A market to scan, and the scanner API on it."""

from collections.abc import Iterator

import numpy as np
import pytest

from functions.market.cache import Cache
from functions.market.objects import Objects
from functions.scanner import handler as scanner
from tests.functions.calling import Call, caller
from tests.functions.filled_cache import empty_cache, fill
from tests.functions.scanner.panels import walks

PANEL = walks(3)


@pytest.fixture
def market() -> Iterator[Objects]:
    """The panel's bars in a cache of the test's own."""
    with empty_cache() as objects:
        columns = {name: np.round(values, 6) for name, values in PANEL.columns.items()}
        fill(objects, PANEL.dates, PANEL.tickers, columns)
        yield objects


def caller_on(objects: Objects, monkeypatch: pytest.MonkeyPatch, memory_mb: int = 512) -> Call:
    """Sends requests to the scanner API on that cache."""
    cached = Cache(objects)
    monkeypatch.setenv("AWS_S3_BUCKET", objects.bucket)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", str(memory_mb))
    scanner.Settings.read.cache_clear()
    monkeypatch.setattr(scanner, "_cache", lambda: cached)
    return caller(scanner.handler)
