"""A PostgreSQL for the tests of this folder."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres.server import Postgres


@pytest.fixture(scope="session")
def reachable() -> Iterator[Path]:
    """A folder that others can reach, which pytest's own is not: PostgreSQL runs as nobody for root."""
    folder = Path(tempfile.mkdtemp(prefix="parakeet-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shared(reachable: Path) -> Iterator[Postgres]:
    with Postgres(reachable / "shared") as postgres:
        yield postgres


@pytest.fixture
def postgres(shared: Postgres) -> Iterator[Postgres]:
    """One that runs, without any fault, however the test before left it."""
    yield shared
    shared.start()
    shared.accept()
    shared.delay(0)
    shared.cut()
