"""PostgreSQL for the functions' tests: a server for all, a database of its own for each."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from functions.database.connection import Database
from functions.runtime.log import log
from functions.runtime.variables import Variables
from tests.functions.postgresql import OWNER, PostgreSql, postgresql
from tests.functions.variables import VARIABLES

TEMPLATE = "migrated"


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The variables that the stack sets, read anew by each test."""
    # Its clients keep the credentials that another test gave it.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    Variables.read.cache_clear()
    yield monkeypatch
    Variables.read.cache_clear()


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the functions logged during the test."""
    written = io.StringIO()
    handler = log.registered_handler
    before = handler.setStream(written)  # type: ignore[attr-defined] # a StreamHandler
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    handler.setStream(before)  # type: ignore[attr-defined] # a StreamHandler


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSql]:
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(server: PostgreSql) -> str:
    """The name of a database whose schema is up to date, to copy."""
    # Alembic and SQLAlchemy take a second to import, and unit tests need neither.
    from functions.database.migrations.schema import migrate  # noqa: PLC0415 - see above

    server.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
    migrate(server.parameters(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def new_database(server: PostgreSql, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Makes a database from a template and gives its name."""
    name = f"test_{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]}"

    def make(template: str) -> str:
        server.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY file_copy")
        return name

    yield make
    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def dbname(new_database: Callable[[str], str], migrated: str) -> str:
    """An up-to-date database of the test's own."""
    return new_database(migrated)


@pytest.fixture
def database(server: PostgreSql, dbname: str) -> Iterator[Database]:
    database = Database(lambda _: server.parameters(dbname))
    yield database
    database.close()
