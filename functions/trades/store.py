"""Trades in PostgreSQL. A change ends one version and adds another. All runs in the caller's transaction."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

from psycopg import Cursor, sql
from psycopg.rows import DictRow

Row = Mapping[str, Any]

_FIELDS = (
    "trade_id",
    "ticker",
    "asset_name",
    "asset_class",
    "direction",
    "quantity",
    "entry_price",
    "exit_price",
    "commission",
    "currency",
    "entry_date",
    "exit_date",
    "strategy_name",
    "signal_score",
    "notes",
    "status",
    "pnl",
    "pnl_percent",
    "created_at",
    "change",
    "event_date",
    "changed_by",
    "known_from",
)

SortBy = Literal[
    "entry_date",
    "ticker",
    "quantity",
    "entry_price",
    "exit_price",
    "pnl",
    "pnl_percent",
    "status",
    "strategy_name",
]
SORTABLE = get_args(SortBy)

_MISSING_WHILE_OPEN = ("exit_price", "pnl", "pnl_percent")

_VERSIONS = sql.SQL("SELECT *, known_from AS updated_at FROM parakeet.trade_versions WHERE {}")
# The index alone finds the page; only its rows are read whole.
_PAGE = sql.SQL(
    "SELECT *, known_from AS updated_at FROM parakeet.trade_versions JOIN ("
    " SELECT id, version FROM parakeet.trade_versions WHERE {where}"
    " ORDER BY {order} LIMIT %(size)s OFFSET %(skipped)s"
    ") AS page USING (id, version) ORDER BY {order}"
)
_NOW = sql.SQL("known_until IS NULL AND change <> 'DELETED'")
_THEN = sql.SQL(
    "known_from <= %(as_of)s AND (known_until IS NULL OR known_until > %(as_of)s) AND change <> 'DELETED'"
)
_ONE_MICROSECOND = timedelta(microseconds=1)


def known(as_of: datetime | None) -> sql.SQL:
    """The condition for what is known now, or was known at a time (parameter `as_of`)."""
    return _NOW if as_of is None else _THEN


def clock(cursor: Cursor[DictRow]) -> datetime:
    """The database's clock: the functions' own may differ from one another."""
    return _one(cursor.execute("SELECT clock_timestamp() AS now"))["now"]  # type: ignore[no-any-return] # a timestamptz


def insert(cursor: Cursor[DictRow], trade: Row) -> Row | None:
    """A new trade's first version, or None if its `trade_id` is taken. A `trade_id` of None is made here."""
    made = trade["trade_id"] is None
    while True:
        trade_id = _made_id(cursor) if made else trade["trade_id"]
        row = _inserted(cursor, {**trade, "trade_id": trade_id}, 1, None)
        # Somebody may have given a trade the very name that is made next.
        if row is not None or not made:
            return row


def locked(cursor: Cursor[DictRow], id: int) -> Row | None:
    """The latest version, which nobody else changes until this transaction ends; `now` is its clock."""
    cursor.execute("SELECT 1 FROM parakeet.trade_versions WHERE id = %s AND version = 1 FOR UPDATE", [id])
    # A statement of its own: it sees what the one that held the lock before has written.
    row = find(cursor, id, None)
    return None if row is None else {**row, "now": clock(cursor)}


def replace(cursor: Cursor[DictRow], latest: Row, changes: Row) -> Row:
    """Ends the version that `locked` gave, and adds one with the changes."""
    # Clocks may be set back, what was known may not.
    now = max(latest["now"], latest["known_from"] + _ONE_MICROSECOND)
    cursor.execute(
        "UPDATE parakeet.trade_versions SET known_until = %s WHERE id = %s AND version = %s",
        [now, latest["id"], latest["version"]],
    )
    row = _inserted(cursor, {**latest, **changes, "known_from": now}, latest["version"] + 1, latest["id"])
    assert row is not None, "no other version can be there: the trade is locked"
    return row


def find(cursor: Cursor[DictRow], id: int, as_of: datetime | None) -> Row | None:
    """The trade as it is known now, or was at a time."""
    return cursor.execute(
        _VERSIONS.format(sql.SQL("id = %(id)s AND {}").format(known(as_of))), {"id": id, "as_of": as_of}
    ).fetchone()


def history(cursor: Cursor[DictRow], id: int, page: int, page_size: int) -> tuple[list[DictRow], int]:
    """A page of a trade's versions, oldest first, and how many there are (0: there was no such trade)."""
    # Versions are numbered without a gap.
    rows = cursor.execute(
        _VERSIONS.format(sql.SQL("id = %s AND version > %s ORDER BY version LIMIT %s")),
        [id, (page - 1) * page_size, page_size],
    ).fetchall()
    counted = cursor.execute("SELECT count(*) AS total FROM parakeet.trade_versions WHERE id = %s", [id])
    return rows, _one(counted)["total"]


def find_page(
    cursor: Cursor[DictRow],
    *,
    filters: Mapping[str, Any],
    sort_by: str,
    sort_desc: bool,
    page: int,
    page_size: int,
    as_of: datetime | None,
) -> tuple[list[DictRow], int]:
    """A page, and how many trades there are on all pages. Trades without the value sorted by come last.

    `filters`, None for all: ticker, status, strategy, currency, start and end (of entry_date, end excluded).
    Raises ValueError where trades cannot be sorted by `sort_by`.
    """
    if sort_by not in SORTABLE:
        raise ValueError(f"trades cannot be sorted by {sort_by}")
    where = sql.SQL(" AND ").join(
        [known(as_of), *(_CONDITIONS[name] for name, value in filters.items() if value is not None)]
    )
    parameters = {**filters, "as_of": as_of, "size": page_size, "skipped": (page - 1) * page_size}
    order = sql.SQL("{column} {direction}{last}, id {direction}").format(
        column=sql.Identifier(sort_by),
        direction=sql.SQL("DESC" if sort_desc else "ASC"),
        # An index is of use in both directions only where no value is missing.
        last=sql.SQL(" NULLS LAST" if sort_by in _MISSING_WHILE_OPEN else ""),
    )
    rows = cursor.execute(_PAGE.format(where=where, order=order), parameters).fetchall()
    counted = cursor.execute(
        sql.SQL("SELECT count(*) AS total FROM parakeet.trade_versions WHERE {}").format(where), parameters
    )
    return rows, _one(counted)["total"]


_CONDITIONS = {
    "ticker": sql.SQL("ticker = %(ticker)s"),
    "status": sql.SQL("status = %(status)s"),
    "strategy": sql.SQL("strategy_name = %(strategy)s"),
    "currency": sql.SQL("currency = %(currency)s"),
    "start": sql.SQL("entry_date >= %(start)s"),
    "end": sql.SQL("entry_date < %(end)s"),
}


def totals(cursor: Cursor[DictRow], currency: str, as_of: datetime | None) -> list[DictRow]:
    """Counts and sums of one currency's trades, a row a ticker, by ticker."""
    return cursor.execute(
        sql.SQL("""
        SELECT ticker,
            count(*) AS trades,
            count(*) FILTER (WHERE status = 'OPEN') AS open,
            count(*) FILTER (WHERE status = 'CLOSED') AS closed,
            count(*) FILTER (WHERE pnl > 0) AS winning,
            count(*) FILTER (WHERE pnl < 0) AS losing,
            coalesce(sum(entry_price * quantity) FILTER (WHERE status = 'OPEN'), 0) AS invested,
            coalesce(sum(pnl), 0) AS pnl,
            coalesce(sum(pnl) FILTER (WHERE pnl > 0), 0) AS won,
            coalesce(sum(pnl) FILTER (WHERE pnl < 0), 0) AS lost,
            max(pnl) AS best,
            min(pnl) AS worst
        FROM parakeet.trade_versions
        WHERE currency = %(currency)s AND {}
        GROUP BY ticker ORDER BY ticker
        """).format(known(as_of)),
        {"currency": currency, "as_of": as_of},
    ).fetchall()


def last_change(cursor: Cursor[DictRow], currency: str, as_of: datetime | None) -> datetime | None:
    """When the latest change of one currency's trades was learned. A deletion is one."""
    found = cursor.execute(
        sql.SQL(
            "SELECT max(known_from) AS time FROM parakeet.trade_versions WHERE currency = %(currency)s AND {}"
        ).format(sql.SQL("TRUE" if as_of is None else "known_from <= %(as_of)s")),
        {"currency": currency, "as_of": as_of},
    )
    return _one(found)["time"]  # type: ignore[no-any-return] # a timestamptz


def earned_since(
    cursor: Cursor[DictRow],
    currency: str,
    since: Mapping[str, datetime],
    until: datetime,
    as_of: datetime | None,
) -> DictRow:
    """The P&L of trades closed from each of `since`'s times on, and before `until`, by its names."""
    sums = sql.SQL(", ").join(
        sql.SQL("coalesce(sum(pnl) FILTER (WHERE exit_date >= {}), 0) AS {}").format(
            sql.Placeholder(name), sql.Identifier(name)
        )
        for name in since
    )
    return _one(
        cursor.execute(
            sql.SQL(
                "SELECT {sums} FROM parakeet.trade_versions"
                " WHERE status = 'CLOSED' AND currency = %(currency)s AND exit_date < %(until)s AND {known}"
            ).format(sums=sums, known=known(as_of)),
            {**since, "currency": currency, "until": until, "as_of": as_of},
        )
    )


def _made_id(cursor: Cursor[DictRow]) -> str:
    row = _one(
        cursor.execute(
            "SELECT nextval('parakeet.trade_numbers') AS number,"
            " (clock_timestamp() AT TIME ZONE 'Australia/Sydney')::date AS day"
        )
    )
    day: date = row["day"]
    return f"TRD-{day:%Y%m%d}-{row['number']:04}"


def _inserted(cursor: Cursor[DictRow], trade: Row, version: int, id: int | None) -> Row | None:
    names = ["version", *_FIELDS] + ([] if id is None else ["id"])
    values = {**trade, "version": version, "id": id}
    return cursor.execute(
        sql.SQL(
            "INSERT INTO parakeet.trade_versions ({names}) VALUES ({values})"
            " ON CONFLICT (trade_id) WHERE version = 1 DO NOTHING RETURNING *, known_from AS updated_at"
        ).format(
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            values=sql.SQL(", ").join(map(sql.Placeholder, names)),
        ),
        {name: values[name] for name in names},
    ).fetchone()


def _one(cursor: Cursor[DictRow]) -> DictRow:
    row = cursor.fetchone()
    assert row is not None, "an aggregate always has one row"
    return row
