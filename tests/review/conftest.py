"""A platform that stays as it was: the pages about it are snapshots, whatever becomes of the real one."""

from pathlib import Path

import pytest

from review.stack import Stack
from tests.review.documents import frozen


@pytest.fixture(scope="session")
def old() -> dict[str, Stack]:
    """dev, prod and bootstrap as they were once synthesized, but for hashes and cdktf's notes."""
    return frozen(Path(__file__).parent / "platform")


@pytest.fixture
def prod(old: dict[str, Stack]) -> dict[str, Stack]:
    """prod alone, for what one stack tells."""
    return {"parakeet-prod": old["parakeet-prod"]}
