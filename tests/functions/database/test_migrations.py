"""The schema's versions, and what the application may do with it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from functions.database.connection import ROLE, Database
from functions.database.migrations import schema
from functions.database.migrations.schema import migrate
from packages.layer import twin
from tests.functions.postgresql import PostgreSql

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]

HALF_WAY = 1
"""A lock of these tests."""

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
    process = _migrating(server, dbname)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    before, after = json.loads(said)
    return before, after


def _migrating(server: PostgreSql, dbname: str) -> "subprocess.Popen[str]":
    # A process each, as Lambda's: Alembic keeps its state in the module.
    code = (
        "import sys, json; from functions.database.migrations.schema import migrate;"
        "print(json.dumps(migrate(json.loads(sys.argv[1]))))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(server.parameters(dbname))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_one_that_is_killed_half_way_leaves_nothing_locked_and_nothing_half_done(
    server: PostgreSql, bare: str
) -> None:
    """It waits for a lock of this test once its first tables are there, until it is killed."""
    server.execute(
        "CREATE FUNCTION hold_up() RETURNS event_trigger LANGUAGE plpgsql"
        f" AS 'BEGIN PERFORM pg_advisory_xact_lock_shared({HALF_WAY}); END'",
        "CREATE EVENT TRIGGER half_way ON ddl_command_end WHEN TAG IN ('CREATE INDEX')"
        " EXECUTE FUNCTION hold_up()",
        dbname=bare,
    )
    with psycopg.connect(**server.parameters(bare), autocommit=True) as holding:
        holding.execute(f"SELECT pg_advisory_lock({HALF_WAY})".encode())
        killed = _migrating(server, bare)
        _wait_for(holding, schema.LOCK, granted=True)
        _wait_for(holding, HALF_WAY, granted=False)
        killed.kill()
        assert killed.wait() == -signal.SIGKILL
    assert migrate(server.parameters(bare)) == (None, NEWEST)


def _wait_for(connection: "psycopg.Connection[Any]", lock: int, *, granted: bool) -> None:
    end = time.monotonic() + 30
    asked = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted = %s"
    while not connection.execute(asked, (lock, granted)).fetchone():
        assert time.monotonic() < end, f"nobody has or awaits {lock}"
        time.sleep(0.01)


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
