"""Trades in PostgreSQL against a model: what was known when, and lists page by page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from functions.database.connection import Cursor, Database
from functions.trades import store
from tests.functions.postgresql import PostgreSql

pytestmark = pytest.mark.integration

TRADES = Path(__file__).parents[3] / "benchmarks" / "trades.sql"
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
# One database serves all examples: each begins by deleting what the last one left.
SHARED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def first_version(cursor: Cursor, **changed: Any) -> dict[str, Any]:
    now = store.clock(cursor)
    given = {
        "trade_id": None,
        "ticker": "SPY",
        "asset_name": None,
        "asset_class": None,
        "direction": "BUY",
        "quantity": Decimal(1),
        "entry_price": Decimal(100),
        "exit_price": None,
        "commission": Decimal(3),
        "currency": "AUD",
        "entry_date": EPOCH,
        "exit_date": None,
        "strategy_name": "dual_momentum",
        "signal_score": None,
        "notes": None,
        "status": "OPEN",
        "pnl": None,
        "pnl_percent": None,
        "created_at": now,
        "change": "OPENED",
        "event_date": EPOCH,
        "changed_by": "trader@example.com",
        "known_from": now,
    }
    return {**given, **changed}


def insert(cursor: Cursor, **changed: Any) -> store.Row:
    row = store.insert(cursor, first_version(cursor, **changed))
    assert row is not None
    return row


@pytest.fixture
def empty(server: PostgreSql, dbname: str) -> Callable[[], None]:
    """Deletes all, as only the schema's owner may."""
    return lambda: server.execute(
        "TRUNCATE parakeet.trade_versions", "TRUNCATE parakeet.idempotency_keys", dbname=dbname
    )


@dataclass
class Model:
    """What is known of each trade, and everything that was known at each moment that was looked at."""

    known: dict[int, Decimal] = field(default_factory=dict)
    then: list[tuple[datetime, dict[int, Decimal]]] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)

    def learn(self, row: store.Row) -> None:
        self.versions[row["id"]] = row["version"]
        if row["change"] == "DELETED":
            del self.known[row["id"]]
        else:
            self.known[row["id"]] = row["quantity"]
        self.then.append((row["known_from"], dict(self.known)))


steps = st.lists(
    st.tuples(
        st.sampled_from(["open", "correct", "correct", "delete"]), st.integers(0, 9), st.integers(1, 10**6)
    ),
    min_size=1,
    max_size=15,
)


@SHARED
@given(steps)
def test_history_and_as_of_are_what_a_model_remembers(
    database: Database, empty: Callable[[], None], steps: list[tuple[str, int, int]]
) -> None:
    empty()
    model = Model()
    for step, which, quantity in steps:
        ids = sorted(model.known)
        with database.write() as cursor:
            if step == "open" or not ids:
                model.learn(insert(cursor, quantity=Decimal(quantity)))
                continue
            latest = store.locked(cursor, ids[which % len(ids)])
            assert latest is not None
            change = {"change": "DELETED"} if step == "delete" else {"change": "CORRECTED"}
            model.learn(store.replace(cursor, latest, {**change, "quantity": Decimal(quantity)}))
    with database.read() as cursor:
        for moment, known in [*model.then, (datetime.now(UTC), model.known)]:
            assert listed(cursor, moment) == known
            assert listed(cursor, moment - timedelta(microseconds=1)) == before(model, moment)
            for trade in model.versions:
                row = store.find(cursor, trade, moment)
                assert (row and row["quantity"]) == known.get(trade)
        assert listed(cursor, None) == model.known
        for trade, count in model.versions.items():
            versions, total = store.history(cursor, trade, 1, 200)
            assert [row["version"] for row in versions] == list(range(1, count + 1))
            assert total == count
            # No gap and no overlap.
            ends = [row["known_until"] for row in versions]
            assert ends == [*(row["known_from"] for row in versions[1:]), None]


def listed(cursor: Cursor, as_of: datetime | None) -> dict[int, Decimal]:
    rows, total = store.find_page(
        cursor, filters={}, sort_by="quantity", sort_desc=False, page=1, page_size=200, as_of=as_of
    )
    assert len(rows) == total
    return {row["id"]: row["quantity"] for row in rows}


def before(model: Model, moment: datetime) -> dict[int, Decimal]:
    return next((known for time, known in reversed(model.then) if time < moment), {})


@SHARED
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.booleans()), max_size=25),
    st.tuples(st.sampled_from(store.SORTABLE), st.booleans()),
    st.integers(1, 7),
)
def test_paging_never_loses_or_repeats_a_row(
    database: Database,
    empty: Callable[[], None],
    trades: list[tuple[int, int, bool]],
    order: tuple[str, bool],
    page_size: int,
) -> None:
    """With many ties, and with values that are missing."""
    empty()
    sort_by, sort_desc = order
    with database.write() as cursor:
        for day, quantity, closed in trades:
            changed: dict[str, Any] = {
                "entry_date": EPOCH + timedelta(days=day),
                "quantity": Decimal(quantity),
            }
            if closed:
                exits = {"exit_price": Decimal(day + 1), "exit_date": EPOCH + timedelta(days=9)}
                result = {"pnl": Decimal(quantity), "pnl_percent": Decimal(day)}
                changed |= {"status": "CLOSED", **exits, **result}
            insert(cursor, **changed)
    seen: list[store.Row] = []
    with database.read() as cursor:
        for page in range(1, len(trades) // page_size + 3):
            rows, total = store.find_page(
                cursor,
                filters={},
                sort_by=sort_by,
                sort_desc=sort_desc,
                page=page,
                page_size=page_size,
                as_of=None,
            )
            assert total == len(trades)
            assert len(rows) == min(page_size, max(0, total - (page - 1) * page_size))
            seen += rows
    assert len({row["id"] for row in seen}) == len(seen) == len(trades)
    there = [row for row in seen if row[sort_by] is not None]
    assert seen[: len(there)] == there, "rows without the value come last"
    keys = [(row[sort_by], row["id"]) for row in there]
    assert keys == sorted(keys, reverse=sort_desc)


def test_a_clock_that_was_set_back_overlaps_nothing(database: Database) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with database.write() as cursor:
        row = insert(cursor, known_from=ahead)
        latest = store.locked(cursor, row["id"])
        assert latest is not None
        later = store.replace(cursor, latest, {"change": "CORRECTED"})
    assert later["known_from"] == ahead + timedelta(microseconds=1)


def test_what_may_not_be_sorted_by_never_reaches_the_database(database: Database) -> None:
    with database.read() as cursor, pytest.raises(ValueError, match="notes"):
        store.find_page(cursor, filters={}, sort_by="notes", sort_desc=True, page=1, page_size=1, as_of=None)


@pytest.mark.parametrize("as_of", [None, datetime(2020, 2, 15, tzinfo=UTC)])
def test_how_many_trades_there_are_or_were_is_answered_by_an_index_alone(
    server: PostgreSql, dbname: str, as_of: datetime | None
) -> None:
    made = TRADES.read_text(encoding="utf-8").replace("100000", "5000").rstrip(";\n").split(";")
    with psycopg.connect(**server.parameters(dbname), autocommit=True) as connection:
        for statement in made:
            connection.execute(statement.encode())
        plan = connection.execute(
            sql.SQL("EXPLAIN SELECT count(*) FROM parakeet.trade_versions WHERE {}").format(
                store.known(as_of)
            ),
            {"as_of": as_of},
        ).fetchall()
    assert "Index Only Scan" in str(plan), plan
