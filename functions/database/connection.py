"""One connection per execution environment, and transactions on it."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from functions.database.address import DatabaseSecret, parse
from functions.runtime.errors import UnavailableError
from functions.runtime.log import log
from functions.runtime.secrets import Secret
from functions.runtime.variables import Variables

ROLE = "parakeet_application"
"""Reads and writes rows, and cannot change the schema. The migrations create it."""

STATEMENT_TIMEOUT_S = 8
TRANSACTION_TIMEOUT_S = 12
"""Well below the functions' own and the HTTP API's 30 s, with the time for a new connection."""

Cursor = psycopg.Cursor[DictRow]
Parameters = Mapping[str, Any]

_BEGIN = (
    # One round trip, in the transaction, since a pooler may give the next one to another session.
    "BEGIN ISOLATION LEVEL {isolation}; "
    f"SET LOCAL ROLE {ROLE}; "
    # In another zone the last hours of the year 9999 would be beyond Python's calendar.
    "SET LOCAL TimeZone = 'UTC'; "
    f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_S}s'; "
    f"SET LOCAL idle_in_transaction_session_timeout = '{TRANSACTION_TIMEOUT_S}s'"
)
_WRITE = _BEGIN.format(isolation="READ COMMITTED")
_READ = _BEGIN.format(isolation="REPEATABLE READ READ ONLY")

_NOT_THERE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    # A schema that is not up to date, and a role that it has not made yet.
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidParameterValue,
)
# As libpq words them; anything more of its message would name host and user.
_REASONS = ("certificate", "password authentication", "timeout", "refused", "resolve", "SSL", "closed")


class Database:
    """Transactions on a connection that is opened when first needed, and anew when the server closed it."""

    def __init__(self, parameters: Callable[[bool], Parameters]) -> None:
        """`parameters` gives psycopg's; called with True, it looks them up anew."""
        self._parameters = parameters
        self._connection: psycopg.Connection[DictRow] | None = None

    @contextmanager
    def read(self) -> Iterator[Cursor]:
        """All that is read in it is of one moment.

        Raises UnavailableError if the database does not answer in time.
        """
        with self._transaction(_READ) as cursor:
            yield cursor

    @contextmanager
    def write(self) -> Iterator[Cursor]:
        """Committed at its end, or rolled back if anything is raised.

        Raises UnavailableError if the database does not answer in time. Nothing is tried twice, as nobody
        knows whether a commit that broke off was done.
        """
        with self._transaction(_WRITE) as cursor:
            yield cursor

    def close(self) -> None:
        """The next transaction opens a connection again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Cursor]:
        try:
            connection = self._begun(begin)
            with _deadline(connection), connection.cursor() as cursor:
                yield cursor
                if cursor.execute("COMMIT").statusmessage != "COMMIT":
                    raise RuntimeError("the transaction had failed before its end: nothing was committed")
        except _NOT_THERE as error:
            raise _unavailable(error) from None
        finally:
            self._end()

    def _begun(self, begin: str) -> psycopg.Connection[DictRow]:
        if self._connection is not None:
            # Neon closes what is idle. Only this first statement may be said twice.
            try:
                return _executed(self._connection, begin)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                self.close()
        self._connection = self._connected()
        return _executed(self._connection, begin)

    def _connected(self) -> psycopg.Connection[DictRow]:
        parameters = self._parameters(False)
        try:
            return _connect(parameters)
        except psycopg.OperationalError:
            # The password may have been rotated since the secret was read.
            renewed = self._parameters(True)
            if renewed == parameters:
                raise
            return _connect(renewed)

    def _end(self) -> None:
        connection = self._connection
        if connection is None or connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            return
        try:
            with _deadline(connection):
                connection.execute("ROLLBACK")
        except psycopg.Error:
            self.close()


def _connect(parameters: Parameters) -> psycopg.Connection[DictRow]:
    return psycopg.connect(
        **parameters,
        # Transactions are begun in so many words, and a pooler loses prepared statements.
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
    )


def _executed(connection: psycopg.Connection[DictRow], statement: str) -> psycopg.Connection[DictRow]:
    with _deadline(connection):
        connection.execute(statement.encode())
    return connection


@contextmanager
def _deadline(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A server that stands still has timeouts that stand still too: cut the line ourselves."""
    with socket.socket(fileno=os.dup(connection.fileno())) as line:

        def cut() -> None:
            # It may have been closed, by either side, in this very moment.
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(TRANSACTION_TIMEOUT_S, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _unavailable(error: psycopg.Error) -> UnavailableError:
    reason = next((words for words in _REASONS if words in str(error)), None)
    log.error(
        "the database does not answer",
        extra={"kind": type(error).__name__, "sqlstate": error.sqlstate, "reason": reason},
    )
    return UnavailableError("The database does not answer at the moment.")


class DatabaseVariables(Variables):
    """The variables of a function that uses the database."""

    secrets_arn: str


@cache
def database() -> Database:
    """The platform's database, as its secret says."""
    secret = Secret(DatabaseVariables.read().secrets_arn, DatabaseSecret)
    return Database(lambda fresh: parse(secret.read(fresh=fresh).url).parameters())
