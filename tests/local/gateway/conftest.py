"""Fixtures of the gateway's tests."""

from pathlib import Path

import pytest

from tests.local.gateway.serving import aws, serve, team

__all__ = ["aws", "serve", "team"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "gateway.log"
