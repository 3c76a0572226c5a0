"""One deployed dev for all tests here."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end import served as served_module
from tests.end_to_end.served import TRADER, Api, Served
from tests.terraform.account import Account


@pytest.fixture(scope="session")
def served(mirror: Path | None, accounts: list[Account], unwritten: set[str]) -> Iterator[Served]:
    """Deployed once, and served until the end."""
    with (
        # PostgreSQL's own user has to get to it, and cannot get to `folder`.
        tempfile.TemporaryDirectory(prefix="parakeet-", ignore_cleanup_errors=True) as name,
        served_module.serving(Path(name), mirror) as served,
    ):
        accounts.append(served.account)
        variables = served.platform.workspace.secrets[served.platform.secrets_stack]
        unwritten |= {
            # Every token begins with it: it names the key.
            served.platform.team.tokens.person(TRADER).partition(".")[0],
            served.platform.postgres.password,
            served.platform.aws.service_token,
            *(
                variables[f"TF_VAR_{each}"]
                for each in ("neon_database_url", "tiingo_api_key", "polygon_api_key")
            ),
        }
        yield served


@pytest.fixture
def api(served: Served) -> Iterator[Api]:
    """The API for a person whom Cloudflare has let in."""
    with served.person() as api:
        yield api


@pytest.fixture
def anonymous(served: Served) -> Iterator[Api]:
    """The API for somebody without a token."""
    with served.api(None) as api:
        yield api
