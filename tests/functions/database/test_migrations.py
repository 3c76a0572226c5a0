"""The schema's versions, and what the application may do with it."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from functions.database.connection import ROLE, Database
from functions.database.migrations import schema
from functions.database.migrations.schema import migrate
from packages.layer import twin
from tests.functions.postgresql import PostgreSql

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]

LOCK = 0x7061726B
"""Of env.py, which cannot be imported: it runs when it is."""

NEWEST = max(
    path.name[:4] for path in (Path(schema.__file__).parent / "versions").glob("[0-9][0-9][0-9][0-9]_*.py")
)


@pytest.fixture
def bare(new_database: Callable[[str], str]) -> str:
    """A database without a schema."""
    return new_database("template0")


def test_migrating_twice_changes_nothing_the_second_time(server: PostgreSql, bare: str) -> None:
    assert migrate(server.parameters(bare)) == (None, NEWEST)
    assert migrate(server.parameters(bare)) == (NEWEST, NEWEST)


def test_the_stripped_layers_have_all_that_migrating_needs(server: PostgreSql, bare: str) -> None:
    layers = ("core", "migrations")
    code = (
        f"import sys, json; sys.path[:0] = {[str(ROOT), *(str(twin(name).path) for name in layers)]};"
        "from functions.database.migrations.schema import migrate;"
        "from sqlalchemy.util import has_compiled_ext;"
        "print(json.dumps([has_compiled_ext(), *migrate(json.loads(sys.argv[1]))]))"
    )
    process = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code, json.dumps(server.parameters(bare))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == [False, None, NEWEST]


def test_of_two_at_once_both_succeed_and_one_has_done_it(server: PostgreSql, bare: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: _migrated(server, bare), range(2)))
    assert sorted(outcomes, key=str) == [(NEWEST, NEWEST), (None, NEWEST)]


def _migrated(server: PostgreSql, dbname: str) -> tuple[str | None, str | None]:
    # A process each, as Lambda's: Alembic keeps its state in the module.
    code = (
        "import sys, json; from functions.database.migrations.schema import migrate;"
        "print(json.dumps(migrate(json.loads(sys.argv[1]))))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, json.dumps(server.parameters(dbname))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert process.returncode == 0, process.stderr
    before, after = json.loads(process.stdout)
    return before, after


def test_one_that_was_killed_half_way_leaves_nothing_locked_and_nothing_half_done(
    server: PostgreSql, bare: str
) -> None:
    connection = psycopg.connect(**server.parameters(bare))
    connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})".encode())
    connection.execute("CREATE SCHEMA parakeet")
    server.execute(f"SELECT pg_terminate_backend({connection.info.backend_pid})")
    connection.close()
    assert migrate(server.parameters(bare)) == (None, NEWEST)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE parakeet.more (id int)",
        "CREATE TABLE public.more (id int)",
        "CREATE SCHEMA more",
        "ALTER TABLE parakeet.trade_versions ADD more int",
        "DROP TABLE parakeet.trade_versions",
        "TRUNCATE parakeet.trade_versions",
        "DELETE FROM parakeet.trade_versions",
        "UPDATE parakeet.trade_versions SET quantity = 1",
        "UPDATE parakeet.trade_versions SET known_from = now()",
        "CREATE ROLE more",
        "UPDATE parakeet.alembic_version SET version_num = '0000'",
    ],
)
def test_the_application_can_neither_change_the_schema_nor_what_was_known(
    database: Database, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.write() as cursor:
        cursor.execute(statement.encode())


def test_the_application_works_under_its_own_role(database: Database) -> None:
    with database.read() as cursor:
        row = cursor.execute("SELECT current_user AS role").fetchone()
    assert row == {"role": ROLE}
