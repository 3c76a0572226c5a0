"""PostgreSQL for the functions' tests: a server for all, a database of its own for each."""

import os
from collections.abc import Iterator

import pytest

# Before a function's modules are loaded: Powertools reads its variables then.
os.environ.update(
    ENVIRONMENT="dev",
    CODE_VERSION="0123456789ab",
    POWERTOOLS_SERVICE_NAME="potential-parakeet-tests",
    LOG_LEVEL="INFO",
)

from functions.database.connection import Database
from functions.database.migrations.schema import migrate
from tests.functions.postgresql import OWNER, PostgreSql, postgresql

TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSql]:
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(server: PostgreSql) -> str:
    """The name of a database whose schema is up to date, to copy."""
    server.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
    migrate(server.parameters(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def dbname(server: PostgreSql, migrated: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of an up-to-date database of the test's own."""
    name = f"test_{abs(hash(request.node.nodeid))}"
    server.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {migrated} STRATEGY file_copy")
    yield name
    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def database(server: PostgreSql, dbname: str) -> Iterator[Database]:
    database = Database(lambda _: server.parameters(dbname))
    yield database
    database.close()
