"""Results of runs in PostgreSQL. All runs in the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Cursor
from psycopg.rows import DictRow

Row = Mapping[str, Any]

_TRADE = ("number", "date", "ticker", "direction", "quantity", "price", "value", "cost")
_SUMMARY = (
    "id, strategy, parameters, index, tickers, start_date, end_date, currency, initial_capital, commission,"
    " slippage_bps, fx_bps, final_equity, costs_paid, metrics, ingest_run, code_version, run_by, created_at"
)


def insert(cursor: Cursor[DictRow], result: Row, trades: Sequence[tuple[Any, ...]]) -> int:
    """The new result's id. `result` has a value for each column but id and created_at."""
    names = ", ".join(result)
    values = ", ".join(f"%({name})s" for name in result)
    insert = f"INSERT INTO parakeet.strategy_results ({names}) VALUES ({values}) RETURNING id"  # noqa: S608 - the code's own names
    cursor.execute(insert.encode(), result)
    made = cursor.fetchone()
    assert made is not None
    identity: int = made["id"]
    into = f"COPY parakeet.strategy_trades (result_id, {', '.join(_TRADE)}) FROM STDIN"
    with cursor.copy(into.encode()) as copy:
        for trade in trades:
            copy.write_row((identity, *trade))
    return identity


def find_page(cursor: Cursor[DictRow], strategy: str, page: int, page_size: int) -> tuple[list[Row], int]:
    """Summaries of one strategy's results, the newest first, and how many there are."""
    cursor.execute(
        f"SELECT {_SUMMARY} FROM parakeet.strategy_results WHERE strategy = %s"  # noqa: S608 - the code's own names
        " ORDER BY id DESC LIMIT %s OFFSET %s".encode(),
        [strategy, page_size, (page - 1) * page_size],
    )
    rows: list[Row] = [*cursor.fetchall()]
    return rows, _count(cursor, "strategy_results WHERE strategy = %s", strategy)


def find(cursor: Cursor[DictRow], ids: Sequence[int]) -> list[Row]:
    """Summaries in the order of the ids; those that there are not are left out."""
    cursor.execute(
        f"SELECT {_SUMMARY} FROM parakeet.strategy_results WHERE id = ANY(%s::bigint[])"  # noqa: S608 - the code's own names
        " ORDER BY array_position(%s::bigint[], id)".encode(),
        [list(ids), list(ids)],
    )
    return [*cursor.fetchall()]


def find_in_full(cursor: Cursor[DictRow], identity: int) -> Row | None:
    """A result with its equity curve and rebalances, both as JSON text."""
    cursor.execute(
        f"SELECT {_SUMMARY}, equity_curve::text, rebalances::text"  # noqa: S608 - the code's own names
        " FROM parakeet.strategy_results WHERE id = %s".encode(),
        [identity],
    )
    return cursor.fetchone()


def find_trades(cursor: Cursor[DictRow], identity: int, page: int, page_size: int) -> tuple[list[Row], int]:
    """A page of a result's trades in their order, and how many there are."""
    cursor.execute(
        "SELECT date, ticker, direction, quantity, price, value, cost FROM parakeet.strategy_trades"
        " WHERE result_id = %s ORDER BY number LIMIT %s OFFSET %s",
        [identity, page_size, (page - 1) * page_size],
    )
    rows: list[Row] = [*cursor.fetchall()]
    return rows, _count(cursor, "strategy_trades WHERE result_id = %s", identity)


def _count(cursor: Cursor[DictRow], of: str, value: object) -> int:
    count = f"SELECT count(*) AS rows FROM parakeet.{of}"  # noqa: S608 - the code's own text
    row = cursor.execute(count.encode(), [value]).fetchone()
    assert row is not None
    rows: int = row["rows"]
    return rows
