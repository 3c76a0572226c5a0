"""The connection through TLS to a server that misbehaves."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from functions.database import connection
from functions.database.address import parse
from functions.database.connection import Database
from functions.runtime.errors import UnavailableError
from tests.functions.postgresql import OWNER, PASSWORD, PostgreSql
from tests.functions.tls_front import TlsFront, tls_front, write_certificates

pytestmark = pytest.mark.integration

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return write_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def front(server: PostgreSql, certificates: tuple[Path, Path, Path]) -> Iterator[TlsFront]:
    _, certificate, key = certificates
    with tls_front(server.port, certificate, key) as front:
        yield front


@pytest.fixture
def url(
    front: TlsFront,
    dbname: str,
    certificates: tuple[Path, Path, Path],
    variables: pytest.MonkeyPatch,
) -> str:
    variables.setenv("DATABASE_CA_FILE", str(certificates[0]))
    return f"postgresql+asyncpg://{OWNER}:{PASSWORD}@127.0.0.1:{front.port}/{dbname}?ssl=require"


@pytest.fixture
def remote(url: str) -> Iterator[Database]:
    """The database behind the front."""
    database = Database(lambda _: parse(url).parameters())
    yield database
    database.close()


END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
INSERT = "INSERT INTO parakeet.idempotency_keys (caller, key, request) VALUES ('a', %s, 'x')"


def keys(database: Database) -> int:
    with database.read() as cursor:
        row = cursor.execute("SELECT count(*) AS keys FROM parakeet.idempotency_keys").fetchone()
    assert row is not None
    found: int = row["keys"]
    return found


def write(database: Database, key: str) -> None:
    with database.write() as cursor:
        cursor.execute(INSERT, [key])


def test_one_connection_serves_many_transactions(remote: Database, front: TlsFront) -> None:
    for number in range(5):
        write(remote, str(number))
    assert keys(remote) == 5
    assert front.accepted == 1


def test_a_certificate_of_an_unknown_authority_is_refused(
    url: str, variables: pytest.MonkeyPatch, log_lines: Lines
) -> None:
    variables.delenv("DATABASE_CA_FILE")
    with pytest.raises(UnavailableError):
        keys(Database(lambda _: parse(url).parameters()))
    assert [line["reason"] for line in log_lines()] == ["certificate"]


def test_a_certificate_for_another_host_is_refused(url: str, log_lines: Lines) -> None:
    elsewhere = url.replace("@127.0.0.1:", "@localhost:")
    with pytest.raises(UnavailableError):
        keys(Database(lambda _: parse(elsewhere).parameters()))
    assert [line["reason"] for line in log_lines()] == ["certificate"]


def test_a_server_without_tls_is_refused(server: PostgreSql, url: str, front: TlsFront) -> None:
    bare = url.replace(f":{front.port}/", f":{server.port}/")
    with pytest.raises(UnavailableError):
        keys(Database(lambda _: parse(bare).parameters()))


def test_a_connection_that_the_server_closed_is_opened_anew_without_an_error(
    remote: Database, front: TlsFront
) -> None:
    write(remote, "before")
    front.cut()
    write(remote, "after")
    assert keys(remote) == 2
    assert front.accepted == 2


def test_a_backend_that_was_ended_is_replaced_without_an_error(
    remote: Database, server: PostgreSql, dbname: str
) -> None:
    write(remote, "before")
    server.execute(END_OTHERS, dbname=dbname)
    write(remote, "after")
    assert keys(remote) == 2


def test_a_line_cut_in_a_transaction_is_503_and_nothing_half_done(remote: Database, front: TlsFront) -> None:
    write(remote, "before")

    def interrupted() -> None:
        with remote.write() as cursor:
            cursor.execute(INSERT, ["lost"])
            front.cut()
            cursor.execute(INSERT, ["lost too"])

    with pytest.raises(UnavailableError):
        interrupted()
    assert keys(remote) == 1


def test_a_commit_whose_answer_is_lost_is_503_and_done_at_most_once(
    remote: Database, front: TlsFront
) -> None:
    write(remote, "before")
    front.cut_after = b"COMMIT\0"
    with pytest.raises(UnavailableError):
        write(remote, "uncertain")
    front.cut_after = None
    assert keys(remote) == 2


def test_a_database_that_is_down_is_503_with_retry_after(url: str, front: TlsFront, log_lines: Lines) -> None:
    front.close()
    with pytest.raises(UnavailableError) as refused:
        keys(Database(lambda _: parse(url).parameters()))
    assert refused.value.headers["Retry-After"]
    (line,) = log_lines()
    assert line["reason"] == "refused"
    assert PASSWORD not in str(log_lines()) + str(refused.value)


def test_a_server_that_stands_still_is_given_up_and_comes_back_by_itself(
    remote: Database, front: TlsFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing, so its own timeouts do not help."""
    assert keys(remote) == 0
    front.flowing.clear()
    with monkeypatch.context() as patched:
        patched.setattr(connection, "TRANSACTION_TIMEOUT_S", 0.3)
        with pytest.raises(UnavailableError), remote.read() as cursor:
            cursor.execute("SELECT 1")
    front.flowing.set()
    assert keys(remote) == 0


def test_a_slow_statement_is_503(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(connection, "_READ", connection._READ.replace("'8s'", "'50ms'"))
        with pytest.raises(UnavailableError), database.read() as cursor:
            cursor.execute("SELECT pg_sleep(5)")
    assert keys(database) == 0


def test_a_wrong_password_is_looked_up_anew_once(server: PostgreSql, dbname: str) -> None:
    right = server.parameters(dbname)
    asked: list[bool] = []

    def parameters(fresh: bool) -> dict[str, Any]:
        asked.append(fresh)
        return right if fresh else {**right, "password": "before the rotation"}

    database = Database(parameters)
    assert keys(database) == 0
    assert asked == [False, True]
    database.close()


def test_an_error_rolls_back_and_the_connection_stays_usable(remote: Database, front: TlsFront) -> None:
    def divided() -> None:
        with remote.write() as cursor:
            cursor.execute(INSERT, ["rolled back"])
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        divided()
    assert keys(remote) == 0
    assert front.accepted == 1


def test_an_error_that_was_swallowed_is_no_commit(database: Database) -> None:
    def swallowed() -> None:
        with database.write() as cursor, suppress(psycopg.errors.DivisionByZero):
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="nothing was committed"):
        swallowed()


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), database.read() as cursor:
        cursor.execute("DELETE FROM parakeet.idempotency_keys")


def test_a_schema_that_is_not_there_yet_is_503(
    server: PostgreSql, new_database: Callable[[str], str]
) -> None:
    name = new_database("template0")
    with pytest.raises(UnavailableError):
        keys(Database(lambda _: server.parameters(name)))


def test_a_pooler_that_changes_sessions_finds_no_prepared_statement(database: Database) -> None:
    for number in range(10):
        write(database, str(number))
    with database.read() as cursor:
        rows = cursor.execute("SELECT name FROM pg_prepared_statements").fetchall()
    assert rows == []
