"""DuckDB: the one engine that reads and writes the cache's Parquet."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import local
from typing import Any

import duckdb

from functions.market.layout import MILLIONTHS, SCHEMA_VERSION
from functions.market.manifest import UnknownSchemaError, UnreadableError

_thread = local()
# A SELECT that is wrong, or more than there is room for: no fault of the file.
_OURS = (duckdb.BinderException, duckdb.CatalogException, duckdb.OutOfMemoryException, duckdb.ParserException)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        config={
            # A function has about one core, and an ingest threads of its own.
            "threads": "1",
            "memory_limit": "256MB",
            # Lambda's only folder that can be written.
            "temp_directory": tempfile.gettempdir(),
            # An extension would be a download.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )


def connection() -> duckdb.DuckDBPyConnection:
    """This thread's own connection to the process's one database, which is in memory."""
    if not hasattr(_thread, "connection"):
        _thread.connection = _database().cursor()
    opened: duckdb.DuckDBPyConnection = _thread.connection
    return opened


def write(select: str, table: Mapping[str, Any]) -> bytes:
    """The Parquet file of a SELECT from `source`, whose columns are one-dimensional numpy arrays."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        # DuckDB finds a table of arrays by the name of the variable that holds it.
        source = dict(table)  # noqa: F841 - named in the SELECT
        connection().execute(
            f"COPY ({select}) TO '{file.name}' (FORMAT parquet, COMPRESSION zstd, "
            f"KV_METADATA {{schema_version: '{SCHEMA_VERSION}'}})"
        )
        return Path(file.name).read_bytes()


def arrays(file: Path, select: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
    """The columns of a SELECT's answer as numpy arrays, masked where they are NULL.

    `{file}` in it stands for a file that was checked. Raises UnreadableError: the check is of its footer.
    """
    with _readable():
        return _answer(file, select, parameters).fetchnumpy()


def rows(file: Path, select: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a SELECT's answer, as `arrays`."""
    with _readable():
        return _answer(file, select, parameters).fetchall()


def _answer(file: Path, select: str, parameters: Sequence[Any]) -> duckdb.DuckDBPyConnection:
    return connection().execute(select.replace("{file}", f"read_parquet('{file}')"), list(parameters))


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except _OURS:
        raise
    except duckdb.Error as error:
        raise UnreadableError(f"a Parquet file cannot be read: {error}") from error


def refuse_unknown_schema(file: Path) -> None:
    """Raises UnknownSchemaError for a file of another version, and UnreadableError for what is no Parquet.

    By its footer, which a file that was cut off lacks.
    """
    with _readable():
        found = connection().execute("SELECT key, value FROM parquet_kv_metadata($1)", [str(file)]).fetchall()
    version = dict(found).get(b"schema_version", b"none").decode()
    if version != str(SCHEMA_VERSION):
        raise UnknownSchemaError(
            f"a Parquet file has schema version {version}; this code reads {SCHEMA_VERSION}"
        )


@contextmanager
def on_disk(content: bytes) -> Iterator[Path]:
    """A file of that content, for as long as the context. Raises UnreadableError."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(content)
        file.flush()
        refuse_unknown_schema(Path(file.name))
        yield Path(file.name)


def quoted(name: str) -> str:
    """A name of a column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def decimals(name: str, digits: int = 18) -> str:
    """SQL: a column of whole millionths as the DECIMAL(18,6) that it is, or one of more digits."""
    return f"({name}::DECIMAL({digits},0) * 0.000001::DECIMAL(6,6))::DECIMAL({digits},6)"


def millionths(name: str) -> str:
    """SQL: a column of DECIMAL(18,6) as the whole millionths that it is. Wide, as 18 digits overflow."""
    return f"({name}::DECIMAL(24,6) * {MILLIONTHS})::BIGINT"
