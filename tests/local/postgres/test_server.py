"""A real PostgreSQL: kept, stopped, started, crashed, and gone with whoever started it."""

import os
from pathlib import Path

import psycopg
import pytest

from local.child import ChildError
from local.postgres.server import Postgres
from tests.local.owner import left_when_killed

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[3]


def value(postgres: Postgres, query: str) -> object:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def run(postgres: Postgres, commands: str) -> None:
    with psycopg.connect(postgres.url()) as connection:
        connection.execute(commands)


def test_its_login_is_no_superuser_but_may_make_databases_and_roles_as_neons(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
        connection.execute("CREATE ROLE writer")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'cat'")
    assert psycopg.connect(postgres.url("another")).execute("SELECT current_user").fetchone() == ("parakeet",)


def test_it_speaks_utf_8_and_utc_and_sorts_the_same_everywhere(postgres: Postgres) -> None:
    assert value(postgres, "SHOW server_encoding") == "UTF8"
    assert value(postgres, "SHOW timezone") == "UTC"
    assert (
        value(postgres, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
    )


@pytest.mark.parametrize("end", [Postgres.stop, Postgres.kill], ids=["stopped", "crashed"])
def test_what_was_committed_is_there_after_it_was_stopped_or_crashed_and_started(
    postgres: Postgres, end: object
) -> None:
    assert callable(end)
    run(postgres, "DROP TABLE IF EXISTS kept; CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)")
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("INSERT INTO kept VALUES (8)")
        end(postgres)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="Couldn't connect to compute node"):
            psycopg.connect(postgres.url())
        postgres.start()
    assert value(postgres, "SELECT array_agg(a) FROM kept") == [7]


def test_its_data_and_password_outlive_its_process_and_its_certificate_does_not(reachable: Path) -> None:
    with Postgres(reachable / "again") as first:
        run(first, "CREATE TABLE kept (a int)")
        password, authority = first.password, first.ca_file.read_bytes()
    with Postgres(reachable / "again", port=first.port) as second:
        assert second.port == first.port
        assert value(second, "SELECT count(*) FROM kept") == 0
        assert second.password == password
        assert second.ca_file.read_bytes() != authority


def test_nobody_else_can_read_its_folder_and_the_certificates_key_is_in_no_file(shared: Postgres) -> None:
    folder = shared.ca_file.parent
    assert folder.stat().st_mode & 0o077 == 0o011
    for file in folder.iterdir():
        if "password" in file.name:
            assert file.stat().st_mode & 0o777 == 0o600, file
    assert (folder / "data").stat().st_mode & 0o077 == 0
    assert not [file for file in folder.iterdir() if file.is_file() and b"PRIVATE KEY" in file.read_bytes()]


def test_it_is_gone_with_the_process_that_started_it_even_if_that_is_killed(reachable: Path) -> None:
    left = left_when_killed("local.postgres.server", "Postgres(folder)", "it.pid", reachable / "orphan")
    assert left == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as somebody else")
def test_a_folder_that_postgresql_cannot_reach_is_one_line_that_names_it(reachable: Path) -> None:
    closed = reachable / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ChildError, match=rf"^PostgreSQL ended: .* chmod o\+x {closed}$"):
        Postgres(closed / "postgres").__enter__()
    assert not (closed / "postgres" / "data").exists()


def test_a_port_that_is_taken_is_one_line_and_leaves_nothing_running(
    postgres: Postgres, reachable: Path
) -> None:
    with pytest.raises(ChildError, match=rf"cannot have port {postgres.port}: Address already in use$"):
        Postgres(reachable / "other", port=postgres.port).__enter__()
    assert not (reachable / "other" / "data" / "postmaster.pid").exists()


def test_an_unknown_request_is_said_to_be_one(postgres: Postgres) -> None:
    with pytest.raises(ChildError, match="unknown request"):
        postgres._tell("restart")
    with pytest.raises(ChildError, match="could not convert"):
        postgres._tell("delay soon")
    assert value(postgres, "SELECT 1") == 1
