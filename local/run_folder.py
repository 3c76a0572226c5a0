"""A folder for one run, gone when that ends."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def run_folder() -> Iterator[Path]:
    """Below the system's temporary folder, which PostgreSQL's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="parakeet-", ignore_cleanup_errors=True) as name:
        yield Path(name)
